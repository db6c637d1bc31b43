"""`rehearse`: the whole loop on a copy of a user's repository, against the sandbox; nothing leaves the machine."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from ml_action.commands import sandbox_session
from ml_action.commands.base import Invocation, path_option
from ml_action.commands.sandbox_session import SandboxSession, branch_of, copy_repository
from ml_action.core.log import Log
from ml_action.core.records.outcome import Outcome
from ml_action.runtime import console as terminal

add_options = path_option


def run(call: Invocation) -> Outcome:
    """Rehearses in the repository that is named, or in the workspace."""
    path = Path(getattr(call.options, "path", call.context.workspace))
    return rehearse(path.resolve(), call.inputs, call.log)


def rehearse(path: Path, inputs: Mapping[str, str], log: Log) -> Outcome:
    """Copies the repository at `path` into a sandbox, runs the loop there, and shows what it did."""
    with (
        tempfile.TemporaryDirectory(prefix="ml-auto-update-rehearsal-", ignore_cleanup_errors=True) as folder,
        sandbox_session.open_session(Path(folder), "rehearsal/copy", branch_of(path)) as session,
    ):
        copy_repository(path, session)
        session.hub.protect(session.repository, session.repository.default_branch, required_reviews=1)
        log.info(f"rehearsing on a copy of {path}; nothing leaves this machine")
        outcome = session.run_once({"autonomy": "merge", **inputs}, log)
        _show(session, log)
        return outcome


def _show(session: SandboxSession, log: Log) -> None:
    """Shows the pull request that was opened, as a reviewer would see it."""
    console = terminal.make_console()
    for pull in session.hub.pulls(session.repository):
        terminal.markdown(console, pull.body or "", f"pull request #{pull.number}: {pull.title}")
        approvers = ", ".join(review.user.login for review in pull.reviews if review.state == "APPROVED")
        merged = "yes" if pull.merged else "no"
        log.info(f"labels: {', '.join(pull.labels)}; approved by: {approvers or 'no reviewer'}; merged: {merged}")
