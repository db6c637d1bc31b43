"""Batches drawn at random: reproducible in any process, and right where the answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from ml_action.commands.simulate import calibration, results
from ml_action.commands.simulate.calibration import DrawKey
from ml_action.commands.simulate.results import AIM, GAINS, UNCHANGED
from ml_action.core.records.choices import Verdict
from tests.unit.commands.simulate.world import sound_of, texts_of, usual


def timeless(drawn):
    return {place: [replace(one, seconds=0.0) for one in draws] for place, draws in drawn.items()}


@pytest.fixture(scope="module")
def bench():
    return calibration.bench_of(sound_of(texts_of(("steady", 120))), usual(token="secret", force="because"))


def test_a_draw_is_a_batch_as_it_is_and_once_for_each_gain(bench):
    draws = calibration.draw(bench, DrawKey(40, 0))
    assert [(one.there, one.sudden) for one in draws] == [
        (UNCHANGED, False),
        *((gain, False) for gain in GAINS),
        (AIM, True),
    ]
    assert all(one.interval.low <= one.gain <= one.interval.high for one in draws)
    assert draws[3].gain > draws[0].gain
    assert draws[4].gain < draws[2].gain  # the challenger has hardly met the change


def test_the_same_in_whatever_process_and_order(bench, tmp_path):
    places = [DrawKey(40, number) for number in range(3)]
    told = []
    alone = calibration.run(bench, places, 1, tmp_path, lambda *one: told.append(one))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    together = calibration.run(bench, places[::-1], 2, tmp_path, lambda *_: None)
    assert timeless(alone) == timeless(together)


def test_another_seed_draws_another_batch(bench):
    other = replace(bench, settings=bench.settings.with_values(seed=1))
    assert timeless({1: calibration.draw(bench, DrawKey(40, 0))}) != timeless(
        {1: calibration.draw(other, DrawKey(40, 0))}
    )


def test_no_secret_goes_to_other_processes(bench):
    assert (bench.settings.secrets.token, bench.settings.secrets.approver_token, bench.settings.trigger.force) == (
        "",
        "",
        "",
    )


def test_no_more_processes_than_there_is_room_for(bench, monkeypatch):
    assert calibration.processes(bench, 3) == 3
    assert calibration.processes(bench, 0) >= 1
    monkeypatch.setattr(calibration, "_ROOM", 1)
    assert calibration.processes(bench, 3) == 1


def test_a_large_gain_is_found_and_no_gain_is_not(tmp_path):
    bench = calibration.bench_of(sound_of(texts_of(("steady", 300))), usual())
    bench = replace(bench, gains=(AIM, 0.3))
    drawn = calibration.run(bench, [DrawKey(100, number) for number in range(8)], 1, tmp_path, lambda *_: None)
    found = results.summarise(100, [one for draws in drawn.values() for one in draws], bench.gains, 6)
    assert found.power(0.3).found.share == 1
    assert found.power(0.3).measured == pytest.approx(0.3, abs=0.06)
    assert found.unchanged.found.share < 0.5
    assert found.sudden.found.share <= found.power(AIM).found.share


def test_the_jury_knows_whether_a_promotion_was_better(bench, monkeypatch):
    """Where every attempt is promoted, about half of them are no better: nothing had changed."""
    settings = bench.settings.with_values(gate="higher")
    monkeypatch.setattr(calibration.proving.decision, "decide", _promote)
    draws = [calibration.draw(replace(bench, settings=settings, gains=()), DrawKey(40, n))[0] for n in range(6)]
    assert {one.verdict for one in draws} == {Verdict.PROMOTE}
    assert {one.better for one in draws} == {True, False}
    nobody = settings.with_values(test_size=0.0)
    draws = calibration.draw(replace(bench, settings=nobody, gains=()), DrawKey(40, 0))
    assert draws[0].better is None


def _promote(comparison, policy, screening):
    return calibration.proving.Decision(Verdict.PROMOTE, "because")


def test_classes_are_drawn_too():
    texts = [text.replace(",score", ",result") for text in texts_of(("steady", 120))]
    bench = calibration.bench_of(sound_of([_passed(text) for text in texts]), usual(metric="neg_log_loss"))
    draws = calibration.draw(bench, DrawKey(60, 0))
    assert len(draws) == len(GAINS) + 2
    assert np.isfinite([one.gain for one in draws]).all()


def _passed(text):
    head, *rows = text.splitlines()
    parts = [row.rpartition(",") for row in rows]
    return "\n".join([head, *(f"{row},{'yes' if float(score) > 65 else 'no'}" for row, _, score in parts)]) + "\n"
