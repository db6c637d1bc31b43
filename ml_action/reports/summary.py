"""The job summary: how a run ended, what it counted and found, and what happens next. Pure.

It is written at the end of every run, so that it loads nothing that the hourly check does not need.
"""

from __future__ import annotations

from collections.abc import Iterator

from ml_action.core.records.outcome import Outcome
from ml_action.reports.blocks import Block, Blocks, Bullets, Heading, Labelled, Untrusted, Verbatim, section
from ml_action.reports.sections import run


def summary(outcome: Outcome) -> Blocks:
    """Returns the job summary: the verdict first, then the numbers, then the notes."""
    return tuple(_parts(outcome))


def verdict(outcome: Outcome) -> Blocks:
    """Returns how a run ended, in a few lines for a log: the verdict, the chart, and what happens next."""
    return tuple(_verdict(outcome))


def _verdict(outcome: Outcome) -> Iterator[Block]:
    yield Heading(run.headline(outcome.verdict, outcome.reason))
    if outcome.trial and outcome.attempt:
        from ml_action.reports.chart import gain_chart  # late: the hourly check has nothing to draw

        yield Verbatim(tuple(gain_chart(outcome.trial.comparison, outcome.attempt.policy).splitlines()), drawn=True)
    for note in outcome.notes:
        yield Labelled("Note", Untrusted(note))
    yield Labelled("Next", Untrusted(outcome.next_step))
    outlook = outcome.decision.outlook if outcome.decision else ""
    if outlook not in outcome.next_step:
        yield Labelled("What would change it", Untrusted(outlook))


def _parts(outcome: Outcome) -> Iterator[Block]:
    yield Heading(run.headline(outcome.verdict, outcome.reason), level=2)
    yield Labelled("Next", Untrusted(outcome.next_step))
    facts = run.facts(outcome)
    if outcome.attempt or outcome.decision or outcome.shifts or outcome.set_aside or outcome.diagnosis:
        from ml_action.reports import pages  # late: the hourly check has nothing to show of models and their data

        yield from pages.findings(outcome, facts)
    else:
        yield facts
    notes = (*outcome.notes, *(outcome.publication.notes if outcome.publication else ()))
    yield from section("Notes", Bullets(tuple(map(Untrusted, notes))))
