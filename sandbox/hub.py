"""Everything that one sandbox serves: its accounts and repositories, and the changes that the API does not offer."""

from __future__ import annotations

import binascii
import threading
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox import protection
from sandbox.accounts import Account, create_account
from sandbox.errors import RefusalError
from sandbox.pull_requests import lifecycle, merge_queue
from sandbox.records import PullRequest, Settings, Status
from sandbox.repository import Repository
from sandbox.rules import Rule
from sandbox.traffic import Exchange


class Hub:
    """Accounts and repositories. One lock guards them all, because requests take milliseconds.

    The public methods may be called from any thread.
    """

    def __init__(self, root: Path, observers: Sequence[Callable[[Exchange], None]] = ()) -> None:
        self.root = Path(root)
        self.url = ""
        self.observers = list(observers)
        self.lock = threading.RLock()
        self._accounts: dict[str, Account] = {}  # by token
        self._repositories: dict[str, Repository] = {}  # by full name in lower case

    # --- accounts -------------------------------------------------------------------------------------

    def add_account(
        self,
        login: str,
        kind: str = "user",
        permissions: Mapping[str, str] | None = None,
        role: str = "write",
        token: str | None = None,
        scopes: tuple[str, ...] = ("repo",),
    ) -> Account:
        """Adds a token of an account; several accounts may have the same login.

        Args:
            login: the name of the account; an App and the Actions token get GitHub's suffix.
            kind: user (a fine-grained token), classic, app (an installation token) or actions (GITHUB_TOKEN).
            permissions: of the token; by default it may write everything that the sandbox serves.
            role: what the account may do in every repository without a role of its own
                (`Repository.add_collaborator`).
            token: the secret; random by default.
            scopes: of a classic token.
        """
        account = create_account(login, kind, permissions, role, token, scopes)
        with self.lock:
            self._accounts[account.token] = account
        return account

    def accounts(self) -> list[Account]:
        """Returns every account, the oldest first."""
        return list(self._accounts.values())

    def authenticate(self, authorization: str | None) -> Account | None:
        """Returns the account of an Authorization header, or `None` without a header."""
        if not authorization:
            return None
        scheme, _, credentials = authorization.strip().partition(" ")
        tokens = _basic_tokens(credentials) if scheme.lower() == "basic" else [credentials.strip()]
        for token in tokens:
            if token in self._accounts:
                return self._accounts[token]
        raise RefusalError(401, "Bad credentials")

    # --- repositories ---------------------------------------------------------------------------------

    def create_repository(
        self, full_name: str, default_branch: str = "main", *, private: bool = False, **settings: Any
    ) -> Repository:
        """Creates a repository below the root. An existing bare repository keeps its branches."""
        repository = Repository(self.root, full_name, default_branch, Settings(**settings), private=private)
        protection.install_hook(repository.path)
        with self.lock:
            self._repositories[full_name.lower()] = repository
        return repository

    def fork(self, repository: Repository, owner: str) -> Repository:
        """Creates a fork of a repository, with all its branches, that belongs to the owner."""
        fork = self.create_repository(
            f"{owner}/{repository.name}", repository.default_branch, private=repository.private
        )
        fork.git.run("fetch", "--quiet", str(repository.path), "+refs/heads/*:refs/heads/*")
        fork.parent, repository.forks[fork.full_name] = repository, fork
        return fork

    def delete(self, repository: Repository) -> None:
        """Removes a repository; the pull requests from it remain."""
        with self.lock:
            del self._repositories[repository.full_name.lower()]
            if repository.parent:
                del repository.parent.forks[repository.full_name]

    def repository(self, full_name: str) -> Repository | None:
        """Returns a repository by its name in any case."""
        return self._repositories.get(full_name.lower())

    def repositories(self) -> list[Repository]:
        """Returns all repositories."""
        return list(self._repositories.values())

    def git_url(self, repository: Repository, account: Account | None = None) -> str:
        """Returns the address of a repository for git; with an account it contains the token."""
        scheme, _, place = self.url.partition("://")
        login = f"x-access-token:{account.token}@" if account else ""
        return f"{scheme}://{login}{place}/{repository.full_name}.git"

    # --- changes --------------------------------------------------------------------------------------

    def protect(self, repository: Repository, pattern: str, **requirements: Any) -> Rule:
        """Protects the branches of a name or pattern; the requirements are the fields of `Rule`."""
        rule = Rule(pattern, **requirements | {"required_checks": tuple(requirements.get("required_checks", ()))})
        with self.lock:
            repository.rules = [known for known in repository.rules if known.pattern != pattern] + [rule]
            self.synchronise(repository)
        return rule

    def set_status(self, repository: Repository, sha: str, context: str, state: str, **details: Any) -> Status:
        """Posts a commit status, which may trigger an auto-merge; the details are fields of `Status`."""
        with self.lock:
            status = Status(repository.new_id(), sha, context, state, **details)
            repository.statuses.append(status)
            self.synchronise(repository)
        return status

    # --- pull requests --------------------------------------------------------------------------------

    def pulls(self, repository: Repository) -> list[PullRequest]:
        """Returns all pull requests, oldest first, after updating them from the branches."""
        with self.lock:
            self.synchronise(repository)
            return list(repository.pulls_by_number.values())

    def synchronise(self, repository: Repository, pusher: Account | None = None) -> None:
        """Updates the pull requests from the branches, those from a fork to its parent included."""
        with self.lock:
            lifecycle.synchronise(repository, pusher)
            if repository.parent:
                self.synchronise(repository.parent, pusher)

    def advance_queue(self, repository: Repository) -> None:
        """Merges the queued pull requests that can be merged."""
        with self.lock:
            self.synchronise(repository)
            merge_queue.advance(repository)
            self.synchronise(repository)


def _basic_tokens(credentials: str) -> list[str]:
    """Returns the candidates for the token: by convention it is the password, and without one the user name."""
    try:
        name, _, password = b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return []
    return [password, name]
