import json
import subprocess
import sys

import numpy as np
import pytest

from ml_action.consumer import fast_paths, prediction
from ml_action.consumer.prediction import Answering
from ml_action.modelling.training import model_file
from tests.support.model_folder import made

ALL = "hours_studied sleep room tutor score"
LINEAR = "sklearn.linear_model.LinearRegression"
FOREST = "sklearn.ensemble.RandomForestRegressor"
BOOSTED = "sklearn.ensemble.HistGradientBoostingRegressor"


def answering_of(**settings):
    version, content = made(1, **settings)
    return Answering(model_file.load(content, version.sha256), version)


@pytest.mark.parametrize(
    ("settings", "way"),
    [
        ({}, "linear"),
        ({"columns": ALL}, "linear"),
        ({"columns": ALL, "estimator": "sklearn.linear_model.Ridge"}, "linear"),
        ({"columns": "hours_studied score effort", "targets": ("score", "effort")}, "linear"),
        ({"columns": ALL, "estimator": "sklearn.linear_model.PoissonRegressor"}, "matrix"),
        ({"columns": ALL, "estimator": FOREST}, "matrix"),
        ({"columns": ALL, "estimator": BOOSTED}, "matrix"),
        ({"columns": "hours_studied room passed", "targets": ("passed",)}, "matrix"),
        ({"columns": "hours_studied day score"}, "frame"),
    ],
)
def test_rows_take_the_shortest_way_and_it_is_the_frames_to_the_last_bit(settings, way):
    answer = answering_of(**settings)
    assert answer.way == way
    version, _ = made(1, **settings)
    rows = prediction.trials(version)
    assert len(rows) > 20
    for row in rows:
        assert np.array_equal(answer([row]), answer.by_frame([row]))
    assert np.array_equal(answer(rows), answer.by_frame(rows))


def test_a_shortcut_that_says_something_else_is_not_taken(monkeypatch):
    plain = fast_paths.of

    def off_by_a_bit(model, features):
        ways = plain(model, features)
        exact = ways["linear"]
        return ways | {"linear": lambda rows: np.nextafter(exact(rows), np.inf)}

    monkeypatch.setattr(fast_paths, "of", off_by_a_bit)
    assert answering_of().way == "matrix"


def test_a_model_of_another_make_gets_its_frame():
    from sklearn.dummy import DummyRegressor

    version, _ = made(1)
    model = DummyRegressor(strategy="constant", constant=3.0).fit([[0]], [0])
    answer = Answering(model, version)
    assert answer.way == "frame"
    assert answer([{"hours_studied": 1}, {"hours_studied": None}]).tolist() == [3.0, 3.0]


def test_a_feature_that_a_row_lacks_is_missing():
    answer = answering_of(columns=ALL)
    whole = {"hours_studied": 5.0, "sleep": None, "room": "red", "tutor": True}
    assert answer([{"hours_studied": 5.0, "room": "red", "tutor": True}]) == answer.by_frame([whole])


def test_without_a_contract_the_sample_alone_is_tried():
    version, content = made(1, contract=None)
    assert Answering(model_file.load(content, version.sha256), version).way == "linear"


def test_no_pandas_is_imported_by_the_consumer_itself():
    """scikit-learn itself imports pandas where it is installed; without it the consumer must do."""
    code = """
import sys, json
sys.modules["pandas"] = None
import ml_action.consumer
print(json.dumps(sorted(name for name in sys.modules if name.partition(".")[0] in ("pandas", "github", "fastapi"))))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["pandas"]
