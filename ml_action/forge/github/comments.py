"""The bot's comments on pull requests: one for each subject, identified by a hidden marker."""

from __future__ import annotations

from github.IssueComment import IssueComment
from github.PullRequest import PullRequest as RawPullRequest

from ml_action.forge.github.errors import Operation
from ml_action.forge.github.session import GitHubSession

LIST = Operation("list the comments", "pull-requests: read")
CREATE = Operation("comment on the pull request", "pull-requests: write")
EDIT = Operation("edit the comment", "pull-requests: write")


def post_once(session: GitHubSession, raw: RawPullRequest, marker: str, text: str) -> bool:
    """Comments, unless a comment contains this marker. Returns whether it commented."""
    hidden = _hidden(marker)

    def exists() -> bool:
        return any(hidden in (comment.body or "") for comment in raw.get_issue_comments())

    if session.call(LIST, exists):
        return False
    body = f"{hidden}\n{text}"
    session.call(CREATE, lambda: bool(raw.create_issue_comment(body)), lambda: session.call(LIST, exists) or None)
    return True


def upsert(session: GitHubSession, raw: RawPullRequest, marker: str, text: str, *, create: bool) -> bool:
    """Edits our own comment with this marker, or creates it if `create` is set. Returns whether it exists now."""
    hidden = _hidden(marker)
    body = f"{hidden}\n{text}"

    def find_ours() -> IssueComment | None:
        marked = session.call(LIST, lambda: _marked(raw, hidden))
        return next((comment for comment in marked if comment.user and comment.user.login == session.login()), None)

    found = find_ours()
    if found is not None:
        session.call(EDIT, lambda: found.edit(body))  # idempotent
    elif create:
        session.call(CREATE, lambda: raw.create_issue_comment(body), find_ours)
    return create or found is not None


def _marked(raw: RawPullRequest, hidden: str) -> list[IssueComment]:
    """Returns the comments that begin with a marker. A person may quote it further down."""
    return [comment for comment in raw.get_issue_comments() if (comment.body or "").startswith(hidden)]


def _hidden(marker: str) -> str:
    """Returns the first line of a comment. It identifies the comment, and the page does not show it."""
    return f"<!-- ml-auto-update {marker} -->"
