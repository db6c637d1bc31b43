"""Values of cells in sentences."""

from __future__ import annotations

import pytest

from ml_action.core import cells
from ml_action.core.cells import Cell, Sentence
from ml_action.core.errors import DataError


def test_a_cell_is_shown_unless_its_data_are_private():
    reason = Sentence("holds '", Cell("many"), "' in the column 'a'")
    assert cells.written(reason, private=False) == "holds 'many' in the column 'a'"
    assert cells.written(reason, private=True) == "holds '[private]' in the column 'a'"
    assert cells.written("has no rows", private=True) == "has no rows"


def test_a_cell_cannot_be_mixed_into_our_own_words():
    for mix in (str, "{}".format, lambda cell: f"{cell}"):
        with pytest.raises(TypeError, match="not a string"):
            mix(Cell("many"))


def test_a_value_takes_the_first_place_of_a_template_whatever_it_holds():
    for value in ("7", "{}", "{0}"):
        assert cells.written(cells.with_value("holds {} in '{}'", value), private=False) == f"holds {value} in '{{}}'"
    assert cells.written(cells.with_value("is empty", "7"), private=False) == "is empty"


def test_an_error_of_private_data_is_known_by_its_kind():
    message = cells.of_error(ValueError("many"), "many")
    assert (
        cells.written(cells.joined("cannot predict: ", message), private=True)
        == "cannot predict: ValueError: [private]"
    )
    assert cells.written(cells.joined("cannot predict: ", message), private=False) == "cannot predict: ValueError: many"


def test_the_report_of_a_bug_quotes_no_private_cell():
    with (
        pytest.raises(cells.UnexpectedError, match=r"^ValueError: \[private\]$") as found,
        cells.unexpected_withheld(private=True, expected=(DataError,)),
    ):
        float("many")
    assert found.value.__suppress_context__
    with pytest.raises(ValueError, match="many"), cells.unexpected_withheld(private=False, expected=()):
        float("many")
    with pytest.raises(DataError, match="ours"), cells.unexpected_withheld(private=True, expected=(DataError,)):
        raise DataError("ours")
