"""Commits signed by GitHub: those that an App, or the workflow's own token, creates through the API in its own name.

https://docs.github.com/en/authentication/managing-commit-signature-verification/about-commit-signature-verification
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ml_action.forge.base import Refused
from ml_action.forge.github.errors import Operation
from ml_action.forge.github.session import ApiAccess, Credential, GitHubSession

CREATE = Operation("create the commit", "contents: write")


def signer(access: ApiAccess, repository: str, token: str) -> Callable[[str, str, str], str]:
    """Returns a function that creates a signed commit and returns its id.

    The function takes a tree that the server has, the parent ("" for none) and the message. It names neither author
    nor committer: GitHub signs only commits that name none. Calling it again is harmless, since it moves no branch.
    """
    session = GitHubSession(access, repository, Credential("token", token))

    def sign(tree: str, parent: str, message: str) -> str:
        commit = {"tree": tree, "parents": [parent] if parent else [], "message": message}
        return _signed_id(session.call(CREATE, lambda: session.request("POST", "/git/commits", commit).data))

    return sign


def _signed_id(commit: dict[str, Any]) -> str:
    """Returns the commit's id.

    Raises:
        Refused: GitHub did not sign the commit.
    """
    verification = commit["verification"]
    if not verification["verified"]:
        raise Refused(
            f"GitHub did not sign the commit ({verification['reason']})",
            why="commit-signing is api, and GitHub signs only the commits of Apps and of the workflow's own token",
            fix="pass an App's token or ${{ github.token }} as `token`, or leave `commit-signing` out",
        )
    return str(commit["sha"])
