"""The dashboard: one issue that shows where the loop stands, with a box that asks for a training.

The box trains early and decides nothing: it is the trigger that is pulled, the gate is not moved. Only people who may
write to the repository can tick it, since only they may edit an issue of the bot's. An issue that a person closed is
left alone until a person reopens it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ml_action.config.settings import Settings
from ml_action.core.errors import ForgeError
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.promotion import Issue
from ml_action.git import journal
from ml_action.reports import dashboard
from ml_action.reports.dashboard import is_ticked, marker
from ml_action.runtime.dependencies import Dependencies


def with_dashboard(
    run: Callable[[Settings, Dependencies], Outcome], settings: Settings, tools: Dependencies
) -> Outcome:
    """The run, with the dashboard looked at before and brought up to date afterwards."""
    if not settings.publication.dashboard or tools.board() is None:
        return run(settings, tools)
    issue = _without_failing(lambda: _find(settings, tools), tools)
    asked = issue is not None and issue.state == "open" and is_ticked(issue.body)
    if asked:
        tools.log.info("a person ticked “train now” on the dashboard")
    outcome = run(settings, replace(tools, asked=asked))
    shown = outcome.trigger is not None  # a run that stood down knows nothing: the other one shows it
    if shown and (issue is None or issue.state == "open"):
        _without_failing(lambda: _update(issue, outcome, settings, tools), tools)
    return outcome


def _find(settings: Settings, tools: Dependencies) -> Issue | None:
    board = tools.board()
    return board.find(marker(settings.name)) if board else None


def _without_failing(act: Callable[[], Issue | None], tools: Dependencies) -> Issue | None:
    """The dashboard only shows: what is the matter with it is said, and keeps nothing back."""
    try:
        return act()
    except ForgeError as problem:
        tools.log.warn(f"no dashboard: {problem.what}; {problem.why}; {problem.fix}")
        return None


def _update(before: Issue | None, outcome: Outcome, settings: Settings, tools: Dependencies) -> Issue | None:
    """Opens the issue, or edits it where its text has changed."""
    board, name = tools.board(), settings.name
    if board is None:
        return None
    attempts = _attempts(outcome, tools)
    body = dashboard.render(name, outcome, attempts)
    if before is None:
        return board.open(f"ml-auto-update: {name}", body, marker(name))
    if body == before.body:
        return before
    now = board.find(marker(name)) or before
    if is_ticked(now.body) and not is_ticked(before.body):  # ticked while we worked: that is for the next run
        body = dashboard.render(name, outcome, attempts, ticked=True)
    if now.state == "open":
        board.edit(now, body)
    return now


def _attempts(outcome: Outcome, tools: Dependencies) -> Sequence[Attempt]:
    """Those that the journal held when the run began, as they are now, and the one that it has made."""
    known = {one.id: one for one in journal.read(tools.repository.store, tools.repository.tips.state).attempts}
    if outcome.attempt:
        known[outcome.attempt.id] = outcome.attempt
    return tuple(known.values())
