"""GitHub's error messages, their meaning and their remedy, as one table.

The texts are GitHub's own, collected from its documentation and from issue threads that quote them. They are
matched as substrings in lower case: GraphQL doubles them ("Pull request Pull request is in clean status").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ml_action.core.errors import ForgeError
from ml_action.forge.base import Forbidden, MergeAnswer, MergeReply, Refused

MAX_QUOTED = 300  # characters of a response that a message quotes
MAX_READ = 20_000  # characters of a response in which an error is looked for
PAGE = re.compile(r"<!doctype|<html|<body")  # HTML from a proxy or a portal: GitHub's API sends none
TAG = re.compile(r"<([^<>]*)>")
UNSEEN = ("style", "title", "script")  # elements whose text a page does not show


@dataclass(frozen=True)
class Operation:
    """One kind of request to GitHub."""

    action: str  # what it does, as a verb phrase
    permission: str  # what its token needs
    setting: str = "token"  # the setting that holds its token


@dataclass(frozen=True)
class KnownError:
    """An error that we can explain. `why` and `fix` are templates for {permission} and {setting}."""

    status: int  # 0 matches any
    text: str  # a part of the response in lower case; "" matches any
    why: str
    fix: str
    transient: bool = False


MENU = "Settings → Actions → General → Workflow permissions"
NOT_YET = "could not resolve to a node"  # https://github.com/peter-evans/create-pull-request/issues/4321
TOO_MANY = "too many requests were made with this {setting}"
LATER = "nothing was lost: the next run continues from here"

KNOWN_ERRORS = (
    KnownError(
        401,
        "",
        "the {setting} is wrong, expired or revoked; an App's token lives one hour",
        "pass a valid {setting}; when the training takes long, create the App's token after it",
    ),
    KnownError(
        0,
        "not permitted to create or approve pull requests",
        "this repository does not let the workflow's own GITHUB_TOKEN do that",
        f"turn on {MENU} → “Allow GitHub Actions to create and approve pull requests”, or use an App's token",
    ),
    KnownError(
        0,
        "resource not accessible by integration",
        "the {setting} lacks the permission {permission}",
        "add `{permission}` under `permissions:` of the job, or give it to the App where it is installed",
    ),
    KnownError(
        0,
        "resource not accessible by personal access token",
        "the {setting} lacks the permission {permission}",
        "add it: Settings → Developer settings → Fine-grained tokens → Repository permissions",
    ),
    KnownError(
        0,
        "can not approve your own pull request",
        "token and approver-token belong to the same identity",
        "use a second identity: let an App open the pull request and the workflow's GITHUB_TOKEN approve it",
    ),
    KnownError(
        0,
        "saml enforcement",
        "the organization wants the {setting} to be authorized for single sign-on",
        "authorize it: Settings → Developer settings → Tokens → Configure SSO",
    ),
    KnownError(
        0,
        "ip allow list",
        "the organization lets only known addresses in, and this runner's is not one of them",
        "add the runner's address to the organization's IP allow list, or use a runner whose address is on it",
    ),
    KnownError(
        0,
        "suspended",
        "the account or App of the {setting} is suspended",
        "use another {setting}, or have the suspension ended",
    ),
    KnownError(
        451,
        "",
        "the repository is disabled over a complaint",
        "its owner has to clear that with GitHub; until then, turn the workflow off",
    ),
    KnownError(
        0,
        "repository access blocked",
        "GitHub or its administrators disabled the repository",
        "its owner has to clear that with GitHub; until then, turn the workflow off",
    ),
    KnownError(
        0,
        "has been disabled",
        "GitHub or its administrators disabled the repository",
        "its owner has to clear that with GitHub; until then, turn the workflow off",
    ),
    KnownError(
        0,
        "locked",
        "the repository is being moved to another server or owner, or the conversation is locked",
        "wait until the move is over, and use the new address then; or unlock the conversation",
    ),
    KnownError(
        0,
        "archived",
        "the repository is archived and read-only",
        "unarchive it, or turn the workflow off",
    ),
    KnownError(
        0,
        "no commits between",
        "the base branch has everything already that the proposal's branch has",
        "nothing is left to do: the model was merged by another way",
    ),
    KnownError(
        0,
        "auto merge is not allowed for this repository",
        "auto-merge is turned off in this repository",
        "turn on Settings → General → Pull Requests → “Allow auto-merge”, or merge by hand",
    ),
    KnownError(
        0,
        "protected branch rules not configured",
        "auto-merge needs a branch rule, and the base branch has none",
        "add one (Settings → Rules → Rulesets: require the review and the checks you want), or merge by hand",
    ),
    KnownError(
        0,
        "merges are not allowed on this repository",
        "this way of merging is turned off in this repository",
        "choose another `merge-method`, or allow it: Settings → General → Pull Requests",
    ),
    KnownError(
        0,
        "merge commits are not allowed on this repository",
        "this way of merging is turned off in this repository",
        "choose another `merge-method`, or allow it: Settings → General → Pull Requests",
    ),
    KnownError(
        0,
        "rule violations",
        "a ruleset of the base branch is not satisfied",
        "look at the merge box of the pull request for the rule: Settings → Rules → Rulesets",
    ),
    KnownError(0, NOT_YET, "GitHub does not know its own new pull request yet", LATER, transient=True),
    KnownError(0, "rate limit", TOO_MANY, LATER, transient=True),
    KnownError(429, "", TOO_MANY, LATER, transient=True),
    # GraphQL's equivalents of status 502
    KnownError(0, "something went wrong while executing your query", "GitHub has trouble", LATER, transient=True),
    KnownError(0, "couldn't respond to your request in time", "GitHub has trouble", LATER, transient=True),
    KnownError(
        405,
        "",
        "its state or a rule of the base branch does not allow it",
        "look at the merge box of the pull request: it names what is missing",
    ),
    KnownError(409, "", "the branch moved at the same moment", LATER, transient=True),
    KnownError(
        410,
        "issues",
        "issues are turned off in this repository",
        "turn on Settings → General → Features → Issues, or leave `dashboard` out",
    ),
    KnownError(
        404,
        "",
        "the repository is not there, or the {setting} cannot see it; an old server may also lack this function",
        "check the repository's name, that the {setting} has {permission} on it, and the server's version",
    ),
    KnownError(403, "", "the {setting} may not do this", "give it the permission {permission}"),
)

UNKNOWN = KnownError(
    0, "", "GitHub gives no more than this", "if it should have worked, please open an issue with this text"
)
RATE_LIMIT = KnownError(0, "", TOO_MANY, LATER, transient=True)
SERVER_ERROR = KnownError(0, "", "GitHub, or a proxy in between, has trouble", LATER, transient=True)
NETWORK = KnownError(
    0,
    "",
    "the network is down, the address is wrong, or a proxy is in the way",
    "check the server's address and the proxy; " + LATER,
    transient=True,
)

CERTIFICATE = KnownError(
    0,
    "",
    "the server's certificate is not trusted: its authority is private, it has expired, or a proxy answers",
    "put the authority's certificate (PEM) into the repository, and name it with `ca-bundle`, or set SSL_CERT_FILE",
    transient=True,  # not refused by GitHub
)

REPLIES = (
    ("clean status", MergeReply.MERGEABLE_NOW),
    ("has_hooks status", MergeReply.MERGEABLE_NOW),
    ("unstable status", MergeReply.TRY_AGAIN),
    ("base branch was modified", MergeReply.TRY_AGAIN),
    ("in the merge queue", MergeReply.QUEUED),
    ("already in the queue", MergeReply.QUEUED),
    ("through the merge queue", MergeReply.QUEUE_REQUIRED),
    ("head branch was modified", MergeReply.HEAD_MOVED),
)


def explain(operation: Operation, status: int, text: str) -> ForgeError:
    """Returns the error that the user reads for GitHub's response to this operation."""
    known = _find(status, text)
    what = f"GitHub did not {operation.action} ({status}): {_quoted(text) or 'no text'}"
    return _error(known, operation, what, forbidden=status == 403)


