"""The dashboard's text: counter, champion, attempts, open pull request, what happens next, and a box to tick. Pure.

What others wrote (reasons, names) is escaped and in one line, so that nothing of it can be the box.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ml_action.core.formatting import percent
from ml_action.core.markdown import bullets, code, escape, link, one_line, table
from ml_action.core.records.outcome import Outcome

if TYPE_CHECKING:
    from ml_action.core.records.attempt import Attempt

ATTEMPTS = 10
REASON = 160  # characters
BOX = "train now: with the new datasets that are there, however few; the gate decides as ever"
TICKED_BOX = re.compile(r"(?m)^- \[[xX]\] <!-- train-now -->")


def marker(name: str) -> str:
    """What the issue begins with."""
    return f"<!-- ml-auto-update dashboard {name} -->"


def is_ticked(body: str) -> bool:
    """Whether somebody asks for a training."""
    return bool(TICKED_BOX.search(body))


def render(name: str, outcome: Outcome, attempts: Sequence[Attempt], *, ticked: bool = False) -> str:
    """The whole body."""
    return "\n\n".join((marker(name), *_parts(outcome, attempts), _box(ticked=ticked))) + "\n"


def _box(*, ticked: bool) -> str:
    return f"- [{'x' if ticked else ' '}] <!-- train-now --> {BOX}"


def _parts(outcome: Outcome, attempts: Sequence[Attempt]) -> Iterator[str]:
    yield "The state of the loop, kept up to date by the bot; what is written here by hand is lost."
    yield table(("", ""), list(_facts(outcome, attempts)))
    if attempts:
        yield f"### The last attempts\n\n{_table(attempts)}"
    warnings = [escape(one_line(note, 400)) for note in outcome.notes[:ATTEMPTS]]
    if warnings:
        yield f"### Notes\n\n{bullets(warnings)}"


def _facts(outcome: Outcome, attempts: Sequence[Attempt]) -> Iterator[tuple[str, str]]:
    if outcome.trigger:
        yield "counter", escape(_counter(outcome))
    yield "champion", _champion(outcome)
    yield "pull request", _promotion(attempts)
    yield "next", escape(one_line(outcome.next_step, 400))


def _champion(outcome: Outcome) -> str:
    """What is in production, since this run where it merged."""
    if outcome.publication and outcome.publication.merge_progress == "merged" and outcome.attempt:
        return f"{code(outcome.attempt.version)}, merged just now"
    champion = outcome.champion
    return f"{code(champion.version)} of {champion.created[:10]}" if champion else "none yet"


def _counter(outcome: Outcome) -> str:
    """The count since the last attempt: one that was made now has used it up."""
    trigger = outcome.trigger
    if trigger is None or outcome.decision:
        return f"0 of {trigger.threshold:,} new {trigger.unit}" if trigger else ""
    return f"{trigger.count:,} of {trigger.threshold:,} new {trigger.unit}"


def _promotion(attempts: Sequence[Attempt]) -> str:
    """The one that waits, if one does."""
    last = next((one for one in reversed(attempts) if one.commit), None)
    if last is None or last.state in ("merged", "closed", "superseded"):
        return "none is open"
    if not last.pull_request:
        return f"{code(last.version)} is pushed, and has no pull request yet"
    return f"{link(f'#{last.pull_request}', last.pull_request_url)} for {code(last.version)}"


def _table(attempts: Sequence[Attempt]) -> str:
    heads = ("when", "challenger", "verdict", "gain", "why")
    return table(heads, (_row(one) for one in reversed(attempts[-ATTEMPTS:])))


def _row(one: Attempt) -> tuple[str, ...]:
    gain = "–" if one.gain is None else percent(one.gain)
    when = escape(one.time[:16].replace("T", " "))
    return when, code(one.version), f"{one.verdict}{' (merged)' if one.state == 'merged' else ''}", gain, _why(one)


def _why(one: Attempt) -> str:
    return escape(one_line(one.reason, REASON))
