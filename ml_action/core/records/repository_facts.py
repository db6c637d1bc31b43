"""Facts about a repository and the tokens of a run, as GitHub reports them. `diagnosis` judges them.

None: GitHub does not show it to this token. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

ACTIONS_BOT = "github-actions[bot]"


class TokenKind(str, Enum):
    """The kind of a token, known from its prefix and its login.

    https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
    """

    ACTIONS = "the workflow's own GITHUB_TOKEN"
    APP = "an App's installation token"
    FINE_GRAINED = "a fine-grained personal token"
    CLASSIC = "a classic personal token"
    OTHER = "a token of another kind"

    def __str__(self) -> str:
        return self.value

    @property
    def is_bot(self) -> bool:
        """Whether it belongs to an App, which the workflow's own token does too."""
        return self in (TokenKind.ACTIONS, TokenKind.APP)


PREFIXES = (("ghs_", TokenKind.APP), ("github_pat_", TokenKind.FINE_GRAINED), ("ghp_", TokenKind.CLASSIC))


def kind_of(token: str, login: str) -> TokenKind:
    """The kind of a token: GITHUB_TOKEN is the installation token of one particular App."""
    if login == ACTIONS_BOT:
        return TokenKind.ACTIONS
    return next((kind for prefix, kind in PREFIXES if token.startswith(prefix)), TokenKind.OTHER)


@dataclass(frozen=True)
class TokenInfo:
    """A token as GitHub sees it; the token itself is not in here."""

    kind: TokenKind
    login: str = ""
    scopes: tuple[str, ...] | None = None  # of a classic token; None: it has none, but permissions
    push: bool | None = None  # whether it may write contents here


@dataclass(frozen=True)
class BranchProtection:
    """What protects a branch: classic protection and rulesets, taken together."""

    branch: str
    there: bool = True  # whether the branch exists
    sources: tuple[str, ...] = ()  # where these rules stand, in words
    refused: tuple[str, ...] = ()  # why a push by this token is refused, in words
    maybe_refused: tuple[str, ...] = ()  # the same, unless this token may bypass the rule, which GitHub does not show
    reviews: int = 0
    code_owners: bool = False
    last_push: bool = False  # the latest push has to be approved by another account
    checks: tuple[str, ...] = ()
    signatures: bool = False
    linear: bool = False
    queue: bool = False
    methods: tuple[str, ...] = ()  # the ways to merge that a ruleset allows; empty: it does not say
    guarded: bool | None = None  # whether a rule keeps pushes off it, exceptions aside; None: not known
    bypass: tuple[str, ...] | None = None  # who may bypass the rules that keep pushes off it; None: it is not shown


class DisabledWorkflow(NamedTuple):
    """A workflow that does not run, and why."""

    path: str
    state: str  # GitHub's word, such as disabled_inactivity


@dataclass(frozen=True)
class RepositoryFacts:
    """Everything that a diagnosis needs to know."""

    repository: str
    default_branch: str
    author: TokenInfo
    approver: TokenInfo | None
    base: BranchProtection
    state: BranchProtection
    proposal: BranchProtection
    archived: bool = False
    fork: bool = False
    issues: bool = True
    methods: tuple[str, ...] | None = None  # the ways to merge that the repository allows
    auto_merge: bool | None = None
    actions_may_open: bool | None = None  # “Allow GitHub Actions to create and approve pull requests”
    disabled: tuple[DisabledWorkflow, ...] = ()
    granted: bool | None = None  # whether the workflow's file gives its token pull-requests: write
    opened_before: int = 0  # a pull request that this bot has opened here; 0: none is known
    writers: tuple[str, ...] | None = None  # the logins of all people who may write to the repository
    conflicts: tuple[str, ...] = ()  # branches that take the names of the bot's branches
    large_files: bool = False  # whether .gitattributes sends the model directory to Git LFS
    unseen: tuple[str, ...] = field(default=())  # what could not be asked, in words
