"""GitHub's words become ours."""

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
def test_each_merge_state_of_github_has_one_of_ours(mergeable_state, state):
    assert merge_state(mergeable_state) is state
