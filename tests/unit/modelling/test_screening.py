"""What the champion makes of the new datasets before anything is trained."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from ml_action.core.records.policy import Policy
from ml_action.modelling import screening as screen
from ml_action.modelling import trial
from ml_action.modelling.evaluation import losses
from ml_action.modelling.evaluation.predictions import Predictions
from ml_action.modelling.training import model_file
from ml_action.modelling.validation.rejections import Rejections
from tests.unit.modelling.world import recipe_of, students, table_of, trial_of

FEATURES = ("hours", "sleep", "room")
OLD = 220


def bent(content: bytes, change) -> bytes:
    """The dataset with its rows changed: `change` takes and gives a frame."""
    frame = pd.read_csv(pd.io.common.BytesIO(content))
    return change(frame).to_csv(index=False, float_format="%.2f").encode()


def reversed_labels(frame):
    return frame.assign(score=frame.score.max() + frame.score.min() - frame.score)


def shuffled_labels(frame):
    return frame.assign(score=np.random.default_rng(len(frame)).permutation(frame.score))


def in_minutes(frame):
    return frame.assign(hours=frame.hours * 60)


def a_sensor_far_off(frame):
    return frame.assign(sleep=frame.sleep + 100)


def swapped(frame):
    return frame.assign(hours=frame.sleep, sleep=frame.hours)


def constant_target(frame):
    return frame.assign(score=frame.score.mean())


@pytest.fixture(scope="module")
def first():
    return trial_of([], students(1, OLD))


def judged(first, change=lambda frame: frame, share=0.0, *, slope=3.0, seed=2, count=100, free=(), **settings):
    """The trial of a hundred new students, of whom a share is changed."""
    new = [
        bent(content, change) if place < share * count else content
        for place, content in enumerate(students(seed, count, slope=slope))
    ]
    table = table_of(*students(1, OLD), *new)
    fresh = np.arange(len(table.datasets)) >= OLD
    return trial.run(
        table, recipe=recipe_of(table, **settings), new=fresh,
        champion=model_file.load(first.artifact, first.digest), champion_features=FEATURES, salt="salt", test_size=0.2,
        policy=Policy(), screened=trial.ScreeningInput(fresh, first.contract, free), progress=lambda *_: None,
    )  # fmt: skip


def found(first, *args, **kwargs):
    """Which of the new students are suspicious, and why."""
    suspects = judged(first, *args, **kwargs).screening.suspects
    return {int(re.sub(r"\D", "", item.path)) - OLD: item.reason for item in suspects}


@pytest.mark.parametrize("slope", [3.0, 3.4, 5.0])
def test_good_datasets_are_not_suspicious_however_much_the_world_has_changed(first, slope):
    screening = judged(first, slope=slope).screening
    assert screening.judged == 100
    assert screening.suspicious <= 1
    assert screening.moved == ()


def test_reversed_labels_are_found_in_words(first):
    suspects = found(first, reversed_labels, 0.15)
    assert len(suspects.keys() & set(range(15))) >= 12
    assert len(suspects.keys() - set(range(15))) <= 1
    texts = [text for place, text in suspects.items() if place < 15]
    assert sum("runs against the champion: the target's correlation" in text for text in texts) >= 12


def test_shuffled_labels_are_mostly_found(first):
    assert len(found(first, shuffled_labels, 0.15).keys() & set(range(15))) >= 8


def test_another_unit_is_told_as_one(first):
    suspects = found(first, in_minutes, 0.1)
    assert set(suspects) == set(range(10))
    assert all("the column 'hours' far from where it was" in text for text in suspects.values())
    hint = ": minutes instead of hours, or seconds instead of minutes?"
    assert sum(text.endswith(hint) for text in suspects.values()) > 5
    summary = judged(first, in_minutes, 0.1).screening.found
    assert summary[0].startswith("10 with 'hours' far from where it was (median")


def test_a_column_far_from_where_it_was_is_suspicious_unless_it_is_free(first):
    assert set(found(first, a_sensor_far_off, 0.05)) == set(range(5))
    assert not any(
        "the column 'sleep'" in text for text in found(first, a_sensor_far_off, 0.05, free=("sleep",)).values()
    )


def test_a_whole_batch_in_another_unit_has_moved(first):
    screening = judged(first, in_minutes, 1.0).screening
    (moved,) = screening.moved
    assert moved.startswith("'hours' has moved as a whole: 100 % of the new datasets lie above the earlier ones")
    assert moved.endswith("minutes instead of hours, or seconds instead of minutes?")
    assert judged(first, in_minutes, 1.0, free=("hours",)).screening.moved == ()


def test_suspicious_datasets_are_not_trained_on_and_not_judged(first):
    whole, screened = judged(first), judged(first, reversed_labels, 0.15)
    left_out = screened.screening.suspicious
    assert screened.comparison.datasets == whole.comparison.datasets - left_out
    assert screened.datasets + screened.holdout == whole.datasets + whole.holdout - left_out


def test_nothing_sound_is_an_ending_of_its_own(first, monkeypatch):
    def all_of_them(table, looks, new, judged, *_):
        verdicts = Rejections(table, judged)
        verdicts.reject(judged, "is wrong")
        return screen.Screening(int(new.sum()), int(new.sum()), verdicts.rejected)

    monkeypatch.setattr(screen, "screen", all_of_them)
    with pytest.raises(trial.NoUsableDatasets) as caught:
        judged(first)
    assert caught.value.screening.share == 1.0


def test_without_a_reference_the_batch_is_its_own(first):
    """A champion of few datasets has a small holdout: the inner part of the batch says what is usual."""
    little = trial_of([], students(1, 40))
    new = [bent(one, reversed_labels) if place < 15 else one for place, one in enumerate(students(2, 100))]
    table = table_of(*students(1, 40), *new)
    fresh = np.arange(140) >= 40
    result = trial.run(
        table, recipe=recipe_of(table), new=fresh, champion=model_file.load(little.artifact, little.digest),
        champion_features=FEATURES, salt="salt", test_size=0.2, policy=Policy(),
        screened=trial.ScreeningInput(fresh, little.contract), progress=lambda *_: None,
    )  # fmt: skip
    places = {int(re.sub(r"\D", "", item.path)) - 40 for item in result.screening.suspects}
    assert len(places & set(range(15))) >= 11
    assert len(places - set(range(15))) <= 2


def test_small_datasets_have_no_correlation_and_may_be_predicted_badly_by_chance():
    rng = np.random.default_rng(0)
    contents = [f"x,score\n{rng.normal():.3f},{rng.normal():.3f}\n".encode() for _ in range(200)]
    table = table_of(*contents)
    target = table.frame["score"].to_numpy()
    rows = np.ones(len(target), dtype=bool)
    looks = screen.score_datasets(table, rows, Predictions(np.zeros(len(target))), target, losses.squared)
    assert np.isnan(looks.harmony).all()
    everything, nothing = np.ones(200, dtype=bool), np.zeros(200, dtype=bool)
    assert screen.screen(table, looks, everything, everything, nothing, None).suspicious <= 2


def test_classes_are_judged_by_their_probabilities():
    rng = np.random.default_rng(1)
    target, cluster = rng.choice(["no", "yes"], 4000), np.repeat(np.arange(200), 20)
    sure = np.where(target == "yes", 0.8, 0.2) + rng.normal(0, 0.05, 4000)
    flipped = cluster < 20
    target = np.where(flipped, np.where(target == "yes", "no", "yes"), target)
    table = table_of(*(b"score\n" + b"1\n" * 20 for _ in range(200)))
    said = Predictions(
        np.where(sure > 0.5, "yes", "no"), np.column_stack([1 - sure, sure]), classes=np.array(["no", "yes"])
    )
    looks = screen.score_datasets(table, np.ones(4000, dtype=bool), said, target, losses.brier)
    everything, nothing = np.ones(200, dtype=bool), np.zeros(200, dtype=bool)
    suspects = screen.screen(table, looks, everything, everything, nothing, None).suspects
    assert {int(re.sub(r"\D", "", item.path)) for item in suspects} == set(range(20))


def test_perfect_predictions_and_constant_targets_are_no_crash(first):
    assert judged(first, constant_target, 0.3).screening.judged == 100
    table = table_of(*(b"score\n" + b"%d\n" % place * 9 for place in range(60)))
    target = table.frame["score"].to_numpy(dtype=float)
    everything = np.ones(60, dtype=bool)
    looks = screen.score_datasets(table, np.ones(len(target), dtype=bool), Predictions(target), target, losses.squared)
    assert screen.screen(table, looks, everything, everything, ~everything, None).suspicious == 0


def test_the_probability_that_a_new_one_lies_above():
    assert screen._probability_above(np.array([2.0, 3.0]), np.array([1.0, 2.0])) == 0.875
