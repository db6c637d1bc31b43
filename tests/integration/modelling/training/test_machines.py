"""The same inputs give the same verdict on another processor, with more threads, and with another order of sets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
SCRIPT = """
import json, sys
sys.path[:0] = {path!r}
from tests.support.modelling import students, trial_of
from ml_action.loop.gate import decide
from ml_action.modelling.training import model_file
from ml_action.core.records.policy import Policy

settings = {settings!r}
passed = settings.pop("passed")
old = students(1, 60, passed=passed)
first = trial_of([], old, settings=settings)
champion = model_file.load(first.artifact, first.digest)
found = trial_of(old, students(2, 60, slope=3.6, passed=passed), champion, settings=settings)
compared = found.comparison
print(json.dumps({{
    "reason": decide(compared, Policy()).reason, "notes": found.notes,
    "p": [compared.p_value, compared.p_worse, compared.p_baseline, compared.win_rate, compared.needed],
    "figures": [compared.gain, compared.gain_interval.low, compared.trimmed, *compared.gains],
}}))
"""


def run(settings, **environ):
    script = SCRIPT.format(path=[str(ROOT)], settings=settings)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env={**os.environ, **environ}
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "settings",
    [
        {"passed": False, "estimator": "sklearn.linear_model.LinearRegression"},
        {"passed": False, "estimator": "sklearn.ensemble.HistGradientBoostingRegressor", "params": {"max_iter": 20}},
        {"passed": True, "estimator": "sklearn.linear_model.LogisticRegression", "metric": "roc_auc"},
    ],
    ids=lambda settings: settings["estimator"].rpartition(".")[2],
)
def test_verdict_does_not_depend_on_the_machine(settings):
    """OpenBLAS adds in another order on an old processor, so that figures may differ in their last digits only."""
    here = run(settings, PYTHONHASHSEED="1", OMP_NUM_THREADS="1")
    there = run(settings, PYTHONHASHSEED="2", OMP_NUM_THREADS="4", OPENBLAS_CORETYPE="Prescott")
    assert (here["reason"], here["p"], here["notes"]) == (there["reason"], there["p"], there["notes"])
    assert here["figures"] == pytest.approx(there["figures"], rel=1e-6, abs=1e-6)