def limited(operation: Operation, status: int, text: str) -> ForgeError:
    """Returns the error that the user reads for a rate limit."""
    return _error(RATE_LIMIT, operation, f"GitHub did not {operation.action} ({status}): {_quoted(text) or 'no text'}")


def unreachable(operation: Operation, text: str) -> ForgeError:
    """Returns the error that the user reads if there was no response, or one that cannot be parsed."""
    return _error(NETWORK, operation, f"could not {operation.action}: {_quoted(text)}")


def untrusted(operation: Operation, text: str) -> ForgeError:
    """Returns the error that the user reads if the server's certificate is not trusted."""
    return _error(CERTIFICATE, operation, f"could not {operation.action}: {_quoted(text)}")


def merge_reply(refusal: ForgeError) -> MergeAnswer:
    """Returns our reply for a refused request to merge."""
    what = refusal.what.casefold()
    reply = next((reply for part, reply in REPLIES if part in what), MergeReply.REFUSED)
    return MergeAnswer(reply, f"{refusal.what}; {refusal.why}; {refusal.fix}")


def _find(status: int, text: str) -> KnownError:
    lower = text.casefold()
    if status >= 500 or PAGE.search(lower):
        return SERVER_ERROR
    return next((known for known in KNOWN_ERRORS if known.status in (0, status) and known.text in lower), UNKNOWN)


def _quoted(text: str) -> str:
    """Returns the beginning of a response on one line, without HTML tags."""
    return " ".join(word for part in _shown(text) for word in part.split())[:MAX_QUOTED]


def _shown(text: str) -> Iterator[str]:
    """Yields the parts of a page that a browser shows; text without tags is one part."""
    closing, end = "", 0  # the tag that ends an element which is not shown
    for tag in TAG.finditer(text):
        name = "".join(tag[1].split(maxsplit=1)[:1]).casefold()
        if not closing:
            yield text[end : tag.start()]
            closing = f"/{name}" if name in UNSEEN else ""
        elif name == closing:
            closing = ""
        end = tag.end()
    if not closing:
        yield text[end:]


def _error(known: KnownError, operation: Operation, what: str, *, forbidden: bool = False) -> ForgeError:
    values = {"permission": operation.permission, "setting": operation.setting}
    kind = ForgeError if known.transient else Forbidden if forbidden else Refused
    return kind(what, why=known.why.format_map(values), fix=known.fix.format_map(values))
