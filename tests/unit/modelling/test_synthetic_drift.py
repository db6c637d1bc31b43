import numpy as np
import pytest

from ml_action.modelling import synthetic_drift
from ml_action.modelling.synthetic_drift import DriftSimulator
from ml_action.modelling.training import fit
from tests.support.modelling import recipe_of, students, table_of


def drift_of(*, passed=False, count=60, contents=None, **settings):
    """Returns a drift of students; the champion learned from half of them."""
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
def test_model_that_knows_the_change_has_the_wanted_gain(metric, passed, gain):
    drift = drift_of(passed=passed, metric=metric)
    changed = drift.changed(gain, np.ones(len(drift.table.frame), dtype=bool))
    target = fit.labels(drift.recipe, changed)
    assert target.dtype == fit.labels(drift.recipe, drift.table).dtype
    strength = drift._strength(gain)
    assert drift.gain_of(strength) == pytest.approx(gain, abs=0.02 if metric in COARSE else 0.005)
    again = drift._push(strength)
    assert (again.target == target).all()
    champion = drift._predictions
    assert synthetic_drift.gain(drift.recipe, again.informed, champion, target[drift.unseen]) == drift.gain_of(strength)


@pytest.mark.parametrize("passed", [False, True])
def test_only_the_target_of_marked_rows_changes(passed):
    drift = drift_of(passed=passed)
    where = np.arange(len(drift.table.frame)) % 2 == 0
    changed = drift.changed(0.2, where)
    before, after = drift.table.frame, changed.frame
    assert (after["score"] == before["score"])[~where].all()
    assert (after["score"] != before["score"])[where].any()
    assert after.drop(columns="score").equals(before.drop(columns="score"))
    assert changed.datasets == drift.table.datasets


def test_model_that_learns_the_change_has_about_that_gain():
    drift = drift_of(count=400)
    changed = drift.changed(0.3, np.ones(len(drift.table.frame), dtype=bool))
    informed = DriftSimulator(changed, drift.recipe, fit.fit(drift.recipe, changed, ~drift.unseen), drift.unseen, (3,))
    target = fit.labels(drift.recipe, changed)[drift.unseen]
    assert synthetic_drift.gain(drift.recipe, informed._predictions, drift._predictions, target) == pytest.approx(
        0.3, abs=0.03
    )


def test_same_seed_gives_the_same_drift():
    first, second = (drift_of(passed=True).changed(0.1, np.True_) for _ in range(2))
    assert first.frame.equals(second.frame)


def test_target_that_is_never_negative_stays_so():
    drift = drift_of(estimator="sklearn.linear_model.PoissonRegressor", params={"alpha": 0.1})
    changed = drift.changed(0.8, np.ones(len(drift.table.frame), dtype=bool))
    assert changed.frame["score"].min() >= drift.table.frame["score"].min() >= 0
    fit.fit(drift.recipe, changed, ~drift.unseen)


def test_model_without_probabilities_has_a_drift():
    drift = drift_of(passed=True, estimator="sklearn.svm.LinearSVC", metric="accuracy")
    assert drift.changed(0.1, np.True_) is not None


def test_three_classes_keep_their_names():
    rooms = [text.replace(b",score", b",kind").replace(b"hours", b"score") for text in students(1, 60)]
    swapped = []
    for text in rooms:
        head, *rows = text.decode().strip().split("\n")
        cells = [row.split(",") for row in rows]
        swapped.append("\n".join([head, *(f"{c[0]},{c[1]},{c[3]},{c[2]}" for c in cells)]) + "\n")
    drift = drift_of(contents=swapped, target=("kind",))
    changed = drift.changed(0.05, np.True_)
    assert set(changed.frame["kind"]) == {"red", "green", "blue"}


def test_impossible_gain_has_no_drift():
    alike = [f"hours,score\n{n},{n % 7}\n" for n in range(60)]
    drift = drift_of(contents=alike, task="regression")
    assert (
        DriftSimulator(drift.table, drift.recipe, _ConstantFeatures(drift.champion), drift.unseen, (1,)).changed(
            0.05, np.True_
        )
        is None
    )


def test_champion_of_one_class_has_no_drift():
    contents = [f"hours,score\n{n},{'yes' if n > 40 else 'no'}\n" for n in range(60)]
    drift = drift_of(contents=contents, estimator="sklearn.dummy.DummyClassifier", metric="accuracy")
    assert drift.changed(0.05, np.True_) is None


class _ConstantFeatures:
    """A champion whose features never vary."""

    def __init__(self, champion):
        self.predict = champion.predict

    def __getitem__(self, _part):
        return self

    def transform(self, frame):
        return np.zeros((len(frame), 1))


def test_gain_without_a_value_is_nan():
    drift = drift_of(passed=True, metric="roc_auc")
    one = np.full(drift.unseen.sum(), "yes", dtype=object)
    assert np.isnan(synthetic_drift.gain(drift.recipe, drift._predictions, drift._predictions, one))


def test_gain_of_weighted_rows():
    contents = [
        text.replace(b"room", b"heavy").replace(b"red", b"3").replace(b"green", b"0").replace(b"blue", b"1")
        for text in students(1, 60)
    ]
    drift = drift_of(contents=contents, weight="heavy", features=("hours", "sleep"))
    where = np.ones(len(drift.table.frame), dtype=bool)
    assert drift.gain_of(drift._strength(0.1)) == pytest.approx(0.1, abs=0.005)
    assert drift.changed(0.1, where).frame["score"].tolist() != drift_of().changed(0.1, where).frame["score"].tolist()


def test_each_target_changes_in_its_own_direction():
    drift = drift_of(target=("score", "sleep"), features=("hours", "room"))
    changed = drift.changed(0.1, np.ones(len(drift.table.frame), dtype=bool))
    moved = [(changed.frame[name] - drift.table.frame[name]).to_numpy() for name in ("score", "sleep")]
    assert all(part.std() > 0 for part in moved)
    assert abs(np.corrcoef(*moved)[0, 1]) < 0.999
    assert drift.gain_of(drift._strength(0.1)) == pytest.approx(0.1, abs=0.005)
