"""Random batches: the same in any process, and right where the true gain is known."""

from dataclasses import replace

import numpy as np
import pytest

from ml_action.commands.simulate import attempt, calibration, results, workers
from ml_action.commands.simulate.calibration import DrawKey
from ml_action.commands.simulate.results import AIM, GAINS, UNCHANGED
from ml_action.commands.simulate.workers import Workers, workers_for
from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import Decision
from tests.support.simulation import texts_of, usable_of, usual


def without_times(drawn):
    return {one.key: [replace(draw, seconds=0.0) for draw in one.draws] for one in drawn}


@pytest.fixture(scope="module")
def given():
    return calibration.input_for(usable_of(texts_of(("steady", 120))), usual(token="secret", force="because"))


def test_draw_has_an_unchanged_batch_and_one_for_each_gain(given):
    draws = calibration.draw(given, DrawKey(40, 0)).draws
    assert [(one.true_gain, one.one_batch_only) for one in draws] == [
        (UNCHANGED, False),
        *((gain, False) for gain in GAINS),
        (AIM, True),
    ]
    assert all(one.interval.low <= one.gain <= one.interval.high for one in draws)
    assert draws[3].gain > draws[0].gain
    assert draws[4].gain < draws[2].gain  # the challenger has hardly seen the change


def test_draws_are_the_same_in_any_process_and_order(given, tmp_path):
    keys = [DrawKey(40, number) for number in range(3)]
    steps = []
    alone = Workers(1, tmp_path).draw(given, keys, lambda *step: steps.append(step))
    assert steps == [(0, 3), (1, 3), (2, 3), (3, 3)]
    together = Workers(2, tmp_path).draw(given, keys[::-1], lambda *_: None)
    assert without_times(alone) == without_times(together)


def test_another_seed_draws_another_batch(given):
    other = replace(given, settings=given.settings.with_values(seed=1))
    assert without_times([calibration.draw(given, DrawKey(40, 0))]) != without_times(
        [calibration.draw(other, DrawKey(40, 0))]
    )


def test_no_secret_is_sent_to_other_processes(given):
    secrets, trigger = given.settings.secrets, given.settings.trigger
    assert (secrets.token, secrets.approver_token, trigger.force) == ("", "", "")


def test_no_more_processes_than_fit_into_memory(given, tmp_path, monkeypatch):
    assert workers_for(given, 3, tmp_path).count == 3
    assert workers_for(given, 0, tmp_path).count >= 1
    monkeypatch.setattr(workers, "_MAX_CELLS", 1)
    assert workers_for(given, 3, tmp_path).count == 1


def test_large_gain_is_found_and_no_gain_is_not(tmp_path):
    given = calibration.input_for(usable_of(texts_of(("steady", 300))), usual())
    given = replace(given, gains=(AIM, 0.3))
    keys = [DrawKey(100, number) for number in range(8)]
    drawn = Workers(1, tmp_path).draw(given, keys, lambda *_: None)
    found = results.summarise(100, [draw for one in drawn for draw in one.draws], given.gains, 6)
    assert found.power(0.3).found.share == 1
    assert found.power(0.3).measured == pytest.approx(0.3, abs=0.06)
    assert found.unchanged.found.share < 0.5
    assert found.one_batch_only.found.share <= found.power(AIM).found.share


def test_jury_decides_whether_a_promotion_was_better(given, monkeypatch):
    """If every attempt is promoted, about half of them are no better: nothing changed."""
    settings = given.settings.with_values(gate="higher")
    monkeypatch.setattr(attempt.gate, "decide", lambda *_: Decision(Verdict.PROMOTE, "because"))
    inputs = replace(given, settings=settings, gains=())
    draws = [calibration.draw(inputs, DrawKey(40, number)).draws[0] for number in range(6)]
    assert {one.verdict for one in draws} == {Verdict.PROMOTE}
    assert {one.better for one in draws} == {True, False}
    without_jury = replace(inputs, settings=settings.with_values(test_size=0.0))
    assert calibration.draw(without_jury, DrawKey(40, 0)).draws[0].better is None


def test_classes_are_drawn():
    texts = [text.replace(",score", ",result") for text in texts_of(("steady", 120))]
    given = calibration.input_for(usable_of([_passed(text) for text in texts]), usual(metric="neg_log_loss"))
    draws = calibration.draw(given, DrawKey(60, 0)).draws
    assert len(draws) == len(GAINS) + 2
    assert np.isfinite([one.gain for one in draws]).all()


def _passed(text):
    head, *rows = text.splitlines()
    parts = [row.rpartition(",") for row in rows]
    return "\n".join([head, *(f"{row},{'yes' if float(score) > 65 else 'no'}" for row, _, score in parts)]) + "\n"
