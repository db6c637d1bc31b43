"""Accounts as JSON."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sandbox.accounts import Account, account_id

EPOCH = "2020-01-01T00:00:00Z"
COLLECTIONS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
PROFILE = ("name", "company", "email", "location", "hireable", "bio", "blog")
COUNTS = ("public_repos", "public_gists", "followers", "following")


def simple_user(url: str, login: str) -> dict[str, Any]:
    """Returns GitHub's `simple-user`."""
    bot = login.endswith("[bot]")
    here = f"{url}/users/{quote(login)}"
    page = f"{url}/apps/{login.removesuffix('[bot]')}" if bot else f"{url}/{login}"
    return {
        "login": login,
        "id": account_id(login),
        "node_id": node_id(login),
        "avatar_url": avatar_url(url, login),
        "gravatar_id": "",
        "url": here,
        "html_url": page,
        "type": "Bot" if bot else "User",
        "user_view_type": "public",
        "site_admin": False,
    } | {name: here + path for name, path in COLLECTIONS.items()}


def public_user(url: str, account: Account) -> dict[str, Any]:
    """Returns GitHub's `public-user`, the response to GET /user."""
    return (
        simple_user(url, account.login)
        | dict.fromkeys(PROFILE)
        | dict.fromkeys(COUNTS, 0)
        | {"created_at": EPOCH, "updated_at": EPOCH}
    )


def avatar_url(url: str, login: str) -> str:
    """Returns the address of an account's picture."""
    return f"{url}/avatars/u/{account_id(login)}"


def node_id(login: str) -> str:
    """Returns the GraphQL id of an account."""
    return f"{'BOT' if login.endswith('[bot]') else 'U'}_{account_id(login)}"


def integration(url: str, account: Account) -> dict[str, Any]:
    """Returns GitHub's `integration`: the App that created a check run."""
    slug = account.login.removesuffix("[bot]")
    return {
        "id": account.id,
        "node_id": f"A_{account.id}",
        "slug": slug,
        "name": slug,
        "owner": simple_user(url, slug),
        "description": None,
        "external_url": f"{url}/apps/{slug}",
        "html_url": f"{url}/apps/{slug}",
        "created_at": EPOCH,
        "updated_at": EPOCH,
        "permissions": dict(account.permissions),
        "events": [],
    }
