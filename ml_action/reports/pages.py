"""The pages about an attempt, as lists of sections: pull requests, the model card, and the explanation of any attempt.

The job summary begins in `summary`, the dashboard and the doctor's report have modules of their own. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ml_action.core.formatting import count_of
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import RejectedDataset
from ml_action.core.records.evaluation import Decision
from ml_action.core.records.model import History, Trial, Version
from ml_action.core.records.outcome import Outcome
from ml_action.reports import doctor
from ml_action.reports.blocks import (
    Block,
    Blocks,
    Bullets,
    Code,
    Facts,
    Heading,
    Inline,
    Paragraph,
    Strong,
    Untrusted,
    section,
    text,
)
from ml_action.reports.sections import attempt as attempts
from ml_action.reports.sections import data, gate, model, rollback, watch
from ml_action.reports.sections.comparison import HEADING, comparison
from ml_action.reports.sections.run import day, headline

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


# --- the job summary ----------------------------------------------------------------------------------------------


def findings(outcome: Outcome, facts: Facts) -> Iterator[Block]:
    """Yields the part of the job summary between its first lines and its notes; `facts` are what the run counted."""
    attempt, decision = outcome.attempt, outcome.decision
    if attempt and decision:
        yield from () if attempt.draft else attempts.outlook(decision, outcome.next_step)
        yield from _notice(attempt, decision)
    yield facts
    if decision or outcome.shifts or outcome.set_aside:
        yield from _evidence(outcome)
    if outcome.diagnosis:
        yield from doctor.report(outcome.diagnosis)
    if outcome.verdict is Verdict.ROLLBACK and attempt:
        yield from rollback.scores(attempt)


def _notice(attempt: Attempt, decision: Decision) -> Iterator[Block]:
    notice = attempts.notice(attempt, decision)
    if notice:
        yield Paragraph(notice)


def _evidence(outcome: Outcome) -> Iterator[Block]:
    """Yields what was found in the data and in the models."""
    attempt, decision, trial = outcome.attempt, outcome.decision, outcome.trial
    champion = outcome.champion.version if outcome.champion else ""
    screening = trial.screening if trial else attempt.screening if attempt and decision else None
    if attempt and decision:
        if trial:
            yield Heading(HEADING)
            yield from comparison(trial.comparison, champion, attempt.version, attempt.policy)
        yield from gate.gate(decision, trial.comparison if trial else None)
        yield from watch.watched(attempt.watched)
    if trial and attempt:
        yield from model.types(trial, attempt.version, champion)
    yield from data.screening(screening)
    yield from data.drift(outcome.shifts)
    yield from data.quarantine(outcome.set_aside, screening)


# --- an attempt of the journal ------------------------------------------------------------------------------------


def explanation(attempt: Attempt, history: History | None) -> Blocks:
    """Returns why an attempt ended as it did, from the journal alone."""
    return tuple(_explanation(attempt, history))


def _explanation(attempt: Attempt, history: History | None) -> Iterator[Block]:
    decision = attempt.decision
    yield Heading(headline(attempt.verdict, attempt.reason), level=2)
    if decision:
        yield from attempts.outlook(decision)
        yield from _notice(attempt, decision)
    yield attempts.facts(attempt, history)
    yield from attempts.scores(attempt)
    if decision:
        yield from gate.gate(decision, attempt.comparison)
    yield from watch.watched(attempt.watched)
    yield from data.screening(attempt.screening)
    yield from _notes(attempt.notes)


def _notes(notes: Sequence[str]) -> Blocks:
    return section("Notes", Bullets(tuple(map(Untrusted, notes))))


# --- a proposal ---------------------------------------------------------------------------------------------------


def pull_request(
    version: Version, attempt: Attempt, trial: Trial, decision: Decision, rejected: Sequence[RejectedDataset]
) -> Blocks:
    """Returns what a reviewer reads: the verdict, the numbers, the conditions, what was left out, how to check it."""
    opening = text("{} is {}.", Strong(Untrusted(version.version)), Untrusted(decision.reason))
    return (
        Paragraph(attempts.notice(attempt, decision) or opening),
        *comparison(trial.comparison, attempt.champion, version.version, attempt.policy),
        *gate.gate(decision, trial.comparison),
        *section("What is in it", model.contents(version, attempt, trial)),
        *model.types(trial, version.version, attempt.champion),
        *data.screening(trial.screening),
        *data.drift(trial.shifts),
        *data.quarantine(rejected, trial.screening),
        *_notes(trial.notes),
        Paragraph(MERGING),
    )


def rollback_request(attempt: Attempt, version: Version, model_dir: str) -> Blocks:
    """Returns what a reviewer of a rollback reads: why, what was verified, the numbers, what merging means."""
    reason = attempt.reason[:1].upper() + attempt.reason[1:]
    pointer = Code(f"{model_dir}/model_metadata.json")
    return (
        Paragraph(Strong(Untrusted(reason))),
        Paragraph(
            text(
                "This moves `current` in {} from {} to {}. Nothing else changes: no model file, and no entry of the "
                "history.", pointer, Code(attempt.champion), Code(attempt.version),
            )
        ),
        *rollback.verified(attempt, version),
        *rollback.scores(attempt),
        *_notes(attempt.notes),
        Paragraph(
            text(
                "Merging puts {} back into production. The same data will not propose {} again; new data may make a "
                "version like it.", Untrusted(attempt.version), Untrusted(attempt.champion),
            )
        ),
    )  # fmt: skip


def model_card(version: Version, attempt: Attempt, trial: Trial, decision: Decision, statement: str = "") -> Blocks:
    """Returns the model card, the file next to the model file. `statement`: the file that signs them, if any."""
    because = text("It was promoted because it is {}.", Untrusted(decision.reason))
    columns: Inline = count_of(len(version.features), "columns")
    return (
        Heading(text("{}: {} from {}", Untrusted(attempt.version), Code(version.target), columns), level=1),
        Paragraph(
            text(
                "A {} model made by ml-auto-update on {}. {}",
                Untrusted(version.task), day(version.created), attempts.notice(attempt, decision) or because,
            )
        ),
        Heading("Scores on unseen rows", level=2),
        *comparison(trial.comparison, attempt.champion, version.version, attempt.policy),
        *gate.guarded(trial.comparison),
        *data.screening(trial.screening),
        Heading("Contents", level=2),
        model.contents(version, attempt, trial, statement),
        *model.types(trial, version.version, attempt.champion),
        Heading("Limits", level=2),
        Paragraph(text("{} {}", LIMITS, LOADING[trial.model_format])),
    )  # fmt: skip
