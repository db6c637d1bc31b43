"""What git says when it refuses, and what a person should do about it: one table."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ml_action.core.errors import RepositoryError
from ml_action.git.command import GitFailed


@dataclass(frozen=True)
class KnownGitError:
    """A text of git or its server, its meaning and its cure."""

    says: tuple[str, ...]  # any of these, in lower case
    what: str
    why: str
    fix: str
    passes: bool = False  # by itself, after a while
    wait: float | None = None  # seconds that it takes at least, as far as we know


REFUSALS = (
    KnownGitError(
        ("not a git repository",),
        "this folder is not a git repository",
        "the workspace holds no checkout, or the path is wrong",
        "run actions/checkout before this step, or name a repository with --workspace",
    ),
    KnownGitError(
        ("must have verified signatures",),
        "the server takes only signed commits on the bot's branches",
        "a branch protection or ruleset requires signatures, and `commit-signing` is none",
        "set `commit-signing: api` (an App's token, or the workflow's own), or exclude ml-auto-update/** from the rule",
    ),
    KnownGitError(
        ("gh006", "gh013", "protected branch", "pre-receive hook declined", "rule violations"),
        "the server's branch rules refuse the bot's push",
        "a branch protection or ruleset covers the bot's branches ml-auto-update/*, or blocks this identity",
        "exclude ml-auto-update/** from the rule, or let the bot bypass it: Settings → Rules → Rulesets → Bypass list",
    ),
    KnownGitError(
        ("repository was archived",),
        "the repository is archived: nobody can write to it",
        "its owner archived it",
        "unarchive it, or turn the workflow off",
    ),
    KnownGitError(
        ("error: 429", "rate limit"),
        "the server gets too many requests from here",
        "GitHub bounds how often one token or address may ask",
        "nothing was lost: the next run does the same again",
        passes=True,
        wait=60,  # https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
    ),
    KnownGitError(
        ("error: 403", "permission to", "write access to repository not granted", "resource not accessible"),
        "the token may not write to this repository",
        "its permission contents: write is missing",
        "add `permissions: contents: write` to the job, or give the App or token that permission",
    ),
    KnownGitError(
        ("authentication failed", "error: 401", "could not read username", "invalid username or"),
        "the server does not accept the token",
        "it is empty, expired or of another server",
        "pass `token: ${{ github.token }}` or a fresh App token; an App's token lives one hour",
    ),
    KnownGitError(
        ("error: 404", "repository not found", "does not appear to be a git repository"),
        "the repository was not found on the server",
        "its name is wrong, or the token cannot see it",
        "check the repository's name and that the token has contents: read on it",
    ),
    KnownGitError(
        ("couldn't find remote ref",),
        "the base branch does not exist on the server",
        "the repository is empty, or the setting `base` names another branch",
        "push a first commit, or correct `base`",
    ),
    KnownGitError(
        ("; cannot create 'refs/", "directory file conflict"),
        "a branch of this repository stands in the way of the bot's branches",
        "git cannot have both a branch ml-auto-update and a branch ml-auto-update/name/state",
        "rename or delete the branch that is named here",
    ),
    KnownGitError(
        ("shallow update not allowed",),
        "the server refuses pushes from shallow clones",
        "its receive.shallowUpdate is off",
        "check out with `fetch-depth: 0`",
    ),
    KnownGitError(
        ("gh001", "exceeds github's file size limit", "large files detected"),
        "the model file is larger than GitHub takes (100 MB)",
        "the estimator stores much: a forest of deep trees, or nearest neighbours",
        'bound it with `params`, such as {"max_depth": 12}, or choose another estimator',
    ),
    KnownGitError(
        (
            "could not resolve host",
            "failed to connect",
            "connection refused",
            "timed out",
            "unable to access",
            "the remote end hung up",
            "early eof",
            "rpc failed",
            "connection reset",
            "error: 5",
        ),
        "the server could not be reached",
        "the network is down, a proxy is in the way, or the server is having trouble",
        "nothing was lost: the next run does the same again",
        passes=True,
    ),
    KnownGitError(
        ("fetch-pack", "bad object", "unable to read", "missing blob", "not a valid object"),
        "the repository lacks an object that is needed",
        "the clone is partial (filter: blob:none) and its server could not be asked, or it is damaged",
        "check out without a filter",
    ),
)


# git push --porcelain: refused by git itself, or by a server on which two pushes met
RACES = re.compile(
    r"\[rejected\] \((stale info|fetch first|non-fast-forward|already exists)\)"
    r"|\[remote rejected\] \((failed to update ref|incorrect old value|cannot lock ref|reference already exists)"
    r"|cannot lock ref '[^']*': (is at \w+ but expected|reference already exists|Unable to create)"  # with --atomic
)


def explain(failed: GitFailed) -> RepositoryError:
    """The problem that a person reads for what git said."""
    refusal = _known(failed)
    if refusal:
        why = f"{refusal.why} (git {failed.command}: {key_line(failed)})"
        return RepositoryError(refusal.what, why=why, fix=refusal.fix)
    return RepositoryError(
        f"git {failed.command} failed: {key_line(failed)}",
        why="git gives no more than this",
        fix="run the same command by hand; if it should have worked, please open an issue",
    )


def transient_error(failed: GitFailed) -> KnownGitError | None:
    """The trouble, if it is one that passes by itself."""
    refusal = _known(failed)
    return refusal if refusal and refusal.passes else None


def forbidden(failed: GitFailed) -> bool:
    """Whether the server refused because this token may not write to the repository, or nobody may."""
    said = failed.said.lower()
    return any(text in said for text in ("error: 403", "write access to repository not granted", "archived"))


def lost_the_race(failed: GitFailed) -> bool:
    """Whether a push was refused because another run moved the branch first (compare-and-swap)."""
    return bool(RACES.search(failed.said))


def unknown(failed: GitFailed) -> bool:
    """Whether the server does not have, or does not give, the object that was asked for by its id."""
    return any(text in failed.said.lower() for text in ("not our ref", "unadvertised object"))


def _known(failed: GitFailed) -> KnownGitError | None:
    said = failed.said.lower()
    return next((refusal for refusal in REFUSALS if any(text in said for text in refusal.says)), None)


def key_line(failed: GitFailed) -> str:
    """The most telling line: the first that starts as an error does, else the last."""
    lines = [line.strip() for line in failed.said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("fatal:", "error:", "remote: error:", "! ["))]
    return (errors or lines or [f"exit code {failed.code}"])[0][:300]
