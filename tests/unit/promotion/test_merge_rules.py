"""When to merge, when to let GitHub merge later, when to leave it: the whole table."""

import pytest

from ml_action.promotion.merge_rules import MAX_POLLS, Step, next_step, outdated, reason

LAST = MAX_POLLS - 1


@pytest.mark.parametrize(
    ("state", "looks", "step"),
    [
        ("clean", 0, Step.MERGE),
        ("has_hooks", 0, Step.MERGE),
        ("clean", LAST, Step.MERGE),
        ("blocked", 0, Step.ENABLE),
        ("behind", 0, Step.REBUILD),
        ("blocked", LAST, Step.ENABLE),
        ("unstable", 0, Step.WAIT),
        ("unstable", LAST, Step.LATER),
        ("unknown", 0, Step.WAIT),
        ("unknown", LAST, Step.LATER),
        ("", 0, Step.WAIT),
        ("a state of next year", 0, Step.WAIT),
        ("a state of next year", LAST, Step.LATER),
        ("dirty", 0, Step.REBUILD),
        ("draft", 0, Step.LEAVE),
    ],
)
def test_the_step_for_each_state(state, looks, step):
    assert next_step(state, looks) is step


@pytest.mark.parametrize("state", ["dirty", "draft", "unstable", "unknown", "", "new"])
def test_every_state_that_is_not_merged_has_a_reason(state):
    assert reason(state)


@pytest.mark.parametrize(
    ("state", "commits", "why"),
    [
        ("behind", 1, "behind the base branch"),
        ("dirty", 1, "conflicts"),
        ("blocked", 2, "rewritten"),
        ("clean", 1, ""),
        ("blocked", 1, ""),
        ("unknown", 1, ""),
    ],
)
def test_what_the_base_branch_left_behind_is_built_anew(state, commits, why):
    assert why in outdated(state, commits)
    assert bool(outdated(state, commits)) == bool(why)
