"""What a cell becomes does not depend on what else is in its file, or in other files."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_action.core.records.contract import ColumnKind
from ml_action.modelling.kinds import typed_table
from ml_action.modelling.reading import csv_batches
from tests.support.modelling import datasets_of
from tests.support.properties import examples

CODES = ["01067", "007", "7", "1E3", "9E999", "TRUE", "true", "1.0", "NA", "None", "null", "-", "?", "nan", " 7"]


def table_of(contents, **known):
    raw = [content.encode() for content in contents]
    kinds = {name: kind if isinstance(kind, ColumnKind) else ColumnKind(kind) for name, kind in known.items()}
    return typed_table.read(datasets_of(raw), lambda: raw, known=kinds).table


def read(contents, **known):
    return table_of(contents, **known).frame


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


def column(*cells: str) -> str:
    return "a,b\n" + "".join(f'"{cell}",1\n' for cell in cells)


def test_dates_become_iso_text():
    found = table_of([column("25/12/2023", "3/4/2024"), column("01/02/2024", "NA")])
    assert found.kinds["a"] == ColumnKind("date", ("%d/%m/%Y",))
    assert found.frame["a"].fillna("").tolist() == ["2023-12-25", "2024-04-03", "2024-02-01", ""]


def test_a_known_date_takes_on_a_form_that_the_cells_prove_and_keeps_what_nothing_decides():
    known = ColumnKind("date", ("ISO",))
    assert read([column("2024-01-02"), column("25/12/2023", "3/4/2024")], a=known)["a"].tolist()[1:] == [
        "2023-12-25", "2024-04-03",
    ]  # fmt: skip
    assert read([column("2024-01-02"), column("3/4/2024")], a=known)["a"].tolist() == ["2024-01-02", "3/4/2024"]


@pytest.mark.parametrize(
    ("cell", "day"), [("20240331", "2024-03-31"), ("1711843200", "2024-03-31"), ("1711843200000", "2024-03-31")]
)
def test_a_known_date_is_read_from_digits(cell, day):
    found = read(["a\n2024-01-02\n", f"a\n{cell}\n{cell}\n"], a=ColumnKind("date", ("ISO",)))
    assert [text[:10] for text in found["a"]] == ["2024-01-02", day, day]


def test_days_as_whole_numbers_are_dates_and_other_numbers_are_not():
    days = [f"202403{day:02}" for day in range(1, 20)]
    assert table_of(["a\n" + "\n".join(days)]).frame["a"].tolist()[0] == "2024-03-01"
    assert "a" not in table_of(["a\n" + "\n".join([*days, "20241301"])]).kinds


def test_numbers_are_read_by_the_form_of_their_column_in_every_file():
    found = table_of([column("1.234,5", "3,5", "0,25"), column("1.234"), column("12", "NA", "?")])
    assert found.kinds["a"] == ColumnKind("number", ("1.234,5",))
    assert found.frame["a"].fillna(-1).tolist() == [1234.5, 3.5, 0.25, 1234, 12, -1, -1]


def test_thousands_from_a_thousand_on():
    found = table_of([column("950.5"), column("1,163.74", "2,000.00", "3,500.10"), column("12.25")])
    assert found.frame["a"].tolist() == [950.5, 1163.74, 2000, 3500.1, 12.25]


def test_a_cell_of_another_form_stays_text():
    found = read([column(*(f"{n} %" for n in range(40))), column("0.38")])
    assert found["a"].tolist()[-1] == "0.38"


def test_a_row_of_units_is_emptied():
    files = ["temp,wind,room\ndegC,m/s,-\n1.5,2,A\n3,4,B\n", "temp,wind,room\ndegC,m/s,-\n5,6,A\n"]
    found = read(files)
    assert found["temp"].fillna(-1).tolist() == [-1, 1.5, 3, -1, 5]
    assert found.isna().all(axis=1).tolist() == [True, False, False, True, False]


def test_one_word_in_the_first_row_of_one_file_is_an_error_and_no_unit():
    found = read(["a,b\nx,1\n2,1\n3,1\n", "a,b\n4,1\n5,1\n", "a,b\n7,1\n"], a="number")
    assert found["a"].tolist() == ["x", 2, 3, 4, 5, 7]


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.sampled_from(["12", "1.234", "NA", "0,5", "", "x"]), min_size=1, max_size=5))
def test_a_value_depends_on_its_cell_alone(cells):
    kind = ColumnKind("number", ("1.234,5",))
    together = read([column(*cells), column("7,5")], a=kind)["a"].astype(object)
    alone = [read([column(cell)], a=kind)["a"].astype(object).iloc[0] for cell in cells]
    assert [str(one) for one in together[: len(cells)]] == [str(one) if one is not None else "nan" for one in alone]
