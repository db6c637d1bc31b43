"""One issue of ours on GitHub, which a hidden marker finds again: opened once, edited in place."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from ml_action.core.records.promotion import Issue
from ml_action.forge.github.errors import Operation
from ml_action.forge.github.session import GitHubSession

LABEL = "ml-auto-update"  # keeps the search to one page where other bots open issues too
LIST = Operation("list the issues", "issues: read")
OPEN = Operation("open the dashboard's issue", "issues: write")
EDIT = Operation("edit the dashboard's issue", "issues: write")


class GitHubIssues:
    """The issues of one identity; see the protocol of this name."""

    def __init__(self, identity: GitHubSession) -> None:
        self._identity = identity

    def find(self, marker: str) -> Issue | None:
        """The newest issue of ours that begins with the marker; an issue of others may quote it.

        Looked for without its label too, before another is opened: a person may have taken it off.
        """
        return self._newest(marker, {"labels": LABEL}) or self._newest(marker, {})

    def _newest(self, marker: str, more: dict[str, str]) -> Issue | None:
        us = self._identity.login()
        query = urlencode({"state": "all", "per_page": 100, "creator": us, **more})
        listed = self._identity.get(f"/issues?{query}", LIST)[1]
        ours = (_record(raw) for raw in listed if _is_ours(raw, us))
        return next((issue for issue in ours if issue.body.startswith(marker)), None)

    def open(self, title: str, body: str, marker: str) -> Issue:
        """Open it, or find the one that was opened when only the answer was lost."""
        given = {"title": title, "body": body, "labels": [LABEL]}
        return self._identity.ask(
            OPEN, lambda: _record(self._send("POST", "/issues", given)), lambda: self.find(marker)
        )

    def edit(self, issue: Issue, body: str) -> None:
        """Replace its body; the same when done twice."""
        self._identity.ask(EDIT, lambda: self._send("PATCH", f"/issues/{issue.number}", {"body": body}))

    def _send(self, method: str, path: str, given: dict[str, Any]) -> dict[str, Any]:
        request = self._identity.client.requester.requestJsonAndCheck
        return dict(request(method, f"/repos/{self._identity.repository}{path}", input=given)[1])


def _is_ours(raw: dict[str, Any], login: str) -> bool:
    """Whether we opened it. Some servers do not know every parameter of a search."""
    return (raw.get("user") or {}).get("login") == login and "pull_request" not in raw


def _record(raw: dict[str, Any]) -> Issue:
    """Our noun for GitHub's issue."""
    return Issue(int(raw["number"]), str(raw["html_url"]), str(raw["state"]), (raw["body"] or "").replace("\r\n", "\n"))
