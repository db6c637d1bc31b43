"""What the bot says under a pull request: each thing in one comment, which a hidden marker finds again."""

from __future__ import annotations

from collections.abc import Iterator

from github.IssueComment import IssueComment
from github.PullRequest import PullRequest as Raw

from ml_action.forge.github.errors import Operation
from ml_action.forge.github.session import GitHubSession

LIST = Operation("list the comments", "pull-requests: read")
SAY = Operation("comment on the pull request", "pull-requests: write")
EDIT = Operation("edit the comment", "pull-requests: write")


def post_once(identity: GitHubSession, raw: Raw, marker: str, text: str) -> bool:
    """Says it, unless a comment with this marker is there already. Whether it was said now."""
    hidden = _hidden(marker)

    def said() -> bool:
        return any(hidden in (old.body or "") for old in raw.get_issue_comments())

    if identity.ask(LIST, said):
        return False
    body = f"{hidden}\n{text}"
    identity.ask(SAY, lambda: bool(raw.create_issue_comment(body)), lambda: identity.ask(LIST, said) or None)
    return True


def upsert(identity: GitHubSession, raw: Raw, marker: str, text: str, *, anew: bool) -> bool:
    """Says it in our own comment with this marker; without one, in a new one if it may be. Whether it is said."""
    hidden = _hidden(marker)
    body = f"{hidden}\n{text}"

    def ours() -> IssueComment | None:
        marked = identity.ask(LIST, lambda: list(_marked(raw, hidden)))
        return next((old for old in marked if old.user and old.user.login == identity.login()), None)

    found = ours()
    if found is not None:  # the same when done twice
        identity.ask(EDIT, lambda: found.edit(body))
    elif anew:
        identity.ask(SAY, lambda: raw.create_issue_comment(body), ours)
    return anew or found is not None


def _marked(raw: Raw, hidden: str) -> Iterator[IssueComment]:
    """The comments that begin with a marker; people may quote it further down."""
    return (old for old in raw.get_issue_comments() if (old.body or "").startswith(hidden))


def _hidden(marker: str) -> str:
    """What a comment begins with by which it is found again; nobody sees it on the page."""
    return f"<!-- ml-auto-update {marker} -->"
