"""When to merge, when to let GitHub merge later, when to leave it to a person: one table, no effects.

What GitHub calls a pull request's state: https://docs.github.com/en/graphql/reference/enums#mergestatestatus
What `gh pr merge --auto` makes of it: https://github.com/cli/cli/blob/trunk/pkg/cmd/pr/merge/merge.go
"""

from __future__ import annotations

from enum import Enum

LOOKS = 5  # times we look at a state that GitHub is still computing, and then leave it to the next run


class Step(str, Enum):
    """What to do next with a pull request that may be merged as far as we are concerned."""

    MERGE = "merge"  # now, at the commit we verified
    ENABLE = "enable"  # something is still required: GitHub merges when it is met
    WAIT = "wait"  # GitHub has not made up its mind: look again shortly
    LATER = "later"  # it still has not: the next run looks again
    LEAVE = "leave"  # only a person can go on from here


# unstable: all requirements are met, but a check that is not required is pending or failed. GitHub would
# merge it by hand and refuses auto-merge; a failing check deserves a look, a pending one some patience.
_STEPS = {
    "clean": Step.MERGE,
    "has_hooks": Step.MERGE,
    "blocked": Step.ENABLE,
    "behind": Step.ENABLE,
    "unstable": Step.WAIT,
    "dirty": Step.LEAVE,
    "draft": Step.LEAVE,
}

_REASONS = {
    "dirty": "it conflicts with the base branch: resolve it by hand, or let the next batch replace it",
    "draft": "it is a draft: somebody wants it to wait",
    "unstable": "an optional check is pending or failed: the next run looks again, or merge it by hand",
}

_WAITS = {
    "blocked": "the reviews and checks that the base branch requires",
    "behind": "being up to date with the base branch: merge it by hand, or let the next batch replace it",
}


def next_step(mergeable_state: str, looks: int) -> Step:
    """The step for a state (lower case, as REST tells it) that was looked at `looks` times before.

    A state that is unknown, absent or new to us is waited for: GitHub computes it after the first question.
    """
    step = _STEPS.get(mergeable_state, Step.WAIT)
    return Step.LATER if step is Step.WAIT and looks + 1 >= LOOKS else step


def reason(mergeable_state: str) -> str:
    """Why a pull request in this state was not merged, for the report."""
    return _REASONS.get(
        mergeable_state, f"GitHub has not decided whether it can be merged ({mergeable_state or 'unknown'})"
    )


def waits_for(mergeable_state: str) -> str:
    """What auto-merge waits for in this state, for the report."""
    return _WAITS.get(mergeable_state, _WAITS["blocked"])
