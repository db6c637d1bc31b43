"""The dashboard: counter, champion, attempts, open pull request, what happens next, and a box to tick. Pure.

Text from outside is escaped and in one line, so that none of it can be the box.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ml_action.core.formatting import percent
from ml_action.core.markdown import one_line
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.outcome import Outcome
from ml_action.reports.blocks import (
    Block,
    Blocks,
    Bullets,
    Code,
    Fact,
    Facts,
    Inline,
    Link,
    Marker,
    Paragraph,
    Table,
    Task,
    Untrusted,
    section,
    text,
)
from ml_action.reports.render import markdown
from ml_action.reports.sections.run import champion

ATTEMPTS = 10
REASON = 160  # characters
NOTE = 400
BOX = "train now: with the new datasets that are there, however few; the gate decides as usual"
TICKED_BOX = re.compile(r"(?m)^- \[[xX]\] <!-- train-now -->")


def marker(name: str) -> str:
    """Returns the first line of the issue, by which it is found."""
    return markdown.render((_marker(name),)).rstrip()


def _marker(name: str) -> Marker:
    return Marker(f"ml-auto-update dashboard {name}")


def is_ticked(body: str) -> bool:
    """Whether a user asks for a training."""
    return bool(TICKED_BOX.search(body))


def render(name: str, outcome: Outcome, attempts: Sequence[Attempt], *, ticked: bool = False) -> str:
    """Returns the body of the issue."""
    return markdown.render((_marker(name), *_dashboard(outcome, attempts), Task(BOX, Marker("train-now"), ticked)))


def _dashboard(outcome: Outcome, attempts: Sequence[Attempt]) -> Iterator[Block]:
    yield Paragraph("The state of the loop, kept up to date by the bot; what is written here by hand is lost.")
    yield Facts(tuple(_facts(outcome, attempts)))
    yield from _attempts(attempts)
    yield from section("Notes", Bullets(tuple(_short(note, NOTE) for note in outcome.notes[:ATTEMPTS])))


def _short(content: str, limit: int) -> Untrusted:
    return Untrusted(one_line(content, limit))


def _facts(outcome: Outcome, attempts: Sequence[Attempt]) -> Iterator[Fact]:
    if outcome.trigger:
        yield Fact("counter", Untrusted(_counter(outcome)))
    yield Fact("champion", _champion(outcome))
    yield Fact("pull request", _promotion(attempts))
    yield Fact("next", _short(outcome.next_step, NOTE))


def _champion(outcome: Outcome) -> Inline:
    """Returns what is in production, since this run if it has merged."""
    if outcome.publication and outcome.publication.merge_progress == "merged" and outcome.attempt:
        return text("{}, merged just now", Code(outcome.attempt.version))
    return champion(outcome.champion) if outcome.champion else "none yet"


def _counter(outcome: Outcome) -> str:
    """Returns the count since the last attempt; an attempt of this run has used it up."""
    trigger = outcome.trigger
    if trigger is None or outcome.decision:
        return f"0 of {trigger.threshold:,} new {trigger.unit}" if trigger else ""
    return f"{trigger.count:,} of {trigger.threshold:,} new {trigger.unit}"


def _promotion(attempts: Sequence[Attempt]) -> Inline:
    """Returns the promotion that waits, if one does."""
    last = next((one for one in reversed(attempts) if one.commit), None)
    if last is None or last.state in ("merged", "closed", "superseded"):
        return "none is open"
    if not last.pull_request:
        return text("{} is pushed, and has no pull request yet", Code(last.version))
    return text("{} for {}", Link(f"#{last.pull_request}", last.pull_request_url), Code(last.version))


def _attempts(attempts: Sequence[Attempt]) -> Blocks:
    rows = tuple(_row(one) for one in reversed(attempts[-ATTEMPTS:]))
    return section("The last attempts", Table(("when", "challenger", "verdict", "gain", "why"), rows))


def _row(one: Attempt) -> tuple[Inline, ...]:
    return (
        Untrusted(one.time[:16].replace("T", " ")),
        Code(one.version),
        f"{one.verdict}{' (merged)' if one.state == 'merged' else ''}",
        "–" if one.gain is None else percent(one.gain),
        _short(one.reason, REASON),
    )
