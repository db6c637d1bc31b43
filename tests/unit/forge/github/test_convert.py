"""GitHub's terms are translated to ours."""

import pytest

from ml_action.core.records.promotion import MergeState
from ml_action.forge.github.convert import merge_state


@pytest.mark.parametrize(
    ("mergeable_state", "state"),
    [
        ("clean", MergeState.READY),
        ("has_hooks", MergeState.READY),
        ("blocked", MergeState.REQUIREMENTS_MISSING),
        ("behind", MergeState.OUTDATED),
        ("unstable", MergeState.OPTIONAL_CHECK_OPEN),
        ("dirty", MergeState.CONFLICTING),
        ("draft", MergeState.DRAFT),
        ("unknown", MergeState.UNKNOWN),
        ("", MergeState.UNKNOWN),
        (None, MergeState.UNKNOWN),
        ("a state of next year", MergeState.UNKNOWN),
    ],
)
def test_merge_states_are_translated(mergeable_state, state):
    assert merge_state(mergeable_state) is state
