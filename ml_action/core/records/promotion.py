"""Pull requests, and how far a promotion came."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ml_action.core.records.choices import Autonomy


class MergeState(str, Enum):
    """Whether a pull request can be merged now, and if not, why."""

    READY = "ready"  # every requirement is met
    REQUIREMENTS_MISSING = "requirements missing"  # a review or a required check
    OUTDATED = "outdated"  # it lacks commits of a base branch that requires it to be up to date
    CONFLICTING = "conflicting"  # with the base branch
    DRAFT = "draft"
    OPTIONAL_CHECK_OPEN = "optional check open"  # requirements are met; an optional check is pending or has failed
    UNKNOWN = "unknown"  # the forge is still computing it, or its answer is new to us

    def __str__(self) -> str:
        return self.value


class MergeProgress(str, Enum):
    """How far the merge of a promotion came. The values are the output `merge-state`."""

    NONE = ""  # no merge was attempted
    WAITING = "waiting"  # the next run tries again
    ENABLED = "enabled"  # auto-merge is on
    QUEUED = "queued"  # it is in the merge queue
    MERGED = "merged"
    BLOCKED = "blocked"  # only a person can continue

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class PullRequest:
    """A pull request as the forge reported it last."""

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
    merge_state: MergeState = MergeState.UNKNOWN
    commits: int = 1  # commits that a merge would add: one of the proposal, more if the base branch lost some


@dataclass(frozen=True)
class Proposal:
    """A promotion as data: everything that publication needs, already decided."""

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
    number: int = 0  # of its pull request, if the journal knows it
    alone: bool = False  # needs a pull request of its own: another promotion's open one is closed first


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
    merge_progress: MergeProgress = MergeProgress.NONE
    notes: tuple[str, ...] = ()
    opened: bool = False  # by this run
    blocked: str = ""  # why the bot stopped; empty if it did not
    fix: str = ""  # what allows the bot to open the pull request; empty if it may
    compare_url: str = ""  # where a person can open it instead
    stale: str = ""  # why the proposal has to be rebuilt on top of the base branch; empty if it need not
