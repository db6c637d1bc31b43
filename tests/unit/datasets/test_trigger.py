import pytest

from ml_action.core.records.dataset import Dataset, Inventory, Trigger
from ml_action.datasets.trigger import evaluate, recount


def inventory(count):
    return Inventory("tree", "since", tuple(Dataset(f"data/{n}.csv", str(n)) for n in range(count)))


@pytest.mark.parametrize(
    ("count", "threshold", "ready", "reason"),
    [
        (0, 1, False, "waiting 0/1: 1 more new dataset starts a training"),
        (199, 200, False, "waiting 199/200: 1 more new dataset starts a training"),
        (200, 200, True, "ready 200/200: enough new datasets arrived"),
        (220, 200, True, "ready 220/200: enough new datasets arrived"),
    ],
)
def test_the_trigger_is_pulled_when_the_count_reaches_the_threshold(count, threshold, ready, reason):
    assert evaluate(inventory(count), threshold) == Trigger(ready, count, threshold, reason)


def test_unfit_datasets_do_not_pull_the_trigger():
    counted = recount(Trigger(True, 205, 200, "ready"), 195)
    assert counted == Trigger(
        False, 195, 200, "waiting 195/200: 10 of 205 new datasets were set aside, 5 more start a training"
    )


def test_a_few_unfit_datasets_do_not_keep_enough_sound_ones_from_pulling_it():
    assert recount(Trigger(True, 205, 200, "ready 205/200"), 200) == Trigger(True, 200, 200, "ready 205/200")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (143, "waiting 143/200 rows: 57 more new rows start a training"),
        (200, "ready 200/200 rows: enough new rows arrived"),
    ],
)
def test_rows_are_counted_where_they_are_the_unit(rows, reason):
    found = evaluate(Inventory("tree", "since", (), rows=rows), 200, "rows")
    assert (found.count, found.ready, found.reason, found.unit) == (rows, rows >= 200, reason, "rows")


def test_unfit_rows_do_not_pull_the_trigger():
    counted = recount(Trigger(True, 205, 200, "ready", "rows"), 195)
    assert (
        counted.reason
        == "waiting 195/200 rows: 10 of 205 new rows are bad or were counted before, 5 more start a training"
    )
