"""The one issue that we maintain on GitHub: it is identified by a hidden marker and edited in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from ml_action.core.records.promotion import Issue
from ml_action.forge.base import Refused
from ml_action.forge.github.errors import Operation
from ml_action.forge.github.session import GitHubSession

LABEL = "ml-auto-update"  # limits the search to one page where other bots open issues too
LIST = Operation("list the issues", "issues: read")
OPEN = Operation("open the dashboard's issue", "issues: write")
EDITOR = """
query ($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { issue(number: $number) { editor { __typename login } } }
}"""
EDIT = Operation("edit the dashboard's issue", "issues: write")


class GitHubIssues:
    """The issues of one identity; implements `IssueStore`."""

    def __init__(self, session: GitHubSession, may_write: Callable[[str], bool | None]) -> None:
        self._session = session
        self.may_write = may_write

    def find(self, marker: str) -> Issue | None:
        """Returns our newest issue that begins with the marker. Issues of other authors may quote it.

        It is also searched for without its label, which a person may have removed, before another one is opened.
        """
        return self._newest(marker, {"labels": LABEL}) or self._newest(marker, {})

    def open(self, title: str, body: str, marker: str) -> Issue:
        """Opens the issue, or finds it if it was opened and only the response was lost."""
        issue = {"title": title, "body": body, "labels": [LABEL]}
        return self._session.call(
            OPEN,
            lambda: _issue(self._session.request("POST", "/issues", issue).data),
            lambda: self.find(marker),
        )

    def edit(self, issue: Issue, body: str) -> None:
        """Replaces the issue's body. This is idempotent."""
        path = f"/issues/{issue.number}"
        self._session.call(EDIT, lambda: _issue(self._session.request("PATCH", path, {"body": body}).data))

    def editor(self, issue: Issue) -> str:
        """Returns the login of the account that edited the issue's body last, which only GraphQL shows."""
        owner, _, name = self._session.repository.partition("/")
        try:
            data = self._session.query(EDITOR, {"owner": owner, "name": name, "number": issue.number}, LIST)
        except Refused:
            return ""
        editor = ((data.get("repository") or {}).get("issue") or {}).get("editor") or {}
        suffix = "[bot]" if editor.get("__typename") == "Bot" else ""
        return f"{editor['login']}{suffix}" if editor.get("login") else ""

    def author(self) -> str:
        """Returns the login of the identity that maintains the issue."""
        return self._session.login()

    def _newest(self, marker: str, filters: dict[str, str]) -> Issue | None:
        login = self._session.login()
        query = urlencode({"state": "all", "per_page": 100, "creator": login, **filters})
        listed = self._session.get(f"/issues?{query}", LIST).data
        ours = (_issue(raw) for raw in listed if _is_ours(raw, login))
        return next((issue for issue in ours if issue.body.startswith(marker)), None)


def _is_ours(raw: dict[str, Any], login: str) -> bool:
    """Whether we opened the issue. Some servers ignore the search's parameters."""
    return (raw.get("user") or {}).get("login") == login and "pull_request" not in raw


def _issue(raw: dict[str, Any]) -> Issue:
    """Returns our record of GitHub's issue."""
    return Issue(int(raw["number"]), str(raw["html_url"]), str(raw["state"]), (raw["body"] or "").replace("\r\n", "\n"))
