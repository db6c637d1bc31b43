"""The error messages of git and its servers, their meaning and their remedy, as one table."""

from __future__ import annotations

import re

from ml_action.core.dataclass import dataclass
from ml_action.core.errors import RepositoryError
from ml_action.git.process import GitFailed


@dataclass(frozen=True)
class KnownGitError:
    """An error of git or its server that we can explain."""

    texts: tuple[str, ...]  # the message contains one of these, in lower case
    what: str
    why: str
    fix: str
    transient: bool = False
    wait: float | None = None  # seconds until a retry makes sense, if known


KNOWN_ERRORS = (
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
        "set `commit-signing: api` (an App's token, or the workflow's own), or leave ml-auto-update/**/* out of it",
    ),
    KnownGitError(
        ("gh006", "gh013", "protected branch", "pre-receive hook declined", "rule violations"),
        "the server's branch rules refuse the bot's push",
        "a branch protection or ruleset covers the bot's branches ml-auto-update/*, or blocks this identity",
        "leave ml-auto-update/**/* out of the rule, or let the bot bypass it: Settings → Rules → Rulesets → "
        "the ruleset → Bypass list",
    ),
    KnownGitError(
        ("repository was archived",),
        "the repository is archived and read-only",
        "its owner archived it",
        "unarchive it, or turn the workflow off",
    ),
    KnownGitError(
        ("error: 429", "rate limit"),
        "the server gets too many requests from here",
        "GitHub bounds how often one token or address may ask",
        "nothing was lost: the next run does the same again",
        transient=True,
        wait=60,  # https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
    ),
    KnownGitError(
        ("error: 403", "permission to", "write access to repository not granted", "resource not accessible"),
        "the token may not write to this repository",
        "its permission contents: write is missing",
        "add `permissions: contents: write` to the job, or give the App or token that permission",
    ),
    KnownGitError(
        ("error: 301", "error: 302", "error: 303", "error: 307", "error: 308"),
        "the server sends git to another address, and the token goes to no other address than the one it is for",
        "the repository was renamed or moved, or a proxy or a login page is in the way",
        "use the repository's present name (GITHUB_REPOSITORY, GITHUB_SERVER_URL), or let the proxy pass git through",
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
        "a branch of this repository conflicts with the names of the bot's branches",
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
        transient=True,
    ),
    KnownGitError(
        ("fetch-pack", "bad object", "unable to read", "missing blob", "not a valid object"),
        "the repository lacks an object that is needed",
        "the clone is partial (filter: blob:none) and its server could not be asked, or it is damaged",
        "check out without a filter",
    ),
)


# git push --porcelain: refused by git itself, or by a server that received two pushes at the same time
RACES = re.compile(
    r"\[rejected\] \((stale info|fetch first|non-fast-forward|already exists)\)"
    r"|\[remote rejected\] \((failed to update ref|incorrect old value|cannot lock ref|reference already exists)"
    r"|cannot lock ref '[^']*': (is at \w+ but expected|reference already exists|Unable to create)"  # with --atomic
)


def explain(failed: GitFailed) -> RepositoryError:
    """Returns the error that the user reads."""
    known = _find(failed)
    if known:
        return RepositoryError(known.what, why=f"{known.why} (git {failed.command}: {key_line(failed)})", fix=known.fix)
    return RepositoryError(
        f"git {failed.command} failed: {key_line(failed)}",
        why="git gives no more than this",
        fix="run the same command by hand; if it should have worked, please open an issue",
    )


def transient_error(failed: GitFailed) -> KnownGitError | None:
    """Returns the error if it is known to be transient."""
    known = _find(failed)
    return known if known and known.transient else None


def forbidden(failed: GitFailed) -> bool:
    """Whether the server rejected the push for lack of write permission, or because the repository is read-only."""
    output = failed.output.lower()
    return any(text in output for text in ("error: 403", "write access to repository not granted", "archived"))


def lost_the_race(failed: GitFailed) -> bool:
    """Whether a push was refused because another run moved the branch first (compare-and-swap)."""
    return bool(RACES.search(failed.output))


def unknown(failed: GitFailed) -> bool:
    """Whether the server does not have, or does not give, the object that was requested by its id."""
    return any(text in failed.output.lower() for text in ("not our ref", "unadvertised object"))


def _find(failed: GitFailed) -> KnownGitError | None:
    output = failed.output.lower()
    return next((known for known in KNOWN_ERRORS if any(text in output for text in known.texts)), None)


def key_line(failed: GitFailed) -> str:
    """Returns the most informative line: the first that starts like an error, else the first of all."""
    lines = [line.strip() for line in failed.output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("fatal:", "error:", "remote: error:", "! ["))]
    return (errors or lines or [f"exit code {failed.code}"])[0][:300]
