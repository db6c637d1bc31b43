"""`mode: data`: the datasets that a pull request adds, judged before they are merged, with one comment on it.

The comment is optional: if the token may not write (a fork's may not), or the server does not answer, the outcome has a
note. The summary, the annotations and the exit code have the verdict in any case.
"""

from __future__ import annotations

from ml_action.commands.base import Invocation
from ml_action.commands.data import candidates, inspection, report
from ml_action.commands.data.findings import FindingStatus, Inspection
from ml_action.config.settings import Settings
from ml_action.core.errors import DataError, ForgeError, SettingsError
from ml_action.core.log import escaped
from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import RejectedDataset
from ml_action.core.records.outcome import Inspected, Outcome
from ml_action.runtime import wiring
from ml_action.runtime.dependencies import Dependencies
from ml_action.runtime.event import PullEvent

SHOWN = 5  # copies named in a note


def run(call: Invocation) -> Outcome:
    """Judges the datasets of a pull request, and comments on it."""
    if call.context.event == "pull_request_target":
        raise SettingsError(
            "mode data does not run on pull_request_target",
            why="such a run holds your secrets and a token that may write, which untrusted files must not come near",
            fix="use `on: pull_request`: example-workflows/check-datasets.yml",
        )
    target = wiring.find_place(call.inputs, call.context, call.log.info)
    settings, tools = wiring.make_data_tools(target, call.temporary_folder(), call.log)
    return check(settings, tools, target.context.pull)


def check(settings: Settings, tools: Dependencies, pull: PullEvent | None) -> Outcome:
    """Judges what the pull request adds; without one, what this branch adds, or what is new since the last attempt.

    Raises:
        DataError: The datasets cannot be judged at all.
    """
    snapshot = candidates.take_snapshot(settings, tools.repository)
    datasets = candidates.of_commits(snapshot, settings)
    added = datasets.added or (() if pull else snapshot.inventory.new)
    try:
        found = inspection.inspect(datasets, added, settings, tools.log)
    except DataError as error:
        _comment(report.failure_comment(error.what, error.fix, _commit(pull), tools.run.url), settings, tools, pull)
        raise
    text = report.comment(found, _commit(pull), tools.run.url)
    notes = _comment(text, settings, tools, pull, create=bool(found.findings))
    return _outcome(found, pull, notes)


def _commit(pull: PullEvent | None) -> str:
    return pull.head if pull else ""


def _comment(
    text: str, settings: Settings, tools: Dependencies, pull: PullEvent | None, *, create: bool = True
) -> tuple[str, ...]:
    """Comments on the pull request. Returns a note if that is not possible."""
    if pull is None:
        return ()
    try:
        tools.forge().upsert_comment(pull.number, f"data {settings.name}", text, create=create)
    except ForgeError as error:
        if pull.from_fork:
            return ("no comment: the workflow's token may only read, since the pull request comes from a fork",)
        return (f"no comment: {error.what}; {error.why}; {error.fix}",)
    return ()


def _outcome(found: Inspection, pull: PullEvent | None, notes: tuple[str, ...]) -> Outcome:
    """Returns the outcome; with a bad dataset, it has the exit code of a DataError."""
    bad = tuple(RejectedDataset(item.path, item.blob, item.reason, item.line) for item in found.bad)
    verdict = Verdict.FAILED if bad else Verdict.READY if found.with_status(FindingStatus.GOOD) else Verdict.WAITING
    contract = [f"judged against {found.source}"] if found.source else []
    return Outcome(
        verdict,
        report.sentence(found),
        report.next_step(found),
        set_aside=bad,
        shifts=found.shifts,
        notes=(*contract, *_copies(found), *notes),
        inspected=Inspected(len(found.findings), pull.number if pull else None, pull.url if pull else ""),
        exit_code=DataError.exit_code if bad else 0,
    )


def _copies(found: Inspection) -> list[str]:
    copies = found.with_status(FindingStatus.COPY)
    listed = [f"not counted: {escaped(item.path)} {item.reason}" for item in copies[:SHOWN]]
    return listed + ([f"… and {len(copies) - SHOWN} more copies"] if len(copies) > SHOWN else [])
