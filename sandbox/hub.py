"""The world of one stand-in: its accounts, its repositories, its lock."""

from __future__ import annotations

import binascii
import threading
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox.errors import RefusalError
from sandbox.exchange import Exchange
from sandbox.identities import Identity, issue
from sandbox.records import Settings
from sandbox.repository import Repository


class Hub:
    """Accounts and repositories. One lock guards them all: requests take milliseconds."""

    def __init__(self, root: Path, observers: Sequence[Callable[[Exchange], None]] = ()) -> None:
        self.root = Path(root)
        self.url = ""
        self.observers = list(observers)
        self.lock = threading.RLock()
        self._identities: dict[str, Identity] = {}
        self._repositories: dict[str, Repository] = {}

    def identity(
        self,
        login: str,
        kind: str = "user",
        permissions: Mapping[str, str] | None = None,
        role: str = "write",
        token: str | None = None,
        scopes: tuple[str, ...] = ("repo",),
    ) -> Identity:
        """A new token of an account.

        `kind` is user (a fine-grained token), classic (with `scopes`), app (an installation token) or actions
        (GITHUB_TOKEN). Without `permissions`
        the token may write everything the stand-in knows. `role` is what the account may do in every
        repository that does not say otherwise (`Repository.add_collaborator`).
        """
        made = issue(login, kind, permissions, role, token, scopes)
        with self.lock:
            self._identities[made.token] = made
        return made

    def create_repository(
        self, full_name: str, default_branch: str = "main", private: bool = False, **settings: Any
    ) -> Repository:
        """A repository below the root. A bare repository that is already there keeps its branches."""
        repository = Repository(self.root, full_name, default_branch, private, Settings(**settings), self.lock)
        with self.lock:
            self._repositories[full_name.lower()] = repository
        return repository

    def fork(self, repository: Repository, owner: str) -> Repository:
        """A fork of a repository with its branches, owned by this account."""
        made = self.create_repository(f"{owner}/{repository.name}", repository.default_branch, repository.private)
        made.git.run("fetch", "--quiet", str(repository.path), "+refs/heads/*:refs/heads/*")
        made.parent, repository.forks[made.full_name] = repository, made
        return made

    def delete(self, repository: Repository) -> None:
        """Remove a repository; pull requests that came from it stay."""
        with self.lock:
            del self._repositories[repository.full_name.lower()]
            if repository.parent:
                del repository.parent.forks[repository.full_name]

    def git_url(self, repository: Repository, identity: Identity | None = None) -> str:
        """Where git finds the repository; with an identity the token is part of the address."""
        scheme, _, place = self.url.partition("://")
        login = f"x-access-token:{identity.token}@" if identity else ""
        return f"{scheme}://{login}{place}/{repository.full_name}.git"

    def repository(self, full_name: str) -> Repository | None:
        """A repository by its name in any case."""
        return self._repositories.get(full_name.lower())

    def repositories(self) -> list[Repository]:
        """All repositories."""
        return list(self._repositories.values())

    def authenticate(self, authorization: str | None) -> Identity | None:
        """Who sends this Authorization header; None without one."""
        if not authorization:
            return None
        scheme, _, credentials = authorization.strip().partition(" ")
        tokens = _basic(credentials) if scheme.lower() == "basic" else [credentials.strip()]
        for token in tokens:
            if token in self._identities:
                return self._identities[token]
        raise RefusalError(401, "Bad credentials")


def _basic(credentials: str) -> list[str]:
    """The token is the password by convention, and the user name where the password stays empty."""
    try:
        name, _, password = b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return []
    return [password, name]
