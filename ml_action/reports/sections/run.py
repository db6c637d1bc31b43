"""A run: how it ended, and what it counted. Pure; the hourly check loads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import Trigger
from ml_action.core.records.outcome import Outcome
from ml_action.reports.blocks import Code, Fact, Facts, Inline, Link, Text, Untrusted, text

if TYPE_CHECKING:
    from ml_action.core.records.model import Version
    from ml_action.core.records.promotion import Publication

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
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


def headline(verdict: Verdict, reason: str) -> Text:
    """Returns icon, verdict and reason in one line; a reason that begins with the verdict says it once."""
    again = reason.startswith(f"{verdict} ")
    return text("{} {}{}", ICONS[verdict], "" if again else f"{verdict}: ", Untrusted(reason))


def facts(outcome: Outcome) -> Facts:
    """Returns what the run counted and made, as far as it came."""
    return Facts(tuple(_facts(outcome)))


def _facts(outcome: Outcome) -> Iterator[Fact]:
    if outcome.trigger:
        yield Fact(text("new {}", Untrusted(outcome.trigger.unit)), _counted(outcome, outcome.trigger))
    if outcome.inventory:
        found = outcome.inventory
        yield Fact(
            "not counted", f"{found.copies} renamed or copied, {found.rejected} set aside, {found.removed} removed"
        )
        yield Fact("data tree", Code(found.tree))
        yield Fact("counted since", Code(found.since))
    if outcome.champion:
        yield Fact("champion", champion(outcome.champion))
    if outcome.attempt:
        yield Fact("attempt", Code(outcome.attempt.id))
    if outcome.publication:
        yield from _pull_request(outcome.publication)


def champion(version: Version) -> Text:
    """Returns a version and the day on which it was made."""
    return text("{} of {}", Code(version.version), day(version.created))


def day(time: str) -> Inline:
    """Returns the day of a time; it is text from outside unless it has the form of a day."""
    return time[:10] if DAY.fullmatch(time[:10]) else Untrusted(time[:10])


def _pull_request(publication: Publication) -> Iterator[Fact]:
    pull = publication.pull_request
    if pull:
        state = Untrusted(publication.merge_progress or pull.state)
        yield Fact("pull request", text("{}, {}", Link(f"#{pull.number}", pull.url), state))
    elif publication.compare_url:
        yield Fact("pull request", Link("open it by hand", publication.compare_url))


def _counted(outcome: Outcome, trigger: Trigger) -> str:
    """Returns the count, and how many of these datasets were sound if that is known and less."""
    sound = outcome.attempt.new if outcome.decision and outcome.attempt else trigger.count
    good = f", {sound:,} of them sound" if sound != trigger.count else ""
    return f"{trigger.count:,} of {trigger.threshold:,}{good}"
