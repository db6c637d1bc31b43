"""Old datasets, new ones, and what the learned contract has against each new one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from ml_action.config.column_rules import ColumnRule
from ml_action.core.records.contract import DataContract
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.contract import checks, learning
from ml_action.modelling.reading import table as frames
from ml_action.modelling.reading.columns import automatic_features
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation import datasets as validation
from ml_action.modelling.validation.requirements import Requirements
from tests.support.modelling import blob_of, students

HOURS, SLEEP, ROOM, SCORE = range(4)


def edited(content: bytes, change: Callable[[list[list[str]]], list[list[str]]]) -> bytes:
    """A CSV file with other rows."""
    header, *rows = content.decode().split()
    return "\n".join([header, *map(",".join, change([row.split(",") for row in rows])), ""]).encode()


def mapped(content: bytes, column: int, change: Callable[[str], str]) -> bytes:
    """A CSV file with other values in one column."""
    return edited(
        content, lambda rows: [[*row[:column], change(row[column]), *row[column + 1 :]] for row in rows]
    )  # fmt: skip


def scaled(content: bytes, column: int, factor: float) -> bytes:
    return mapped(content, column, lambda cell: f"{float(cell) * factor:.8g}")


def table_of(
    old: Sequence[bytes], new: Sequence[bytes] = (), *, target: str = "score", rules: Sequence[ColumnRule] = ()
) -> Table:
    """The valid datasets; the folder shows which are old."""
    datasets = [
        Dataset(f"{folder}/{place}.csv", blob_of(f"{folder}{place}".encode() + content))
        for folder, contents in (("old", old), ("new", new))
        for place, content in enumerate(contents)
    ]
    table, unreadable = frames.read(datasets, [*old, *new])
    table, unfit = validation.validate(table, Requirements((target,), rules=rules))
    assert not unreadable
    assert not unfit
    return table


def features_of(table: Table, target: str = "score") -> tuple[str, ...]:
    return automatic_features(table, (target,))


def is_new(table: Table) -> npt.NDArray[np.bool_]:
    return np.array([dataset.path.startswith("new/") for dataset in table.datasets], dtype=bool)


def learned(old: Sequence[bytes] | Table, *, target: str = "score", suspect: float = 0.0) -> DataContract:
    table = old if isinstance(old, Table) else table_of(old, target=target)
    return learning.learn_contract(table, (target,), features_of(table, target), suspect)


def judged(
    old: Sequence[bytes], new: Sequence[bytes], *, target: str = "score", rules: Sequence[ColumnRule] = (),
    holdout: int = 0, suspect: float = 0.0,
) -> list[str]:  # fmt: skip
    """The reason against each new dataset, or nothing; without old ones they are judged against themselves."""
    table = table_of(old, new, target=target, rules=rules)
    fresh = is_new(table)
    reference = table.select(~fresh) if old else table
    contract = learned(reference, target=target, suspect=suspect)
    held_out = ~fresh & (np.arange(len(fresh)) < holdout)
    found = {item.path: item.reason for item in checks.check_against_contract(table, contract, rules, fresh, held_out)}
    assert not any(path.startswith("old/") for path in found)
    return [found.get(f"new/{place}.csv", "") for place in range(len(new))]


def against(damage: Callable[[bytes], bytes], **settings: Any) -> list[str]:
    """The reasons against ten damaged students, among ten good ones against which there is nothing."""
    good, bad = students(2, 10), students(3, 10)
    reasons = judged(students(1, 60), [*good, *map(damage, bad)], **settings)
    assert reasons[:10] == [""] * 10
    return reasons[10:]


CELLS = st.sampled_from([
    "", "0", "-0.0", "1", "2", "-3", "4.5", "12.0", "1e308", "-1.7e308", "5e-324", "1e-310", "9007199254740993",
    "18446744073709551615", "-9223372036854775808", "99999999999999999999999", "True", "False", "a", "A1", "é",
    "2024-01-31", "nan", "x" * 300, "{}", "%s", "::error::", "\u202e",
])  # fmt: skip
NUMBERS = st.sampled_from(["0", "1", "-1", "2.5", "1e308", "-1.7e308", "5e-324", "9007199254740993", "7", "", "1e150"])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[bytes], list[bytes]]:
    """Old and new datasets of few rows with the nastiest cells; more old ones than a contract needs."""
    columns = draw(st.lists(st.sampled_from(["a", "b", "c", "flag", '"x,{}"']), unique=True, min_size=1, max_size=4))
    kinds = [draw(st.sampled_from([CELLS, NUMBERS])) for _ in columns]

    def dataset() -> bytes:
        rows = draw(st.lists(st.tuples(*kinds, NUMBERS.filter(bool)), min_size=1, max_size=7))
        return "\n".join([",".join([*columns, "score"]), *map(",".join, rows), ""]).encode()

    templates = [dataset() for _ in range(draw(st.integers(1, 4)))]
    return [templates[place % len(templates)] for place in range(24)], [dataset() for _ in range(3)]
