import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from ml_action.consumer import fast_paths, prediction
from ml_action.consumer.prediction import Predictor
from ml_action.modelling.training import model_file
from tests.support.model_folder import made

ALL = "hours_studied sleep room tutor score"
NOISY = "hours_studied age income noisy"  # numbers only, and a target that no line goes through
LINEAR = "sklearn.linear_model.LinearRegression"
FOREST = "sklearn.ensemble.RandomForestRegressor"
BOOSTED = "sklearn.ensemble.HistGradientBoostingRegressor"


def predictor_of(**settings):
    version, content = made(1, **settings)
    return Predictor(model_file.load(content, version.sha256), version)


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({}, "linear"),
        ({"columns": ALL}, "linear"),
        ({"columns": ALL, "estimator": "sklearn.linear_model.Ridge"}, "linear"),
        ({"columns": "hours_studied score effort", "targets": ("score", "effort")}, "linear"),
        ({"columns": "hours_studied age noisy", "targets": ("noisy",)}, "linear"),
        ({"columns": NOISY, "targets": ("noisy",)}, "linear"),
        ({"columns": NOISY, "targets": ("noisy",), "estimator": "sklearn.linear_model.Ridge"}, "linear"),
        ({"columns": "hours_studied age income effort noisy", "targets": ("noisy", "effort")}, "linear"),
        ({"columns": "hours_studied age income sleep room tutor noisy", "targets": ("noisy",)}, "linear"),
        ({"columns": NOISY, "targets": ("noisy",), "estimator": BOOSTED}, "matrix"),
        ({"columns": ALL, "estimator": "sklearn.linear_model.PoissonRegressor"}, "matrix"),
        ({"columns": ALL, "estimator": FOREST}, "matrix"),
        ({"columns": ALL, "estimator": BOOSTED}, "matrix"),
        ({"columns": "hours_studied room passed", "targets": ("passed",)}, "matrix"),
        ({"columns": "hours_studied day score"}, "frame"),
    ],
)
def test_rows_take_the_fastest_path_and_it_equals_the_frame_bit_by_bit(settings, path):
    predictor = predictor_of(**settings)
    assert predictor.path == path
    version, _ = made(1, **settings)
    rows = prediction.probe_rows(version)
    assert len(rows) > 20
    for row in rows:
        assert np.array_equal(predictor([row]), predictor.by_frame([row]))
    assert np.array_equal(predictor(rows), predictor.by_frame(rows))


@pytest.mark.parametrize("slope", [float(slope) for slope in range(1, 9)])
def test_linear_models_of_noisy_numbers_take_the_linear_path_for_any_number_of_rows(slope):
    """A matrix of another order in memory gave other last bits, and seven of eight such models a frame."""
    version, content = made(1, slope, columns=NOISY, targets=("noisy",))
    predictor = Predictor(model_file.load(content, version.sha256), version)
    assert predictor.path == "linear"
    rng = np.random.default_rng(1)
    rows = [dict(zip(version.features, values, strict=True)) for values in (rng.normal(size=(200, 3)) * 50).tolist()]
    for count in (1, 2, 3, 7, 64, 200):
        assert np.array_equal(predictor(rows[:count]), predictor.by_frame(rows[:count]))


def test_fast_paths_are_compared_on_the_models_categories_where_the_contract_of_private_data_lists_none():
    version, content = made(1, columns=ALL)
    (room,) = (one for one in version.contract.columns if one.name == "room")
    private = replace(version.contract, columns=(replace(room, categories={}, digests={"a1": 1.0}, key="key"),))
    known = fast_paths.known_categories(model_file.load(content, version.sha256))
    rows = prediction.probe_rows(replace(version, contract=private), known)
    assert {row["room"] for row in rows} >= set(room.categories)


class Centred:
    def predict(self, frame):
        return (frame["hours_studied"] - frame["hours_studied"].mean()).to_numpy()


def test_it_knows_whether_rows_that_are_predicted_together_get_what_they_get_alone():
    assert predictor_of(columns=ALL, estimator=BOOSTED).rowwise
    assert not Predictor(Centred(), made(1)[0]).rowwise


def test_a_fast_path_that_differs_is_not_used(monkeypatch):
    plain = fast_paths.fast_paths

    def off_by_a_bit(model, features):
        paths = plain(model, features)
        exact = paths["linear"]
        return paths | {"linear": lambda rows: np.nextafter(exact(rows), np.inf)}

    monkeypatch.setattr(prediction, "fast_paths", off_by_a_bit)
    assert predictor_of().path == "matrix"


def test_a_model_that_is_not_our_pipeline_gets_a_frame():
    from sklearn.dummy import DummyRegressor

    version, _ = made(1)
    model = DummyRegressor(strategy="constant", constant=3.0).fit([[0]], [0])
    predictor = Predictor(model, version)
    assert predictor.path == "frame"
    assert predictor([{"hours_studied": 1}, {"hours_studied": None}]).tolist() == [3.0, 3.0]


def test_a_feature_that_is_not_in_the_row_is_missing():
    predictor = predictor_of(columns=ALL)
    whole = {"hours_studied": 5.0, "sleep": None, "room": "red", "tutor": True}
    assert predictor([{"hours_studied": 5.0, "room": "red", "tutor": True}]) == predictor.by_frame([whole])


def test_without_a_contract_only_the_sample_is_compared():
    version, content = made(1, contract=None)
    assert Predictor(model_file.load(content, version.sha256), version).path == "linear"


def test_the_consumer_itself_imports_no_pandas():
    """scikit-learn imports pandas where it is installed; the consumer has to work without it."""
    code = """
import sys, json
sys.modules["pandas"] = None
from ml_action.consumer import Consumer
print(json.dumps(sorted(name for name in sys.modules if name.partition(".")[0] in ("pandas", "github", "fastapi"))))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["pandas"]
