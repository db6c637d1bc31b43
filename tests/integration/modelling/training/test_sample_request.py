"""The request that is recorded with a version."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ml_action.consumer.prediction import Predictor
from ml_action.modelling.contract import learning
from ml_action.modelling.training import model_file
from ml_action.modelling.training.sample_request import sample_request
from tests.support.factories import make_version
from tests.support.modelling import table_of, trial_of

HEAD = b"hours,room,day,note,paid,score\n"
ROW = b"%d.713,%s,20%02d-03-%02d,note %d,%s,%d\n"


def rows(place):
    return HEAD + b"".join(
        ROW % (step, (b"red", b"blue")[step % 3 == 0], 10 + step, 1 + place % 28, 40 * place + step, b"True", step)
        for step in range(1, 9)
    )


@pytest.fixture(scope="module")
def trial():
    return trial_of([], [rows(place) for place in range(40)])


def test_a_sample_has_values_of_the_right_kind_that_are_in_no_row(trial):
    assert trial.sample == {"hours": 4.5, "room": "red", "day": "2014-01-01", "note": "unknown", "paid": True}
    assert json.loads(json.dumps(trial.sample)) == trial.sample


def test_a_model_answers_its_sample_as_it_answers_a_request(trial):
    model = model_file.load(trial.artifact, trial.digest)
    version = make_version(features=trial.recipe.features, sample=trial.sample, contract=trial.contract)
    assert np.isfinite(Predictor(model, version)([trial.sample])).all()


def test_columns_beyond_those_of_the_contract_have_values_too():
    table = table_of(*map(rows, range(3)))
    contract = learning.learn_contract(table, ("score",), ())
    found = sample_request(table.frame, ("hours", "room", "day", "paid"), contract)
    assert found == {"hours": 5, "room": "unknown", "day": "2014-01-01", "paid": True}
