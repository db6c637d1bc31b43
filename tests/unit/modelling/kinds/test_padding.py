"""Codes that pandas reads as numbers are noticed by their leading zeros."""

import gzip

import pandas as pd
import pytest

from ml_action.core.records.contract import ColumnKind
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.kinds import padding, typed_table
from ml_action.modelling.kinds.learning import TEXT


def read(*texts, name="{}.csv", known=None):
    datasets = [Dataset(name.format(number), str(number)) for number in range(len(texts))]
    contents = [text if isinstance(text, bytes) else text.encode() for text in texts]
    return typed_table.read(datasets, lambda: contents, known=known or {}).table


@pytest.mark.parametrize(
    ("text", "padded"),
    [
        ("plz,x\n01067,1\n10115,2\n", {"plz": "01067"}),
        ('plz,x\n"007",1\n7,2\n', {"plz": "007"}),
        ("a;plz\n1;04109\n2;10115\n", {"plz": "04109"}),
        ("plz,x\n01067,1\n,2\n", {"plz": "01067"}),  # a gap makes the column one of floats
        ("x,y\n0,1\n10,0\n", {}),
        ("x,y\ninf,1\n10,0\n", {}),
        ("x,y\n,1\n,0\n", {}),
        ("x,y\n0.5,1\n0.25,2\n", {}),
        ("x,y\n-01,1\n2,2\n", {}),  # no code
        ("x,y\na01,1\nb02,2\n", {}),
    ],
)
def test_leading_zeros_are_found(text, padded):
    assert read(text).padded == padded


def test_they_are_found_in_any_of_the_first_files():
    assert read("plz\n10115\n", "plz\n10117\n", "plz\n01067\n").padded == {"plz": "01067"}


def test_they_are_found_in_a_packed_file():
    assert read(gzip.compress(b"plz\n01067\n"), name="{}.csv.gz").padded == {"plz": "01067"}


@pytest.mark.parametrize("kind", [TEXT, ColumnKind("number", ())])
def test_a_column_whose_kind_is_decided_is_not_reported(kind):
    assert read("plz,x\n01067,1\n10115,2\n", known={"plz": kind}).padded == {}


def test_a_file_is_opened_only_if_there_is_a_column_to_look_at():
    table = read("word,x\na,0.5\nb,0.25\n")

    def never():
        raise AssertionError
        yield

    assert padding.find_padded(table, table.datasets, never(), ()) == {}
    assert isinstance(table.frame, pd.DataFrame)


def test_selected_datasets_keep_what_was_found():
    table = read("plz\n10115\n", "plz\n01067\n")
    assert table.select(table.has("plz")).padded == {"plz": "01067"}
