"""Folds in parallel: the same bytes, figures and errors for any number of processors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_info

from ml_action.core.errors import ModelError, SettingsError
from ml_action.modelling.training import cross_fitting, execution
from tests.support.modelling import students, trial_of

ROOT = Path(__file__).resolve().parents[4]


def with_jobs(monkeypatch, count, **settings):
    monkeypatch.setattr(joblib, "cpu_count", lambda *_, **__: count)
    return trial_of(students(1, 20), students(2, 40), settings=settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"estimator": "sklearn.linear_model.LinearRegression"},
        {"estimator": "sklearn.ensemble.HistGradientBoostingRegressor", "params": {"max_iter": 20}},
        {"estimator": "sklearn.ensemble.RandomForestRegressor", "params": {"n_estimators": 10}},
        {"estimator": "sklearn.neural_network.MLPRegressor", "params": {"max_iter": 20}},
    ],
    ids=lambda settings: settings["estimator"].rpartition(".")[2],
)
def test_same_bytes_and_figures_for_any_number_of_processors(monkeypatch, settings):
    one, four = (with_jobs(monkeypatch, count, **settings) for count in (1, 4))
    assert one.digest == four.digest
    assert one.comparison == four.comparison
    assert one == four


class Warns(RegressorMixin, BaseEstimator):
    """Warns about the rows that it was fitted on, after a time that depends on these: folds warn out of order."""

    def fit(self, rows, target):
        time.sleep((len(rows) % 7) / 50)
        warnings.warn(f"did not settle on {len(rows)} rows", ConvergenceWarning, stacklevel=2)
        self.mean_ = float(np.mean(target))
        return self

    def predict(self, rows):
        return np.full(len(rows), self.mean_)


def test_warnings_of_all_folds_are_noted_in_one_order(monkeypatch):
    notes = {with_jobs(monkeypatch, count, estimator=f"{__name__}.Warns").notes for count in (1, 4, 4)}
    (found,) = notes
    assert len(found) == 5  # of six fits: five are shown
    assert list(found) == sorted(found)
    assert all(note.startswith("ConvergenceWarning: did not settle on") for note in found)


class Fails(RegressorMixin, BaseEstimator):
    """Rejects fewer rows than the whole: a fold fails, the final fit does not."""

    def __init__(self, least=0):
        self.least = least

    def fit(self, rows, target):
        if len(rows) < self.least:
            raise MemoryError("no room\n::error::for a fold")
        self.mean_ = float(np.mean(target))
        return self

    def predict(self, rows):
        return np.full(len(rows), self.mean_)


@pytest.mark.parametrize("count", [1, 4])
def test_failing_fold_reports_the_usual_error(monkeypatch, count):
    whole = with_jobs(monkeypatch, count, estimator=f"{__name__}.Fails").rows
    with pytest.raises(ModelError, match="could not be fitted: MemoryError: no room ::error::for a fold"):
        with_jobs(
            monkeypatch,
            count,
            estimator=f"{__name__}.Fails",
            params={"least": whole},
        )
    with pytest.raises(SettingsError, match=r"params: (.*) refuses a value"):
        with_jobs(monkeypatch, count, estimator="sklearn.linear_model.Ridge", params={"alpha": -1})


def test_no_fold_has_more_than_one_thread_of_a_library(monkeypatch):
    """Two folds in parallel that use all processors each are slower than one after the other."""
    seen, real = [], cross_fitting._predict_both

    def both(*arguments):
        seen.append([library["num_threads"] for library in threadpool_info()])
        return real(*arguments)

    monkeypatch.setattr(cross_fitting, "_predict_both", both)
    with_jobs(monkeypatch, 4, estimator="sklearn.ensemble.HistGradientBoostingRegressor", params={"max_iter": 5})
    assert len(seen) == 6
    assert {count for counts in seen for count in counts} == {1}


def test_large_table_is_fitted_one_fold_at_a_time(monkeypatch):
    wanted = []

    class Parallel(joblib.Parallel):
        def __init__(self, n_jobs, **more):
            wanted.append(n_jobs)
            super().__init__(n_jobs=n_jobs, **more)

    monkeypatch.setattr(joblib, "Parallel", Parallel)
    with_jobs(monkeypatch, 4)
    monkeypatch.setattr(execution, "_MAX_CELLS", 1)
    with_jobs(monkeypatch, 4)
    assert wanted == [4, 1]


SLOW = """
import sys, time
import numpy as np
sys.path[:0] = {path!r}
import joblib
joblib.cpu_count = lambda *_, **__: {jobs}
from tests.support.modelling import students, trial_of
from ml_action.core import log
from ml_action.runtime import actions, boundary

def fit():
    def progress(stage, done, of):
        print("fit", done, flush=True)
    settings = {{"estimator": "tests.integration.modelling.training.test_cross_fitting.Slow"}}
    return trial_of([], students(1, 40), settings=settings, progress=progress)

context = actions.read_context({{}}, __import__("pathlib").Path.cwd())
sys.exit(boundary.run_guarded(fit, context, log.PlainLog(sys.stderr)))
"""


class Slow(RegressorMixin, BaseEstimator):
    """A fold takes half a minute; the final fit does not."""

    fits = 0

    def fit(self, rows, target):
        Slow.fits += 1
        if Slow.fits > 1:
            time.sleep(30)
        self.mean_ = float(np.mean(target))
        return self

    def predict(self, rows):
        return np.full(len(rows), self.mean_)


@pytest.mark.parametrize("jobs", [1, 4])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_during_the_folds_ends_the_run_at_once(tmp_path, jobs, number, code):
    script = SLOW.format(path=[str(ROOT)], jobs=jobs)
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    assert process.stdout is not None
    while process.stdout.readline().strip() != "fit 1":
        assert process.poll() is None, process.communicate()[1]
    time.sleep(0.5)
    process.send_signal(number)
    started = time.perf_counter()
    errors = process.communicate(timeout=20)[1]
    assert process.returncode == code, errors
    assert time.perf_counter() - started < 15  # one fold takes thirty seconds
    assert "bug" not in errors
