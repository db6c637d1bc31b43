"""When to merge, when to let GitHub merge later, when to leave it to a person: one table, no effects.

What GitHub calls a pull request's state: https://docs.github.com/en/graphql/reference/enums#mergestatestatus
What `gh pr merge --auto` makes of it: https://github.com/cli/cli/blob/trunk/pkg/cmd/pr/merge/merge.go
"""

from __future__ import annotations

from enum import Enum

MAX_POLLS = 5  # times we look at a state that GitHub is still computing, and then leave it to the next run


class Step(str, Enum):
    """What to do next with a pull request that may be merged as far as we are concerned."""

    MERGE = "merge"  # now, at the commit we verified
    ENABLE = "enable"  # something is still required: GitHub merges when it is met
    REBUILD = "rebuild"  # it has to be made anew on top of the base branch as it is now
    WAIT = "wait"  # GitHub has not made up its mind: look again shortly
    LATER = "later"  # it still has not: the next run looks again
    LEAVE = "leave"  # only a person can go on from here


# unstable: all requirements are met, but a check that is not required is pending or failed. GitHub would
# merge it by hand and refuses auto-merge; a failing check deserves a look, a pending one some patience.
_STEPS = {
    "clean": Step.MERGE,
    "has_hooks": Step.MERGE,
    "blocked": Step.ENABLE,
    "behind": Step.REBUILD,
    "unstable": Step.WAIT,
    "dirty": Step.REBUILD,
    "draft": Step.LEAVE,
}

_REASONS = {
    "behind": "it is behind the base branch, which wants it up to date",
    "dirty": "it conflicts with the base branch",
    "draft": "it is a draft: somebody wants it to wait",
    "unstable": "an optional check is pending or failed: the next run looks again, or merge it by hand",
}


def next_step(mergeable_state: str, looks: int) -> Step:
    """The step for a state (lower case, as REST tells it) that was looked at `looks` times before.

    A state that is unknown, absent or new to us is waited for: GitHub computes it after the first question.
    """
    step = _STEPS.get(mergeable_state, Step.WAIT)
    return Step.LATER if step is Step.WAIT and looks + 1 >= MAX_POLLS else step


def reason(mergeable_state: str) -> str:
    """Why a pull request in this state was not merged, for the report."""
    return _REASONS.get(
        mergeable_state, f"GitHub has not decided whether it can be merged ({mergeable_state or 'unknown'})"
    )


def outdated(mergeable_state: str, commits: int) -> str:
    """Why a proposal, which is one commit, has to be built anew; empty: it need not.

    More commits than its own show when the base branch was force-pushed: what it lost came with the proposal.
    """
    if next_step(mergeable_state, 0) is Step.REBUILD:
        return reason(mergeable_state)
    return "the base branch was rewritten under it" if commits > 1 else ""
