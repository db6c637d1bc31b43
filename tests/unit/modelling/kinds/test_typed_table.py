"""What a cell becomes does not depend on what else is in its file, or in other files."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_action.modelling.kinds import typed_table
from ml_action.modelling.reading import csv_batches
from tests.support.modelling import datasets_of
from tests.support.properties import examples

CODES = ["01067", "007", "7", "1E3", "9E999", "TRUE", "true", "1.0", "NA", "None", "null", "-", "?", "nan", " 7"]


def read(contents, **known):
    raw = [content.encode() for content in contents]
    return typed_table.read(datasets_of(raw), lambda: raw, known=known).table.frame


@st.composite
def columns_of_codes(draw):
    """Files with cells of a column, of which most files hold a word."""
    files = draw(st.lists(st.lists(st.sampled_from(CODES), min_size=1, max_size=4), min_size=1, max_size=4))
    return [["A7"], *([*cells, "A7"] for cells in files), *files]


@settings(max_examples=examples(100), deadline=None)
@given(columns_of_codes(), st.sampled_from([csv_batches.BATCH, 30]))
def test_cells_of_a_column_of_words_are_kept(files, batch):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_batches, "BATCH", batch)
        found = read(["code,n\n" + "".join(f"{cell},1\n" for cell in cells) for cells in files], code="text")
        assert found["code"].tolist() == [cell for cells in files for cell in cells]
        if any(cell not in ("NA", "None", "null", "-", "?", "nan") for cells in files for cell in cells):
            learned = read(["code,n\n" + "".join(f"{cell},1\n" for cell in cells) for cells in files])
            assert learned["code"].tolist() == found["code"].tolist()


def test_the_empty_cell_alone_is_missing():
    assert read(['a,b\nred,1\n"",1\n,1\nNA,1\n'])["a"].isna().tolist() == [False, True, True, False]


def test_a_file_of_nothing_but_a_word_that_pandas_takes_for_missing():
    found = read(["a,b\nNone,1\n", "a,b\nred,1\nNone,2\n", "a,b\n,1\n", "a,b\nNone,1\n"])
    assert found["a"].fillna("").tolist() == ["None", "red", "None", "", "None"]


def test_a_column_of_numbers_stays_one_whatever_a_batch_holds():
    found = read(["a\nx\n", "a\ny\n", "a\n7\n"], a="number")
    assert found["a"].tolist() == ["x", "y", 7]
