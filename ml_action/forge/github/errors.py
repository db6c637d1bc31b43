"""What GitHub says when it refuses, what it means and what a person should do about it: one table.

The texts are GitHub's own, collected from its documentation and from issue threads that quote them. They are
matched as parts, in lower case: GraphQL doubles them ("Pull request Pull request is in clean status").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ml_action.core.errors import ForgeError
from ml_action.forge.base import Forbidden, MergeAnswer, MergeReply, Refused

SHOWN = 300  # characters of a server's answer that go into a message
PAGE = re.compile(r"<!doctype|<html|<body")  # a page for people, from a proxy or a portal: GitHub's API sends none
TAG = re.compile(r"<(style|title|script)\b.*?</\1>|<[^>]*>", re.DOTALL)


@dataclass(frozen=True)
class Operation:
    """One thing we ask of GitHub: what it does, the permission it needs, the setting that holds its token."""

    does: str
    needs: str
    setting: str = "token"


@dataclass(frozen=True)
class KnownError:
    """A refusal that we know: its status (0: any), a part of its text ("": any), its meaning and its cure."""

    status: int
    says: str
    why: str
    fix: str
    passes: bool = False  # may pass by itself


MENU = "Settings → Actions → General → Workflow permissions"
NOT_YET = "could not resolve to a node"  # https://github.com/peter-evans/create-pull-request/issues/4321
TOO_MANY = "too many requests were made with this {setting}"
LATER = "nothing was lost: the next run goes on from here"

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
        "the {setting} lacks the permission {needs}",
        "add `{needs}` under `permissions:` of the job, or give it to the App where it is installed",
    ),
    KnownError(
        0,
        "resource not accessible by personal access token",
        "the {setting} lacks the permission {needs}",
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
        "archived",
        "the repository is archived: nobody can write to it",
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
    KnownError(0, NOT_YET, "GitHub does not know its own new pull request yet", LATER, passes=True),
    KnownError(0, "rate limit", TOO_MANY, LATER, passes=True),
    KnownError(429, "", TOO_MANY, LATER, passes=True),
    # GraphQL's ways of saying 502
    KnownError(0, "something went wrong while executing your query", "GitHub has trouble", LATER, passes=True),
    KnownError(0, "couldn't respond to your request in time", "GitHub has trouble", LATER, passes=True),
    KnownError(
        405,
        "",
        "its state or a rule of the base branch does not allow it",
        "look at the merge box of the pull request: it names what is missing",
    ),
    KnownError(409, "", "the branch moved at the same moment", LATER, passes=True),
    KnownError(
        410,
        "issues",
        "issues are turned off in this repository",
        "turn on Settings → General → Features → Issues, or leave `dashboard` out",
    ),
    KnownError(
        404,
        "",
        "the repository is not there, or the {setting} cannot see it",
        "check the repository's name, and that the {setting} has {needs} on it",
    ),
    KnownError(403, "", "the {setting} may not do this", "give it the permission {needs}"),
)

UNKNOWN = KnownError(
    0, "", "GitHub gives no more than this", "if it should have worked, please open an issue with this text"
)
LIMIT = KnownError(0, "", TOO_MANY, LATER, passes=True)
TROUBLE = KnownError(0, "", "GitHub, or a proxy in between, has trouble", LATER, passes=True)
NETWORK = KnownError(
    0,
    "",
    "the network is down, the address is wrong, or a proxy is in the way",
    "check the server's address and the proxy; " + LATER,
    passes=True,
)

REPLIES = (
    ("clean status", MergeReply.CLEAN),
    ("has_hooks status", MergeReply.CLEAN),
    ("unstable status", MergeReply.AGAIN),
    ("base branch was modified", MergeReply.AGAIN),
    ("in the merge queue", MergeReply.QUEUED),
    ("already in the queue", MergeReply.QUEUED),
    ("through the merge queue", MergeReply.QUEUE),
    ("head branch was modified", MergeReply.MOVED),
)


def explain(call: Operation, status: int, text: str) -> ForgeError:
    """The problem that a person reads for GitHub's answer to this call."""
    known = _known(status, text)
    shown = _shown(text) or "no text"
    return _problem(known, call, f"GitHub did not {call.does} ({status}): {shown}", forbidden=status == 403)


def limited(call: Operation, status: int, text: str) -> ForgeError:
    """The problem that a person reads when GitHub bounds how often it is asked."""
    return _problem(LIMIT, call, f"GitHub did not {call.does} ({status}): {_shown(text) or 'no text'}")


def unreachable(call: Operation, text: str) -> ForgeError:
    """The problem that a person reads when no answer came, or none that can be understood."""
    return _problem(NETWORK, call, f"could not {call.does}: {_shown(text)}")


def merge_reply(refusal: ForgeError) -> MergeAnswer:
    """The reply that a refused request to merge amounts to."""
    text = f"{refusal.what}; {refusal.why}; {refusal.fix}"
    said = refusal.what.casefold()
    return MergeAnswer(next((reply for part, reply in REPLIES if part in said), MergeReply.REFUSED), text)


def _known(status: int, text: str) -> KnownError:
    said = text.casefold()
    if status >= 500 or PAGE.search(said):
        return TROUBLE
    return next((known for known in KNOWN_ERRORS if known.status in (0, status) and known.says in said), UNKNOWN)


def _shown(text: str) -> str:
    """One line of it, without the tags of a page."""
    return " ".join(TAG.sub(" ", text).split())[:SHOWN]


def _problem(known: KnownError, call: Operation, what: str, *, forbidden: bool = False) -> ForgeError:
    why, fix = (part.format(needs=call.needs, setting=call.setting) for part in (known.why, known.fix))
    kind = ForgeError if known.passes else Forbidden if forbidden else Refused
    return kind(what, why=why, fix=fix)
