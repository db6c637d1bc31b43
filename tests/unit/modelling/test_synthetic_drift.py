import numpy as np
import pytest

from ml_action.modelling import synthetic_drift
from ml_action.modelling.synthetic_drift import DriftSimulator
from ml_action.modelling.training import fit
from tests.unit.modelling.world import recipe_of, students, table_of


def world_of(*, passed=False, count=60, contents=None, **settings):
    """Students, half of whom the champion learned from."""
    table = table_of(*(contents or students(1, count, passed=passed)))
    recipe = recipe_of(table, **settings)
    unseen = table.cluster >= count // 2
    return DriftSimulator(table, recipe, fit.fit(recipe, table, ~unseen), unseen, (1, 2))


METRICS = ["r2", "neg_mean_absolute_error", "neg_root_mean_squared_error", "neg_median_absolute_error"]
CLASS_METRICS = ["accuracy", "neg_log_loss", "roc_auc", "f1_weighted", "neg_brier_score"]
COARSE = ("accuracy", "f1_weighted", "roc_auc")  # they change by single rows


@pytest.mark.parametrize(
    ("metric", "passed", "gain"),
    [(m, False, 0.05) for m in METRICS]
    + [(m, True, 0.05) for m in CLASS_METRICS]
    + [("r2", False, 0.5), ("neg_log_loss", True, 0.01), ("neg_log_loss", True, 0.5)],
)
def test_who_knows_the_change_saves_the_share_that_was_asked_for(metric, passed, gain):
    world = world_of(passed=passed, metric=metric)
    changed = world.changed(gain, np.ones(len(world.table.frame), dtype=bool))
    target = fit.labels(world.recipe, changed)
    assert target.dtype == fit.labels(world.recipe, world.table).dtype
    strength = world._strength(gain)
    assert world.gain_of(strength) == pytest.approx(gain, abs=0.02 if metric in COARSE else 0.005)
    again, knowing = world._push(strength)
    assert (again == target).all()
    assert synthetic_drift.gain(world.recipe, knowing, world._said, target[world.unseen]) == world.gain_of(strength)


@pytest.mark.parametrize("passed", [False, True])
def test_only_the_marked_rows_change_and_nothing_but_the_target(passed):
    world = world_of(passed=passed)
    where = np.arange(len(world.table.frame)) % 2 == 0
    changed = world.changed(0.2, where)
    before, after = world.table.frame, changed.frame
    assert (after["score"] == before["score"])[~where].all()
    assert (after["score"] != before["score"])[where].any()
    assert after.drop(columns="score").equals(before.drop(columns="score"))
    assert changed.datasets == world.table.datasets


def test_a_champion_that_learns_the_change_gains_about_as_much():
    world = world_of(count=400)
    changed = world.changed(0.3, np.ones(len(world.table.frame), dtype=bool))
    knowing = DriftSimulator(changed, world.recipe, fit.fit(world.recipe, changed, ~world.unseen), world.unseen, (3,))
    target = fit.labels(world.recipe, changed)[world.unseen]
    assert synthetic_drift.gain(world.recipe, knowing._said, world._said, target) == pytest.approx(0.3, abs=0.03)


def test_the_same_seed_is_the_same_world():
    first, second = (world_of(passed=True).changed(0.1, np.True_) for _ in range(2))
    assert first.frame.equals(second.frame)


def test_what_is_never_negative_stays_so():
    world = world_of(estimator="sklearn.linear_model.PoissonRegressor", params={"alpha": 0.1})
    changed = world.changed(0.8, np.ones(len(world.table.frame), dtype=bool))
    assert changed.frame["score"].min() >= world.table.frame["score"].min() >= 0
    fit.fit(world.recipe, changed, ~world.unseen)


def test_a_model_without_probabilities_has_a_world_too():
    world = world_of(passed=True, estimator="sklearn.svm.LinearSVC", metric="accuracy")
    assert world.changed(0.1, np.True_) is not None


def test_three_classes_keep_their_names():
    rooms = [text.replace(b",score", b",kind").replace(b"hours", b"score") for text in students(1, 60)]
    swapped = []
    for text in rooms:
        head, *rows = text.decode().strip().split("\n")
        cells = [row.split(",") for row in rows]
        swapped.append("\n".join([head, *(f"{c[0]},{c[1]},{c[3]},{c[2]}" for c in cells)]) + "\n")
    world = world_of(contents=swapped, targets=("kind",))
    changed = world.changed(0.05, np.True_)
    assert set(changed.frame["kind"]) == {"red", "green", "blue"}


def test_where_nothing_can_be_gained_there_is_no_such_world():
    alike = [f"hours,score\n{n},{n % 7}\n" for n in range(60)]
    world = world_of(contents=alike, task="regression")
    assert (
        DriftSimulator(world.table, world.recipe, _Flat(world.champion), world.unseen, (1,)).changed(0.05, np.True_)
        is None
    )


def test_a_champion_that_met_one_class_has_no_odds_to_tilt():
    contents = [f"hours,score\n{n},{'yes' if n > 40 else 'no'}\n" for n in range(60)]
    world = world_of(contents=contents, estimator="sklearn.dummy.DummyClassifier", metric="accuracy")
    assert world.changed(0.05, np.True_) is None


class _Flat:
    """A champion whose features never vary."""

    def __init__(self, champion):
        self.predict = champion.predict

    def __getitem__(self, _part):
        return self

    def transform(self, frame):
        return np.zeros((len(frame), 1))


def test_a_gain_without_a_value_is_no_number():
    world = world_of(passed=True, metric="roc_auc")
    one = np.full(world.unseen.sum(), "yes", dtype=object)
    assert np.isnan(synthetic_drift.gain(world.recipe, world._said, world._said, one))


def test_rows_count_as_much_as_their_weight_says():
    contents = [
        text.replace(b"room", b"heavy").replace(b"red", b"3").replace(b"green", b"0").replace(b"blue", b"1")
        for text in students(1, 60)
    ]
    world = world_of(contents=contents, weight="heavy", features=("hours", "sleep"))
    where = np.ones(len(world.table.frame), dtype=bool)
    assert world.gain_of(world._strength(0.1)) == pytest.approx(0.1, abs=0.005)
    assert world.changed(0.1, where).frame["score"].tolist() != world_of().changed(0.1, where).frame["score"].tolist()


def test_each_of_several_targets_changes_in_a_direction_of_its_own():
    world = world_of(targets=("score", "sleep"), features=("hours", "room"))
    changed = world.changed(0.1, np.ones(len(world.table.frame), dtype=bool))
    moved = [(changed.frame[name] - world.table.frame[name]).to_numpy() for name in ("score", "sleep")]
    assert all(part.std() > 0 for part in moved)
    assert abs(np.corrcoef(*moved)[0, 1]) < 0.999
    assert world.gain_of(world._strength(0.1)) == pytest.approx(0.1, abs=0.005)
