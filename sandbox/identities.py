"""Who calls: people, GitHub Apps and the Actions token, each with the permissions of its token."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

LEVELS = ("none", "read", "write", "admin")
KINDS = ("user", "classic", "app", "actions")
TOKEN_PREFIX = {"user": "github_pat_", "classic": "ghp_", "app": "ghs_", "actions": "ghs_"}
PERMISSIONS = ("actions", "checks", "contents", "issues", "pull_requests", "statuses")
DEFAULT_PERMISSIONS: Mapping[str, str] = dict.fromkeys(PERMISSIONS, "write")


def reaches(level: str, needed: str) -> bool:
    """Whether a permission level or role includes another."""
    return LEVELS.index(level) >= LEVELS.index(needed)


@dataclass(frozen=True)
class Identity:
    """An account together with one token of it. The role is what the account may do in the repositories."""

    login: str
    kind: str
    token: str = field(repr=False)
    permissions: Mapping[str, str] = field(default_factory=dict)
    role: str = "write"
    scopes: tuple[str, ...] | None = None  # of a classic token, which has no permissions

    @property
    def id(self) -> int:
        """The account's number."""
        return account_id(self.login)

    @property
    def is_bot(self) -> bool:
        """Whether the account belongs to an App (the Actions token is one)."""
        return self.kind in ("app", "actions")

    @property
    def email(self) -> str:
        """The address that GitHub writes into commits made in the account's name."""
        return f"{self.id}+{self.login}@users.noreply.github.com"

    @property
    def denial(self) -> str:
        """GitHub's text for a token without the permission."""
        return f"Resource not accessible by {'integration' if self.is_bot else 'personal access token'}"

    def holds(self, permission: str, level: str) -> bool:
        """Whether the token carries the permission."""
        if self.scopes is not None:
            return "repo" in self.scopes
        return permission == "metadata" or reaches(self.permissions.get(permission, "none"), level)


def account_id(login: str) -> int:
    """A number for a login, the same in every run."""
    return zlib.crc32(login.encode())


def issue(
    login: str,
    kind: str,
    permissions: Mapping[str, str] | None,
    role: str,
    token: str | None = None,
    scopes: tuple[str, ...] = ("repo",),
) -> Identity:
    """A new token for an account. Apps get the suffix that GitHub gives their accounts."""
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is not one of {', '.join(KINDS)}")
    if role not in LEVELS:
        raise ValueError(f"role {role!r} is not one of {', '.join(LEVELS)}")
    granted = DEFAULT_PERMISSIONS if permissions is None else permissions
    return Identity(
        login="github-actions[bot]" if kind == "actions" else bot_login(login) if kind == "app" else login,
        kind=kind,
        token=token or TOKEN_PREFIX[kind] + secrets.token_hex(18),
        permissions={name.replace("-", "_"): level for name, level in granted.items()},
        role=role,
        scopes=scopes if kind == "classic" else None,
    )


def bot_login(slug: str) -> str:
    """The account name of an App."""
    return slug if slug.endswith("[bot]") else f"{slug}[bot]"
