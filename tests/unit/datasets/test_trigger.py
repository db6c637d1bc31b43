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
    counted = recount(Trigger(True, 205, 200, "ready"), 195, 10)
    assert counted == Trigger(
        False, 195, 200, "waiting 195/200: 10 of 205 new datasets are bad, 5 more start a training"
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


@pytest.mark.parametrize(
    ("unit", "bad", "why"),
    [
        ("rows", 10, "10 of 205 new rows are bad"),
        ("rows", 0, "10 of 205 new rows counted before"),
        ("rows", 1, "1 of 205 new rows is bad, 9 counted before"),
        ("rows", 9, "9 of 205 new rows are bad, 1 counted before"),
        ("rows", 99, "10 of 205 new rows are bad"),
        ("rows", None, "10 of 205 new rows do not count"),
        ("datasets", 3, "3 of 205 new datasets are bad, 7 are copies"),
        ("datasets", 9, "9 of 205 new datasets are bad, 1 is a copy"),
    ],
)
def test_bad_ones_and_those_that_counted_before_have_numbers_of_their_own(unit, bad, why):
    counted = recount(Trigger(True, 205, 200, "ready", unit), 195, bad)
    shown = "195/200 rows" if unit == "rows" else "195/200"
    assert counted.reason == f"waiting {shown}: {why}, 5 more start a training"
