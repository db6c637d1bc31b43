"""The champion finds suspicious datasets before anything is trained."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from ml_action.core.records.evaluation import Screening
from ml_action.modelling import screening, trial
from ml_action.modelling.champion import ReferenceModel
from ml_action.modelling.evaluation import losses
from ml_action.modelling.evaluation.dataset_scores import score_datasets
from ml_action.modelling.evaluation.predictions import Predictions
from ml_action.modelling.screening import ScreeningInput, screen
from ml_action.modelling.training import model_file
from ml_action.modelling.validation.rejections import Rejections
from tests.support.modelling import run_trial, students, table_of, trial_of

FEATURES = ("hours", "sleep", "room")
OLD = 220


def changed(content: bytes, change) -> bytes:
    """Returns the dataset with its rows changed by a function of frames."""
    frame = pd.read_csv(pd.io.common.BytesIO(content))
    return change(frame).to_csv(index=False, float_format="%.2f").encode()


def reversed_labels(frame):
    return frame.assign(score=frame.score.max() + frame.score.min() - frame.score)


def shuffled_labels(frame):
    return frame.assign(score=np.random.default_rng(len(frame)).permutation(frame.score))


def in_minutes(frame):
    return frame.assign(hours=frame.hours * 60)


def broken_sensor(frame):
    return frame.assign(sleep=frame.sleep + 100)


def swapped(frame):
    return frame.assign(hours=frame.sleep, sleep=frame.hours)


def constant_target(frame):
    return frame.assign(score=frame.score.mean())


@pytest.fixture(scope="module")
def first():
    return trial_of([], students(1, OLD))


def screened(first, change=lambda frame: frame, share=0.0, *, slope=3.0, seed=2, unchecked=(), **settings):
    """Returns the trial of a hundred new students, of whom a share is changed."""
    new = [
        changed(content, change) if place < share * 100 else content
        for place, content in enumerate(students(seed, 100, slope=slope))
    ]
    table = table_of(*students(1, OLD), *new)
    is_new = np.arange(len(table.datasets)) >= OLD
    champion = ReferenceModel(model_file.load(first.artifact, first.digest), FEATURES)
    to_screen = ScreeningInput(is_new, first.contract, unchecked)
    return run_trial(table, is_new, champion, to_screen=to_screen, **settings)


def found(first, *args, **kwargs):
    """Returns which of the new students are suspicious, and why."""
    suspects = screened(first, *args, **kwargs).screening.suspects
    return {int(re.sub(r"\D", "", item.path)) - OLD: item.reason for item in suspects}


@pytest.mark.parametrize("slope", [3.0, 3.4, 5.0])
def test_good_datasets_are_not_suspicious_after_any_drift(first, slope):
    screening = screened(first, slope=slope).screening
    assert screening.judged == 100
    assert screening.suspicious <= 1
    assert screening.moved == ()


def test_reversed_labels_are_found_and_described(first):
    suspects = found(first, reversed_labels, 0.15)
    assert len(suspects.keys() & set(range(15))) >= 12
    assert len(suspects.keys() - set(range(15))) <= 1
    texts = [text for place, text in suspects.items() if place < 15]
    assert sum("runs against the champion: the target's correlation" in text for text in texts) >= 12


def test_shuffled_labels_are_mostly_found(first):
    assert len(found(first, shuffled_labels, 0.15).keys() & set(range(15))) >= 8


def test_another_unit_is_described_as_one(first):
    suspects = found(first, in_minutes, 0.1)
    assert set(suspects) == set(range(10))
    assert all("the column 'hours' far from where it was" in text for text in suspects.values())
    hint = ": minutes instead of hours, or seconds instead of minutes?"
    assert sum(text.endswith(hint) for text in suspects.values()) > 5
    summary = screened(first, in_minutes, 0.1).screening.found
    assert summary[0].startswith("10 with 'hours' far from where it was (median")


def test_column_far_from_where_it_was_is_suspicious_unless_unchecked(first):
    assert set(found(first, broken_sensor, 0.05)) == set(range(5))
    assert not any(
        "the column 'sleep'" in text for text in found(first, broken_sensor, 0.05, unchecked=("sleep",)).values()
    )


def test_whole_batch_in_another_unit_has_moved(first):
    screening = screened(first, in_minutes, 1.0).screening
    (moved,) = screening.moved
    assert moved.startswith("'hours' has moved as a whole: 100 % of the new datasets lie above the earlier ones")
    assert moved.endswith("minutes instead of hours, or seconds instead of minutes?")
    assert screened(first, in_minutes, 1.0, unchecked=("hours",)).screening.moved == ()


def test_suspicious_datasets_are_neither_trained_on_nor_compared(first):
    whole, reduced = screened(first), screened(first, reversed_labels, 0.15)
    left_out = reduced.screening.suspicious
    assert reduced.comparison.datasets == whole.comparison.datasets - left_out
    assert reduced.datasets + reduced.holdout == whole.datasets + whole.holdout - left_out


def test_no_usable_dataset_is_an_error_of_its_own(first, monkeypatch):
    def all_of_them(table, scores, new, holdout, asked):
        rejections = Rejections(table, asked.judged)
        rejections.reject(asked.judged, "is wrong")
        return Screening(int(new.sum()), int(new.sum()), rejections.rejected)

    monkeypatch.setattr(trial, "screen", all_of_them)
    with pytest.raises(trial.NoUsableDatasets) as caught:
        screened(first)
    assert caught.value.screening.share == 1.0


def test_batch_is_its_own_reference_with_a_small_holdout(first):
    """A champion of few datasets has a small holdout, so that the better part of the batch is the reference."""
    little = trial_of([], students(1, 40))
    new = [changed(one, reversed_labels) if place < 15 else one for place, one in enumerate(students(2, 100))]
    table = table_of(*students(1, 40), *new)
    is_new = np.arange(140) >= 40
    champion = ReferenceModel(model_file.load(little.artifact, little.digest), FEATURES)
    result = run_trial(table, is_new, champion, to_screen=ScreeningInput(is_new, little.contract))
    places = {int(re.sub(r"\D", "", item.path)) - 40 for item in result.screening.suspects}
    assert len(places & set(range(15))) >= 11
    assert len(places - set(range(15))) <= 2


def test_small_datasets_have_no_correlation_and_may_be_predicted_badly_by_chance():
    rng = np.random.default_rng(0)
    contents = [f"x,score\n{rng.normal():.3f},{rng.normal():.3f}\n".encode() for _ in range(200)]
    table = table_of(*contents)
    target = table.frame["score"].to_numpy()
    rows = np.ones(len(target), dtype=bool)
    scores = score_datasets(table, rows, Predictions(np.zeros(len(target))), target, losses.squared)
    assert np.isnan(scores.correlation).all()
    everything, nothing = np.ones(200, dtype=bool), np.zeros(200, dtype=bool)
    assert screen(table, scores, everything, nothing, ScreeningInput(everything)).suspicious <= 2


def test_classes_are_screened_by_their_probabilities():
    rng = np.random.default_rng(1)
    target, cluster = rng.choice(["no", "yes"], 4000), np.repeat(np.arange(200), 20)
    sure = np.where(target == "yes", 0.8, 0.2) + rng.normal(0, 0.05, 4000)
    flipped = cluster < 20
    target = np.where(flipped, np.where(target == "yes", "no", "yes"), target)
    table = table_of(*(b"score\n" + b"1\n" * 20 for _ in range(200)))
    predictions = Predictions(
        np.where(sure > 0.5, "yes", "no"), np.column_stack([1 - sure, sure]), classes=np.array(["no", "yes"])
    )
    scores = score_datasets(table, np.ones(4000, dtype=bool), predictions, target, losses.brier)
    everything, nothing = np.ones(200, dtype=bool), np.zeros(200, dtype=bool)
    suspects = screen(table, scores, everything, nothing, ScreeningInput(everything)).suspects
    assert {int(re.sub(r"\D", "", item.path)) for item in suspects} == set(range(20))


def test_perfect_predictions_and_constant_targets_are_screened(first):
    assert screened(first, constant_target, 0.3).screening.judged == 100
    table = table_of(*(b"score\n" + b"%d\n" % place * 9 for place in range(60)))
    target = table.frame["score"].to_numpy(dtype=float)
    everything = np.ones(60, dtype=bool)
    scores = score_datasets(table, np.ones(len(target), dtype=bool), Predictions(target), target, losses.squared)
    assert screen(table, scores, everything, ~everything, ScreeningInput(everything)).suspicious == 0


def test_probability_that_a_new_value_is_above():
    assert screening._probability_above(np.array([2.0, 3.0]), np.array([1.0, 2.0])) == 0.875
