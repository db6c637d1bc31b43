"""What a user demands of a column: the `[contract.NAME]` tables of ml-auto-update.toml. Pure; standard library.

A rule is hard: one value outside it sets the dataset aside, with its line. What is learned from the champion's data
(`modelling.contract`) is soft: it looks at shares. A rule that is set takes the place of what was learned.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ml_action.config import parsers
from ml_action.core import formatting
from ml_action.core.dataclass import dataclass

KINDS = ("number", "boolean", "text", "date")


@dataclass(frozen=True)
class ColumnRule:
    """The user's demands on one column; what is None is left to what was learned."""

    name: str
    type: str | None = None  # number | boolean | text | date
    min: float | None = None
    max: float | None = None
    categories: tuple[str, ...] | None = None
    missing: float | None = None  # the largest share of missing values in a dataset
    required: bool | None = None  # false: a dataset may lack the column
    check: bool | None = None  # false: nothing is asked of the column
    format: str | None = None  # how dates are written (%d/%m/%Y), or the number 1234.5 (1.234,5 €)

    @classmethod
    def parse_all(cls, text: str) -> tuple[ColumnRule, ...]:
        """From a JSON object of objects. Raises ValueError with every problem found."""
        tables = parsers.mapping(text)
        problems = [problem for name, table in tables.items() for problem in _problems(name, table)]
        if problems:
            raise ValueError("; ".join(problems))
        return tuple(_rule(name, table) for name, table in tables.items() if isinstance(table, Mapping))


def _rule(name: str, table: Mapping[str, Any]) -> ColumnRule:
    categories = table.get("categories")
    return ColumnRule(
        name, **{**table, **({"categories": tuple(map(formatting.cell_text, categories))} if categories else {})}
    )


def _problems(name: str, table: object) -> Iterator[str]:
    if not isinstance(table, Mapping):
        yield f"{name!r} has to be a table such as [contract.{name}] with min = 0"
        return
    known = {*ColumnRule.__match_args__} - {"name"}
    yield from (
        f"{name!r} has an unknown key {key!r}; known are {', '.join(sorted(known))}" for key in table.keys() - known
    )
    yield from (f"{name!r}: {key} has to be a number" for key in ("min", "max") if not _is_number(table.get(key, 0)))
    yield from (
        f"{name!r}: {key} has to be true or false"
        for key in ("required", "check")
        if not isinstance(table.get(key, True), bool)
    )
    kind = table.get("type", "")
    if "type" in table and kind not in KINDS:
        yield f"{name!r}: type has to be one of {', '.join(KINDS)}"
    if "format" in table and (not isinstance(table["format"], str) or kind not in ("date", "number")):
        yield f'{name!r}: format is a text, and needs type = "date" or "number"'
    missing = table.get("missing", 0)
    if not _is_number(missing) or not 0 <= missing <= 1:
        yield f"{name!r}: missing has to be a share from 0 to 1"
    categories = table.get("categories", ["a"])
    if not isinstance(categories, list) or not categories or any(isinstance(one, list | dict) for one in categories):
        yield f"{name!r}: categories has to be a list of texts"
    yield from _contradictions(name, table)


def _contradictions(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    """Rules that no value could keep together."""
    if _is_number(table.get("min")) and _is_number(table.get("max")) and table["min"] > table["max"]:
        yield f"{name!r}: min is larger than max"
    if table.keys() & {"min", "max"} and ("categories" in table or table.get("type") in ("boolean", "text")):
        yield f"{name!r}: min and max are for numbers, and categories for texts"


def _is_number(value: object) -> bool:
    """Whether it is a number that a column can be compared with."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond what a float holds
        return False
