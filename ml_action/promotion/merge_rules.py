"""Whether to merge a pull request now, to let the forge merge it later, or to leave it to a person. Pure.

What `gh pr merge --auto` does: https://github.com/cli/cli/blob/trunk/pkg/cmd/pr/merge/merge.go
"""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from ml_action.core.records.promotion import MergeState

MAX_POLLS = 5  # how often a run reads a state that may still change; then the next run continues


class Step(str, Enum):
    """What to do next with a pull request that we want to merge."""

    MERGE = "merge"  # now, at the commit that was verified
    ENABLE = "enable"  # a requirement is missing: the forge merges when it is met
    REBUILD = "rebuild"  # on top of the base branch as it is now
    WAIT = "wait"  # the state may change shortly: read it again
    LATER = "later"  # it has not changed: the next run reads it again
    LEAVE = "leave"  # only a person can continue


def next_step(state: MergeState, polls: int) -> Step:
    """Returns the step for a merge state that has been read `polls` times before."""
    step = _step(state)
    return Step.LATER if step is Step.WAIT and polls + 1 >= MAX_POLLS else step


def _step(state: MergeState) -> Step:
    match state:
        case MergeState.READY:
            return Step.MERGE
        case MergeState.REQUIREMENTS_MISSING:
            return Step.ENABLE
        case MergeState.OUTDATED | MergeState.CONFLICTING:
            return Step.REBUILD
        case MergeState.DRAFT:
            return Step.LEAVE
        case MergeState.OPTIONAL_CHECK_OPEN:
            # A person could merge it, and auto-merge is refused. A pending check deserves a wait, a failed one a look.
            return Step.WAIT
        case MergeState.UNKNOWN:  # GitHub starts to compute the state when it is first read
            return Step.WAIT
        case _:
            assert_never(state)


def reason(state: MergeState, forge: str) -> str:
    """Returns why a pull request in this state was not merged; `forge` is the forge's name."""
    match state:
        case MergeState.OUTDATED:
            return "it is behind the base branch, which wants it up to date"
        case MergeState.CONFLICTING:
            return "it conflicts with the base branch"
        case MergeState.DRAFT:
            return "it is a draft: a person wants it to wait"
        case MergeState.OPTIONAL_CHECK_OPEN:
            return "an optional check is pending or failed: the next run looks again, or merge it by hand"
        case MergeState.READY | MergeState.REQUIREMENTS_MISSING | MergeState.UNKNOWN:
            return f"{forge} has not decided whether it can be merged ({state})"
        case _:
            assert_never(state)


def outdated(state: MergeState, commits: int, forge: str) -> str:
    """Returns why a proposal has to be rebuilt, or "" if it need not.

    A proposal is one commit. If a merge would add more, the base branch was force-pushed: the proposal would bring back
    what it lost.
    """
    if _step(state) is Step.REBUILD:
        return reason(state, forge)
    return "the base branch was rewritten under it" if commits > 1 else ""
