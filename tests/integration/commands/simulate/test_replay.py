"""The replay gives the verdicts of the loop, in the order of the arrivals."""

import pytest

from ml_action.commands.simulate import attempt, replay, results
from ml_action.core.errors import ModelError
from ml_action.core.records.choices import Verdict
from tests.support.simulation import arrivals_of, options_of, texts_of, usable_of, usual


def run(texts, sizes, **settings):
    chosen = usual(**settings)
    usable = usable_of(texts, chosen)
    steps = []
    found = replay.run(usable, arrivals_of(usable, sizes), options_of(usable, chosen), lambda *one: steps.append(one))
    assert steps[-1] == (sum(sizes), len(usable.table.datasets))
    return found


def test_replay_promotes_the_first_model_and_after_the_drift():
    found = run(texts_of(("steady", 180), ("drifted", 75)), [60, 60, 60, 60, 15])
    assert [(one.verdict, one.version, one.new, one.datasets) for one in found.rounds] == [
        (Verdict.PROMOTE, "v1", 60, 60),
        (Verdict.HOLD, "v1", 60, 120),
        (Verdict.HOLD, "v1", 60, 180),
        (Verdict.PROMOTE, "v2", 60, 240),
    ]
    assert [one.time[:10] for one in found.rounds] == [f"2026-01-0{day}" for day in (1, 2, 3, 4)]
    assert [one.champion for one in found.rounds] == ["", "v1", "v1", "v1"]
    first, *_, last = found.rounds
    assert last.interval.low < last.gain < last.interval.high
    assert first.gain > last.gain  # the dummy is easily beaten
    assert (found.waiting, found.datasets, found.set_aside) == (15, 255, 0)


def test_datasets_that_arrive_one_by_one_make_batches_of_the_threshold():
    found = run(texts_of(("steady", 85)), [1] * 85)
    assert [one.new for one in found.rounds] == [40, 40]
    assert found.waiting == 5


def test_too_few_datasets_make_no_attempt():
    assert run(texts_of(("steady", 39)), [39]) == results.Replay((), 39, 39, 0)


def in_another_unit(text):
    head, *rows = text.splitlines()
    return (
        "\n".join([head, *(f"{row.rpartition(',')[0]},{float(row.rpartition(',')[2]) * 1000}" for row in rows)]) + "\n"
    )


def test_dataset_that_the_contract_rejects_does_not_count():
    texts = texts_of(("steady", 86))
    texts[60:62] = map(in_another_unit, texts[60:62])
    found = run(texts, [45, 20, 20, 1])
    assert [(one.new, one.verdict) for one in found.rounds] == [(45, Verdict.PROMOTE)]
    assert found.waiting == 39
    assert found.set_aside == 0  # it is checked when it arrives, and not before


def test_broken_source_stops_the_loop_but_not_the_replay():
    texts = texts_of(("steady", 135))
    texts[50:60] = map(in_another_unit, texts[50:60])
    found = run(texts, [45, 45, 45])
    assert [one.verdict for one in found.rounds] == [Verdict.PROMOTE, Verdict.FAILED, Verdict.HOLD]
    assert "10 of 45 new datasets are bad; the first, data/0050.csv, has" in found.rounds[1].reason
    assert found.rounds[2].new == 80


def test_drift_starts_an_early_attempt_with_a_drift_threshold():
    texts = texts_of(("steady", 90), ("drifted", 35))
    sizes = [45, 45, 35]
    moved = [text.replace("\n", "\n", 1) for text in texts]
    moved[90:] = [_more_hours(text) for text in texts[90:]]
    assert len(run(moved, sizes).rounds) == 2
    early = run(moved, sizes, drift_threshold=30)
    assert [one.new for one in early.rounds] == [45, 45, 35]
    assert len(run(texts[:90] + texts[:35], sizes, drift_threshold=30).rounds) == 2  # no drift


def _more_hours(text):
    head, *rows = text.splitlines()
    return "\n".join([head, *(f"{float(row.split(',')[0]) + 2},{row.split(',', 1)[1]}" for row in rows)]) + "\n"


def test_attempt_after_a_failed_one_is_made(monkeypatch):
    problems = [ModelError("LinearRegression could not be fitted")]
    train = attempt.experiment.train_and_compare

    def fails_once(*arguments):
        if problems:
            raise problems.pop()
        return train(*arguments)

    monkeypatch.setattr(attempt.experiment, "train_and_compare", fails_once)
    found = run(texts_of(("steady", 90)), [45, 45])
    assert [one.verdict for one in found.rounds] == [Verdict.FAILED, Verdict.PROMOTE]
    assert (found.rounds[0].gain, found.rounds[0].reason) == (None, "LinearRegression could not be fitted")


@pytest.mark.parametrize("gate", ["better", "higher"])
def test_another_policy_has_another_replay(gate):
    found = run(texts_of(("steady", 240)), [60] * 4, gate=gate)
    assert sum(one.verdict is Verdict.PROMOTE for one in found.rounds) >= (1 if gate == "better" else 2)
