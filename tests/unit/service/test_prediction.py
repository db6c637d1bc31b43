import asyncio
import time
from types import SimpleNamespace

import pytest

from ml_action.consumer import Folder
from ml_action.consumer.consumer import Consumer
from service.prediction import MAX_BATCH, THREADS, Pace, Predictions

BOOSTED = "sklearn.ensemble.HistGradientBoostingRegressor"


class Model:
    """Doubles x, and remembers how many rows it was asked for at a time."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds
        self.asked = []

    def predict(self, rows):
        self.asked.append(len(rows))
        time.sleep(self.seconds)
        if any(row["x"] < 0 for row in rows):
            raise ValueError("negative")
        return [2 * row["x"] for row in rows]


def answers_of(model, pace, numbers):
    """Returns what concurrent requests with these numbers get; an exception is an answer too."""

    async def ask():
        predictions = Predictions(model, pace)
        return await asyncio.gather(*(predictions.one({"x": x}) for x in numbers), return_exceptions=True)

    return asyncio.run(ask())


@pytest.mark.parametrize("inline", [0, MAX_BATCH])
def test_concurrent_rows_are_predicted_together_and_each_gets_its_own_answer(inline):
    model = Model()
    assert answers_of(model, Pace(inline, batches=True), range(150)) == [2 * x for x in range(150)]
    assert model.asked == [64, 64, 22]


def test_a_row_alone_is_predicted_at_once():
    model = Model()
    assert answers_of(model, Pace(MAX_BATCH, batches=True), [5]) == [10]
    assert model.asked == [1]


def test_rows_that_arrive_while_the_model_is_busy_are_the_next_batch():
    model = Model(0.05)

    async def ask():
        predictions = Predictions(model, Pace(0, batches=True))
        first = asyncio.create_task(predictions.one({"x": 1}))
        await asyncio.sleep(0.01)
        return [await first, *await asyncio.gather(*(predictions.one({"x": x}) for x in (2, 3)))]

    assert asyncio.run(ask()) == [2, 4, 6]
    assert model.asked == [1, 2]


def test_a_row_that_the_model_cannot_predict_spoils_no_other():
    found = answers_of(Model(), Pace(MAX_BATCH, batches=True), [1, -1, 2])
    assert (found[0], found[2]) == (2, 4)
    assert isinstance(found[1], ValueError)


def test_a_client_that_hangs_up_spoils_no_other():
    async def ask():
        predictions = Predictions(Model(0.05), Pace(0, batches=True))
        tasks = [asyncio.create_task(predictions.one({"x": x})) for x in (1, 2)]
        await asyncio.sleep(0.01)
        tasks[0].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    gone, answer = asyncio.run(ask())
    assert isinstance(gone, asyncio.CancelledError)
    assert answer == 4


def test_rows_are_predicted_one_by_one_where_batches_would_change_or_save_nothing():
    model = Model()
    assert answers_of(model, Pace(MAX_BATCH, batches=False), [1, 2, 3]) == [2, 4, 6]
    assert model.asked == [1, 1, 1]


def test_few_threads_predict_at_a_time():
    model, busy, most = Model(), 0, []

    def predict(rows):
        nonlocal busy
        busy += 1
        most.append(busy)
        time.sleep(0.01)
        busy -= 1
        return [0]

    model.predict = predict
    answers_of(model, Pace(0, batches=False), range(20))
    assert max(most) <= THREADS


@pytest.mark.parametrize(
    ("rowwise", "seconds", "batches"), [(True, 0.001, True), (False, 0.001, False), (True, 0.0, False)]
)
def test_batches_are_for_slow_models_whose_rows_do_not_depend_on_each_other(monkeypatch, rowwise, seconds, batches):
    clock = [0.0]  # one that does not run while the machine does something else

    def predict(rows):
        clock[0] += seconds

    monkeypatch.setattr("service.prediction.time", SimpleNamespace(perf_counter=lambda: clock[0]))
    served = SimpleNamespace(
        version=SimpleNamespace(sample={"x": 1}), predictor=SimpleNamespace(rowwise=rowwise), predict=predict
    )
    assert Pace.of(served).batches is batches


def test_a_boosted_model_answers_batches_with_the_bits_of_single_rows(models):
    models.publish(columns="hours_studied age income noisy", targets=("noisy",), estimator=BOOSTED)
    consumer = Consumer(Folder(models.path))
    assert consumer.refresh()
    rows = [{"hours_studied": x / 10, "age": 20.0 + x, "income": 100.0 * x} for x in range(100)]
    alone = [consumer.current.predict([row])[0] for row in rows]

    async def ask():
        predictions = Predictions(consumer.current, Pace(MAX_BATCH, batches=True))
        return await asyncio.gather(*map(predictions.one, rows))

    assert asyncio.run(ask()) == alone
