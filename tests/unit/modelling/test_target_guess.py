"""The guess of the target, and whether more than a column's place speaks for it."""

import pandas as pd
import pytest

from ml_action.modelling.target_guess import guess_target


def guess(*names):
    return guess_target(names, pd.DataFrame({name: [1.0, 2.0, 3.0] for name in names}))


@pytest.mark.parametrize(
    ("names", "target"),
    [
        (("score", "a", "b"), "score"),
        (("Target", "price", "b"), "Target"),
        (("SalePrice", "area", "beds"), "SalePrice"),
        (("exam_score", "hours"), "exam_score"),
        (("label", "y", "a"), "label"),
    ],
)
def test_a_name_that_sounds_like_a_target_is_certain(names, target):
    found = guess(*names)
    assert (found.target, found.certain) == (target, True)


def test_the_last_column_is_a_guess():
    found = guess("a", "b", "mpg")
    assert (found.target, found.certain) == ("mpg", False)


def test_of_two_likely_names_none_is_certain():
    found = guess("price", "area", "sales")
    assert not found.certain
    assert "'price', 'sales' sound like it" in found.reason


def test_a_column_of_one_value_is_not_taken_by_its_name():
    frame = pd.DataFrame({"score": [1, 1, 1], "a": [1, 2, 3], "b": [3, 1, 2]})
    assert guess_target(list(frame), frame).target == "b"
