"""What was rolled back: which rollbacks are active, and which challenger is one of those versions again."""

import pytest

from ml_action.core.records.choices import Verdict
from ml_action.promotion import rolled_back
from tests.support.factories import make_attempt, make_history, make_recipe, make_trial, make_version


def back(champion, version, state="merged"):
    reason = f"back from {champion} to {version}: wrong"
    return make_attempt(champion=champion, version=version, verdict=Verdict.ROLLBACK, reason=reason, state=state)


@pytest.mark.parametrize(
    ("attempts", "barred"),
    [
        ([], []),
        ([make_attempt(state="merged")], []),
        ([back("v2", "v1")], ["v2"]),
        ([back("v2", "v1", "open"), back("v2", "v1", "closed"), back("v2", "v1", "superseded")], []),
        ([back("v3", "v2"), back("v2", "v1")], ["v3", "v2"]),
        ([back("v2", "v1"), back("v1", "v2")], ["v1"]),
        ([back("v2", "v1"), make_attempt(version="v3", state="merged"), back("v3", "v1")], ["v2", "v3"]),
    ],
)
def test_rollback_is_active_until_its_version_comes_back(attempts, barred):
    assert list(rolled_back.active_rollbacks(attempts)) == barred


HISTORY = make_history(
    make_version(), make_version(version="v2", sha256="2" * 64, data_tree="7" * 40, fingerprint="9"), current="v1"
)


@pytest.mark.parametrize(
    ("trial", "tree", "reason"),
    [
        (make_trial(digest="2" * 64), "8" * 40, "it is v2 again (the same model file), which was rolled back on 2026"),
        (make_trial(digest="3" * 64), "7" * 40, "it is v2 again (the same recipe on the same data), which was"),
        (make_trial(digest="3" * 64), "8" * 40, ""),
        (make_trial(recipe=make_recipe(params={"alpha": 9}), digest="3" * 64), "7" * 40, ""),
        (make_trial(recipe=make_recipe(features=("hours",)), digest="3" * 64), "7" * 40, ""),
        (make_trial(digest="a" * 64), "8" * 40, ""),
    ],
)
def test_rolled_back_version_is_recognised_by_its_file_or_recipe(trial, tree, reason):
    found = rolled_back.repeats_rolled_back(trial, tree, HISTORY, [back("v2", "v1")])
    assert found.startswith(reason)
    assert bool(found) == bool(reason)


def test_without_a_rollback_no_version_is_barred():
    assert (
        rolled_back.repeats_rolled_back(make_trial(digest="2" * 64), "7" * 40, HISTORY, [make_attempt(state="merged")])
        == ""
    )
    assert rolled_back.repeats_rolled_back(make_trial(), "7" * 40, None, []) == ""


def test_only_versions_after_the_champion_are_noted():
    attempts = [back("v2", "v1")]
    assert rolled_back.notes(attempts, HISTORY) == ("v2 was rolled back on 2026-03-01 (back from v2 to v1: wrong)",)
    later = make_history(make_version(), make_version(version="v2"), make_version(version="v3"))
    assert rolled_back.notes(attempts, later) == ()
