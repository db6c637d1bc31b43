"""Pull requests, and how far a promotion came."""

from __future__ import annotations

from dataclasses import dataclass

from ml_action.core.records.choices import Autonomy


@dataclass(frozen=True)
class PullRequest:
    """A pull request as the forge tells it."""

    number: int
    url: str
    state: str  # open | closed | merged
    head_branch: str
    head_sha: str
    head_repository: str  # owner/name; empty when the fork is gone
    base_branch: str
    author: str
    title: str
    body: str
    draft: bool
    labels: tuple[str, ...]
    mergeable_state: str = ""  # clean blocked behind dirty draft has_hooks unknown unstable
    commits: int = 1  # that it would merge: a proposal is one, more are the base branch's that it lost


@dataclass(frozen=True)
class Proposal:
    """A promotion as data: all that publication needs, and nothing that it has to decide."""

    name: str
    base: str  # branch
    branch: str
    commit: str
    title: str
    body: str
    label: str
    fingerprint: str
    model_dir: str
    merge_method: str  # merge | squash | rebase
    autonomy: Autonomy
    draft: bool = False
    drafted: frozenset[str] = frozenset()  # fingerprints of the attempts that were proposed as a draft
    moved: bool = False  # whether the base branch has moved since it was built
    alone: bool = False  # not in the pull request of another promotion: that one is closed first


@dataclass(frozen=True)
class Issue:
    """An issue of the repository."""

    number: int
    url: str
    state: str  # open | closed
    body: str


@dataclass(frozen=True)
class Publication:
    """How far a promotion came, and why it stopped there."""

    pull_request: PullRequest | None = None
    approved: bool = False
    merge_state: str = ""  # "" | waiting | enabled | queued | merged | blocked
    notes: tuple[str, ...] = ()
    opened: bool = False  # by this run
    blocked: str = ""  # why the bot stopped; empty: it did not
    mend: str = ""  # what lets the bot open the pull request, which it may not; empty: it may
    by_hand: str = ""  # where a person opens it instead
    stale: str = ""  # why the proposal has to be built anew on top of the base branch; empty: it need not
