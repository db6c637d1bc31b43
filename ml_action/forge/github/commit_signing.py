"""Commits that GitHub signs: those that an App, or the workflow's own token, makes through its API in its own name.

https://docs.github.com/en/authentication/managing-commit-signature-verification/about-commit-signature-verification
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ml_action.core.retry import RetryBudget
from ml_action.forge.base import Refused
from ml_action.forge.github.errors import Operation
from ml_action.forge.github.session import GitHubSession, Timing

CALL = Operation("create the commit", "contents: write")


def signer(
    api_url: str, repository: str, token: str, *, patience: RetryBudget, pace: Timing | None = None
) -> Callable[[str, str, str], str]:
    """What makes a signed commit of a tree that the server has, on top of a parent (empty: none), and tells its id.

    Neither author nor committer is named: GitHub signs only what names none. The same commit may be asked for twice,
    since no branch moves.
    """
    identity = GitHubSession(api_url, repository, "token", token, pace or Timing(), patience)

    def commit(tree: str, parent: str, message: str) -> str:
        given = {"tree": tree, "parents": [parent] if parent else [], "message": message}
        path = f"/repos/{repository}/git/commits"
        made = identity.ask(CALL, lambda: identity.client.requester.requestJsonAndCheck("POST", path, input=given)[1])
        return _signed(made)

    return commit


def _signed(made: dict[str, Any]) -> str:
    """The commit's id, if GitHub has signed it.

    Raises:
        Refusal: it has not.
    """
    verification = made["verification"]
    if not verification["verified"]:
        raise Refused(
            f"GitHub did not sign the commit ({verification['reason']})",
            why="commit-signing is api, and GitHub signs only the commits of Apps and of the workflow's own token",
            fix="pass an App's token or ${{ github.token }} as `token`, or leave `commit-signing` out",
        )
    return str(made["sha"])
