"""When to merge, when to let the forge merge later, when to leave it: the whole table."""

import pytest

from ml_action.core.records.promotion import MergeState
from ml_action.promotion.merge_rules import MAX_POLLS, Step, next_step, outdated, reason

LAST = MAX_POLLS - 1


@pytest.mark.parametrize(
    ("state", "polls", "step"),
    [
        (MergeState.READY, 0, Step.MERGE),
        (MergeState.READY, LAST, Step.MERGE),
        (MergeState.REQUIREMENTS_MISSING, 0, Step.ENABLE),
        (MergeState.OUTDATED, 0, Step.REBUILD),
        (MergeState.REQUIREMENTS_MISSING, LAST, Step.ENABLE),
        (MergeState.OPTIONAL_CHECK_OPEN, 0, Step.WAIT),
        (MergeState.OPTIONAL_CHECK_OPEN, LAST, Step.LATER),
        (MergeState.UNKNOWN, 0, Step.WAIT),
        (MergeState.UNKNOWN, LAST, Step.LATER),
        (MergeState.CONFLICTING, 0, Step.REBUILD),
        (MergeState.DRAFT, 0, Step.LEAVE),
    ],
)
def test_step_for_each_state(state, polls, step):
    assert next_step(state, polls) is step


@pytest.mark.parametrize("state", MergeState)
def test_every_state_has_a_step_and_a_reason(state):
    assert next_step(state, 0) in Step
    assert reason(state, "GitHub")


@pytest.mark.parametrize(
    ("state", "commits", "why"),
    [
        (MergeState.OUTDATED, 1, "behind the base branch"),
        (MergeState.CONFLICTING, 1, "conflicts"),
        (MergeState.REQUIREMENTS_MISSING, 2, "rewritten"),
        (MergeState.READY, 1, ""),
        (MergeState.REQUIREMENTS_MISSING, 1, ""),
        (MergeState.UNKNOWN, 1, ""),
    ],
)
def test_proposal_is_rebuilt_when_the_base_branch_moved_on(state, commits, why):
    assert why in outdated(state, commits, "GitHub")
    assert bool(outdated(state, commits, "GitHub")) == bool(why)
