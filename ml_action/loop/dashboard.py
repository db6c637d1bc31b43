"""The dashboard: one issue that shows the state of the loop, with a box that requests a training.

The box trains early and decides nothing: it is the trigger that is pulled, the gate is not moved. Only people who may
write to the repository can tick it, since only they may edit an issue of the bot's. An issue that a person closed is
left alone until a person reopens it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ml_action.core.errors import ForgeError
from ml_action.core.log import Log
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.promotion import Issue
from ml_action.forge.base import IssueStore
from ml_action.git.journal import State
from ml_action.promotion.ownership import decides
from ml_action.reports import dashboard
from ml_action.reports.dashboard import is_ticked, marker


class RunOnce(Protocol):
    """One run of the loop. `requested`: the user asked for a training."""

    def __call__(self, *, requested: bool) -> Outcome:
        """Runs it."""


@dataclass(frozen=True)
class Dashboard:
    """The issue that shows the state of one model's loop."""

    issues: IssueStore
    name: str  # of the model
    log: Log
    read_state: Callable[[], State]  # as it was when the run began

    def run(self, once: RunOnce) -> Outcome:
        """One run. The dashboard is read before it and updated after it."""
        issue = self._without_failing(lambda: self.issues.find(marker(self.name)))
        requested = issue is not None and self._is_requested(issue)
        if requested:
            self.log.info("a person ticked “train now” on the dashboard")
        outcome = once(requested=requested)
        shown = outcome.trigger is not None  # a run that lost the race knows nothing: the other run shows it
        if shown and (issue is None or issue.state == "open"):
            self._without_failing(lambda: self._update(issue, outcome))
        return outcome

    def _is_requested(self, issue: Issue) -> bool:
        """Whether the box is ticked, by a user who may write."""
        if issue.state != "open" or not is_ticked(issue.body):
            return False
        try:
            counts = decides(self.issues.editor(issue), self.issues)
        except ForgeError as problem:
            self.log.warn(f"the box of the dashboard was not read: {problem.what}; {problem.why}; {problem.fix}")
            return False
        if not counts:
            self.log.warn("“train now” on the dashboard was ticked by an account that may not write here: ignored")
        return counts

    def _without_failing(self, act: Callable[[], Issue | None]) -> Issue | None:
        """The dashboard only shows: its failures are warnings."""
        try:
            return act()
        except ForgeError as problem:
            self.log.warn(f"no dashboard: {problem.what}; {problem.why}; {problem.fix}")
            return None

    def _update(self, before: Issue | None, outcome: Outcome) -> Issue | None:
        """Opens the issue, or edits it if its text has changed."""
        attempts, mark = self._attempts(outcome), marker(self.name)
        body = dashboard.render(self.name, outcome, attempts)
        if before is None:
            return self.issues.open(f"ml-auto-update: {self.name}", body, mark)
        if body == before.body:
            return before
        now = self.issues.find(mark) or before
        if self._is_requested(now) and not is_ticked(before.body):  # ticked during this run: that is for the next run
            body = dashboard.render(self.name, outcome, attempts, ticked=True)
        if now.state == "open":
            self.issues.edit(now, body)
        return now

    def _attempts(self, outcome: Outcome) -> Sequence[Attempt]:
        """The attempts that the journal held when the run began, as they are now, and the one that it made."""
        known = {one.id: one for one in self.read_state().attempts}
        if outcome.attempt:
            known[outcome.attempt.id] = outcome.attempt
        return tuple(known.values())
