"""Checks of a target: filled, varied, and of values that suit the task."""

import numpy as np
import pandas as pd
import pytest

from ml_action.core.errors import DataError, SettingsError
from ml_action.modelling.training import targets
from ml_action.modelling.training.targets import ConstantTargetError, too_many_classes


def check(values, task="classification", *, private=False):
    targets.check("price", pd.Series(values), task, private=private)


def test_values_that_suit_the_task_pass():
    check([1.5, 2.5], "regression")
    check(["yes", "no"])
    check([0.0, 1.0])


def test_values_that_do_not_suit_the_task_are_refused():
    with pytest.raises(DataError, match="regression needs numbers"):
        check(["a", "b"], "regression")
    with pytest.raises(DataError, match="classification needs classes"):
        check([0.5, 1.5])
    with pytest.raises(ConstantTargetError):
        check(["a", "a"])


@pytest.mark.parametrize(
    ("count", "rows", "too_many"),
    [(2, 2, False), (50, 50, False), (51, 509, True), (51, 510, False), (1000, 10_000, False), (1001, 10**6, True)],
)
def test_many_classes_need_many_rows(count, rows, too_many):
    assert too_many_classes(count, rows) is too_many


def test_money_written_as_text_is_refused_with_a_sample():
    with pytest.raises(DataError) as caught:
        check([f"${number:,}.50" for number in range(1000, 1300)])
    assert "300 different values in 300 rows, such as '$1,000.50'" in str(caught.value)
    assert "Write plain numbers such as 1234.5" in caught.value.fix


def test_numbers_that_are_called_classes_are_refused():
    with pytest.raises(DataError) as caught:
        check(np.arange(300))
    assert "Set `task` to regression" in caught.value.fix


def test_private_samples_are_withheld():
    with pytest.raises(DataError) as caught:
        check([f"name {number}" for number in range(300)], private=True)
    assert "name 0" not in str(caught.value)
    assert "[private]" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("yes", ["no", "yes"], "yes"), ("YES", ["no", "yes"], "yes"), ("Yes", ["yes", "Yes"], "Yes"),
        ("1", [0.0, 1.0], 1), ("2", [1, 2], 2), ("true", [True, False], True), ("01", ["01", "02"], "01"),
    ],
)  # fmt: skip
def test_a_class_is_named_by_its_text(text, values, expected):
    found = targets.class_named(text, pd.Series(values), private=False)
    assert (found, type(found)) == (expected, type(expected))


def test_an_unknown_class_is_an_error_that_lists_the_others():
    with pytest.raises(SettingsError) as caught:
        targets.class_named("yess", pd.Series(["no", "yes"]), private=False)
    assert "The classes are 'no', 'yes'." in str(caught.value)
    assert "Did you mean 'yes'?" in str(caught.value)
    with pytest.raises(SettingsError) as caught:
        targets.class_named("yess", pd.Series(["no", "yes"]), private=True)
    assert "'yes'" not in str(caught.value).replace("'yess'", "")
