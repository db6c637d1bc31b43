"""What a run says, as Markdown: job summary, pull request body, model card, commit message. Pure text from records.

Untrusted text (file names, column names, cell values, messages) only gets in through `code` or `escape`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ml_action.core.formatting import count_of
from ml_action.core.markdown import bullets, code, escape, link, section, table
from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import RejectedDataset, Trigger
from ml_action.core.records.outcome import Outcome

if TYPE_CHECKING:
    from ml_action.core.records.attempt import Attempt
    from ml_action.core.records.evaluation import Decision
    from ml_action.core.records.model import Trial, Version

LIMITS = "Scores hold for data like the datasets it was judged on."
LOADING = {
    "pickle": "The file is a joblib pickle: load it only after comparing its sha256 with `model_metadata.json`, with "
    "the libraries above.",
    "skops": "The file is for `skops.io.load`: compare its sha256 with `model_metadata.json`, and trust the types that "
    "its entry there lists, with the libraries above.",
}
MERGING = (
    "Merging puts this version into production; closing without merging is remembered, and the same data will not "
    "propose it again."
)
ICONS = {
    Verdict.WAITING: "⏳",
    Verdict.READY: "✅",
    Verdict.HOLD: "✋",
    Verdict.REJECT: "⛔",
    Verdict.PROMOTE: "🚀",
    Verdict.ROLLBACK: "⏪",
    Verdict.REVIEW: "🔎",
    Verdict.INCOMPARABLE: "❓",
    Verdict.BLOCKED: "🚧",
    Verdict.STOOD_DOWN: "↩️",
    Verdict.FAILED: "❌",
}


def headline(outcome: Outcome, show: Callable[[str], str] = str) -> str:
    """Icon, verdict and reason in one line; a reason that begins with the verdict says it once."""
    again = outcome.reason.startswith(f"{outcome.verdict} ")
    return f"{ICONS[outcome.verdict]} " + ("" if again else f"{outcome.verdict}: ") + show(outcome.reason)


# --- the pages ---------------------------------------------------------------------------------------------


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def summary(outcome: Outcome) -> str:
    """The job summary: the verdict first, then the numbers, then what happens next."""
    return _page(_summary_parts(outcome))


def _summary_parts(outcome: Outcome) -> Iterator[str]:
    yield f"## {headline(outcome, escape)}"
    yield f"**Next:** {escape(outcome.next_step)}"
    if outcome.attempt and outcome.decision:
        yield from _first(outcome, outcome.attempt, outcome.decision)
    facts = _facts(outcome)
    yield table(("", ""), facts.items()) if facts else ""
    if outcome.decision or outcome.shifts or outcome.set_aside:
        yield from _found(outcome)
    if outcome.diagnosis:
        from ml_action.reports import doctor

        yield from doctor.markdown(outcome.diagnosis)
    if outcome.verdict is Verdict.ROLLBACK and outcome.attempt:
        yield from _turned_back(outcome.attempt)
    notes = [*outcome.notes, *(outcome.publication.notes if outcome.publication else ())]
    yield section("Notes", bullets(map(escape, notes)))


def _first(outcome: Outcome, attempt: Attempt, decision: Decision) -> Iterator[str]:
    """What a person has to know first."""
    from ml_action.reports import sections

    yield "" if attempt.draft else sections.outlook(decision, outcome.next_step)
    yield sections.notice(attempt, decision)


def _turned_back(attempt: Attempt) -> Iterator[str]:
    from ml_action.reports import sections

    yield from sections.rollback_scores(attempt)


def _found(outcome: Outcome) -> Iterator[str]:
    """What was found in the data, and in the models."""
    from ml_action.reports import sections

    attempt, decision, trial = outcome.attempt, outcome.decision, outcome.trial
    screening = trial.screening if trial else attempt.screening if attempt and decision else None
    if attempt and decision:
        if trial:
            champion = outcome.champion.version if outcome.champion else ""
            yield "### Scores on the same unseen rows"
            yield from sections.comparison(trial.comparison, champion, attempt.version, attempt.policy)
        yield from sections.gate(decision, trial.comparison if trial else None)
        yield sections.watched(attempt.watched)
    if trial and attempt:
        yield sections.types(trial, attempt.version, outcome.champion.version if outcome.champion else "")
    yield from sections.screening(screening)
    yield sections.drift_table(outcome.shifts)
    yield sections.quarantine(outcome.set_aside, screening)


def from_journal(attempt: Attempt, facts: Mapping[str, str]) -> str:
    """The report of an attempt from the journal alone; `facts` are plain text."""
    return _page(_retold_parts(attempt, facts))


def _retold_parts(attempt: Attempt, facts: Mapping[str, str]) -> Iterator[str]:
    from ml_action.reports import sections

    yield f"## {ICONS[attempt.verdict]} {attempt.verdict}: {escape(attempt.reason)}"
    if attempt.decision:
        yield sections.outlook(attempt.decision)
        yield sections.notice(attempt, attempt.decision)
    yield table(("", ""), ((name, _fact(name, text)) for name, text in facts.items()))
    yield from sections.remembered(attempt)
    if attempt.decision:
        yield from sections.gate(attempt.decision, attempt.comparison)
    yield sections.watched(attempt.watched)
    yield from sections.screening(attempt.screening)
    yield section("Notes", bullets(map(escape, attempt.notes)))


def _fact(name: str, text: str) -> str:
    if name == "run":
        return link("the workflow's run", text) if text.startswith("https://") else escape(text)
    return code(text) if name in ("attempt", "data tree") else escape(text)


def _facts(outcome: Outcome) -> dict[str, str]:
    """What a run found, as far as it came."""
    facts: dict[str, str] = {}
    if outcome.trigger:
        facts[f"new {outcome.trigger.unit}"] = _counted(outcome, outcome.trigger)
    if outcome.inventory:
        found = outcome.inventory
        facts["not counted"] = f"{found.copies} renamed or copied, {found.rejected} set aside, {found.removed} removed"
        facts["data tree"] = code(found.tree)
        facts["counted since"] = code(found.since)
    if outcome.champion:
        facts["champion"] = f"{code(outcome.champion.version)} of {outcome.champion.created[:10]}"
    if outcome.attempt:
        facts["attempt"] = code(outcome.attempt.id)
    if outcome.publication and outcome.publication.compare_url:
        facts["pull request"] = link("open it by hand", outcome.publication.compare_url)
    if outcome.publication and outcome.publication.pull_request:
        pull = outcome.publication.pull_request
        facts["pull request"] = (
            f"{link(f'#{pull.number}', pull.url)}, {outcome.publication.merge_progress or pull.state}"
        )
    return facts


def _counted(outcome: Outcome, trigger: Trigger) -> str:
    """The count, and how many of it were sound where that is known and another number."""
    sound = outcome.attempt.new if outcome.decision and outcome.attempt else trigger.count
    good = f", {sound:,} of them sound" if sound != trigger.count else ""
    return f"{trigger.count:,} of {trigger.threshold:,}{good}"


def pull_request_body(
    version: Version, attempt: Attempt, trial: Trial, decision: Decision, set_aside: Sequence[RejectedDataset]
) -> str:
    """What a reviewer reads: the sentence, the numbers, the conditions, what was left out, how to check it."""
    from ml_action.reports import sections

    return _page(
        (
            _opening(version, attempt, decision),
            *sections.comparison(trial.comparison, attempt.champion, version.version, attempt.policy),
            *sections.gate(decision, trial.comparison),
            "### What is in it\n\n" + sections.contents(version, attempt, trial),
            sections.types(trial, version.version, attempt.champion),
            *sections.screening(trial.screening),
            sections.drift_table(trial.shifts),
            sections.quarantine(set_aside, trial.screening),
            section("Notes", bullets(map(escape, trial.notes))),
            MERGING,
        )
    )


def rollback_body(attempt: Attempt, version: Version, model_dir: str) -> str:
    """What a reviewer of a rollback reads: why, what was verified, the numbers, what merging means."""
    from ml_action.reports import sections

    pointer = f"`current` in {code(f'{model_dir}/model_metadata.json')}"
    moves = f"This moves {pointer} from {code(attempt.champion)} to {code(attempt.version)}."
    merging = (
        f"Merging puts {attempt.version} back into production. The same data will not propose {attempt.champion} "
        "again; new data may make a version like it."
    )
    return _page(
        (
            f"**{escape(attempt.reason[:1].upper() + attempt.reason[1:])}**",
            f"{moves} Nothing else changes: no model file, and no entry of the history.",
            "### What was verified\n\n" + sections.verified(attempt, version),
            *sections.rollback_scores(attempt),
            section("Notes", bullets(map(escape, attempt.notes))),
            merging,
        )
    )


def rollback_message(attempt: Attempt) -> str:
    """The message of a rollback's commit: no untrusted text, as with a promotion."""
    return (
        f"Roll back from model {attempt.champion} to {attempt.version}\n\nThe pull request says why.\n\n"
        f"Fingerprint: {attempt.fingerprint}\nAttempt: {attempt.id}\nModel-SHA256: {attempt.digest}\n"
    )


