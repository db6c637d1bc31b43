"""The callers: users, GitHub Apps and the Actions token, each with the permissions of its token."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

LEVELS = ("none", "read", "triage", "write", "admin")
KINDS = ("user", "classic", "app", "actions")
TOKEN_PREFIX = {"user": "github_pat_", "classic": "ghp_", "app": "ghs_", "actions": "ghs_"}
PERMISSIONS = ("actions", "checks", "contents", "issues", "pull_requests", "statuses")
DEFAULT_PERMISSIONS: Mapping[str, str] = dict.fromkeys(PERMISSIONS, "write")


def includes(level: str, needed: str) -> bool:
    """Whether a permission level or a role includes another."""
    return LEVELS.index(level) >= LEVELS.index(needed)


@dataclass(frozen=True)
class Account:
    """An account with one of its tokens. `role` is what the account may do in repositories by default."""

    login: str
    kind: str
    token: str = field(repr=False)
    permissions: Mapping[str, str] = field(default_factory=dict)
    role: str = "write"
    scopes: tuple[str, ...] | None = None  # of a classic token, which has no permissions

    @property
    def id(self) -> int:
        """The number of the account."""
        return account_id(self.login)

    @property
    def is_bot(self) -> bool:
        """Whether the account belongs to an App, such as the Actions token."""
        return self.kind in ("app", "actions")

    @property
    def email(self) -> str:
        """The address that GitHub writes into commits in the name of the account."""
        return f"{self.id}+{self.login}@users.noreply.github.com"

    @property
    def denial_message(self) -> str:
        """GitHub's message for a token without the permission."""
        return f"Resource not accessible by {'integration' if self.is_bot else 'personal access token'}"

    def has_permission(self, permission: str, level: str) -> bool:
        """Whether the token has the permission."""
        if self.scopes is not None:
            return "repo" in self.scopes
        return permission == "metadata" or includes(self.permissions.get(permission, "none"), level)


def account_id(login: str) -> int:
    """Returns a number for a login that is the same in every run."""
    return zlib.crc32(login.encode())


def create_account(
    login: str,
    kind: str,
    permissions: Mapping[str, str] | None,
    role: str,
    token: str | None = None,
    scopes: tuple[str, ...] = ("repo",),
) -> Account:
    """Returns an account with a new token. Apps get the suffix that GitHub gives to their accounts."""
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is not one of {', '.join(KINDS)}")
    if role not in LEVELS:
        raise ValueError(f"role {role!r} is not one of {', '.join(LEVELS)}")
    granted = DEFAULT_PERMISSIONS if permissions is None else permissions
    return Account(
        login="github-actions[bot]" if kind == "actions" else bot_login(login) if kind == "app" else login,
        kind=kind,
        token=token or TOKEN_PREFIX[kind] + secrets.token_hex(18),
        permissions={name.replace("-", "_"): level for name, level in granted.items()},
        role=role,
        scopes=scopes if kind == "classic" else None,
    )


def bot_login(slug: str) -> str:
    """Returns the login of an App."""
    return slug if slug.endswith("[bot]") else f"{slug}[bot]"