def _opening(version: Version, attempt: Attempt, decision: Decision) -> str:
    """The first sentence of a proposal."""
    from ml_action.reports import sections

    usual = f"**{version.version}** is {escape(decision.reason)}."
    return sections.notice(attempt, decision) or usual


def model_card(version: Version, attempt: Attempt, trial: Trial, decision: Decision) -> str:
    """The model card beside the model file."""
    from ml_action.reports import sections

    made = f"A {version.task} model made by ml-auto-update on {version.created[:10]}."
    why = sections.notice(attempt, decision) or f"It was promoted because it is {escape(decision.reason)}."
    return _page(
        (
            f"# {escape(attempt.version)}: {code(version.target)} from {count_of(len(version.features), 'columns')}",
            f"{made} {why}",
            "## Scores on unseen rows",
            *sections.comparison(trial.comparison, attempt.champion, version.version, attempt.policy),
            *sections.guarded(trial.comparison),
            *sections.screening(trial.screening),
            "## Contents\n\n" + sections.contents(version, attempt, trial),
            sections.types(trial, version.version, attempt.champion),
            f"## Limits\n\n{LIMITS} {LOADING[trial.model_format]}",
        )
    )


def commit_message(version: Version, attempt: Attempt, decision: Decision) -> str:
    """The proposal's commit message: subject and body, no untrusted text.

    GitHub obeys words of a commit on the default branch (it closes issues, it skips workflows), and what the gate says
    of a proposal that it does not make itself may hold names and values of columns.
    """
    why = "The model card says why."
    subject, body = f"Promote model {version.version}", decision.reason
    if attempt.forced:
        body = f"A person forced it. {why}"
    elif attempt.draft:
        subject, body = f"Propose model {version.version} for review", f"A person decides. {why}"
    return (
        f"{subject}\n\n{body}\n\n"
        f"Fingerprint: {version.fingerprint}\nAttempt: {version.attempt}\nModel-SHA256: {version.sha256}\n"
    )
