"""Columns that say whose a row is, or which row it is: by their names and by the shape of their values.

An owner, such as a patient or a machine, has several rows: these are alike, and belong together. A key is another one
in each row: it says nothing about other rows. A name alone is weak evidence, and so is a shape: each needs the other,
but for numbers that count the rows of each file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

Groups = npt.NDArray[np.int64]

MIN_OWNERS = 30  # that the gate needs
FEW_ROWS = 5  # numbers in fewer rows count nothing
UNNAMED = "Unnamed: "  # how pandas calls a column without a name

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|#")
_KEYS = frozenset({"id", "ids", "uuid", "guid", "key", "nbr", "nr", "#", "identifier", "pk", "rowid", "objectid"})
_ROWS = frozenset({"index", "row", "rownum", "rownumber", "rownames", "idx"})
# These name what the word before them is, as in "customer number".
_NUMBERS = frozenset({"no", "num", "number", "code", "name"})
_SERIAL = frozenset({"s", "sr", "sl", "serial", "row", "line", "record"})
_COUNTERS = frozenset({"no", "num", "number", "n", "x", "i", "nr", "count", "counter", "column"})  # if they count rows
_TIMES = frozenset(
    {"year", "month", "day", "date", "time", "week", "hour", "hours", "minute", "second", "quarter", "t", "step"}
    | {"cycle", "age", "period", "epoch", "timestamp"}
)
_OWNERS = frozenset(
    {"user", "person", "people", "patient", "customer", "client", "student", "subject", "member", "household", "pupil"}
    | {
        "employee",
        "passenger",
        "participant",
        "respondent",
        "driver",
        "worker",
        "player",
        "borrower",
        "tenant",
        "owner",
    }
    | {"child", "mother", "animal", "contact", "lead", "company", "team", "supplier", "vendor", "merchant", "host"}
    | {"device", "machine", "engine", "sensor", "turbine", "meter", "robot", "truck", "vessel", "vehicle", "equipment"}
    | {"asset", "unit", "well", "panel", "station", "store", "shop", "plot", "account", "encounter", "visit", "case"}
    | {"session", "trip", "order", "policy", "claim", "product", "article", "sku"}
)


def words_of(name: str) -> list[str]:
    """Returns the words of a column's name in lower case: those of `PassengerId` and `passenger_id` are the same."""
    return [word.lower() for word in _WORDS.findall(name)]


def is_named_as_key(name: str) -> bool:
    """Whether a column is named as what names the rows."""
    words = words_of(name)
    if name.startswith(UNNAMED) or not name.strip():
        return True
    return bool(words) and ("".join(words) in _ROWS or words[-1] in _KEYS or _is_numbered(words, _SERIAL))


def _is_numbered(words: list[str], what: frozenset[str]) -> bool:
    """Whether the words are such as "customer number"."""
    return len(words) > 1 and words[-1] in _NUMBERS and words[-2] in what


def is_named_as_owner(name: str) -> bool:
    """Whether a column is named as what several rows may have in common, such as a person or a machine."""
    words = words_of(name)
    if not words:
        return False
    own = words[:-1] if words[-1] in _KEYS | _NUMBERS and len(words) > 1 else words
    return bool(own) and own[-1] in _OWNERS and len(own) <= 2


def is_key(column: pd.Series, name: str, files: Groups | None = None) -> bool:
    """Whether a column names the rows: by its name if it has no fractions, or by a weaker name and its shape."""
    words = words_of(name)
    if is_named_as_key(name):
        return not _is_measured(column)
    if _is_numbered(words, _OWNERS):
        return _is_unique(column)
    return len(words) == 1 and words[0] in _COUNTERS and counts_rows(column, files)


def is_useless_key(column: pd.Series, name: str, files: Groups | None = None) -> bool:
    """Whether a column has the name of a key and another value in each row, or counts the rows and is no time."""
    if counts_rows(column, files):
        return not _TIMES.intersection(words_of(name))
    return is_key(column, name) and _is_unique(column)


def _is_unique(column: pd.Series) -> bool:
    known = column.dropna()
    return len(known) >= FEW_ROWS and not _is_measured(known) and bool(known.is_unique)


def counts_rows(column: pd.Series, files: Groups | None = None) -> bool:
    """Whether a column counts the rows, in all of them or from the beginning of each file.

    Args:
        column: The column, with the rows of a file in its order.
        files: The file of each row, ascending.
    """
    if not pd.api.types.is_integer_dtype(column.dtype) or len(column) < FEW_ROWS:
        return False
    values = column.to_numpy()
    if files is None or len(files) != len(values):
        files = np.zeros(len(values), dtype=np.int64)
    same = files[1:] == files[:-1]
    firsts = values[np.append(True, ~same)]
    steps = values[1:][same] == values[:-1][same] + 1
    begins_again = bool(firsts[0] in (0, 1) and (firsts == firsts[0]).all() and same.sum() >= len(same) / 2)
    return bool(steps.all()) and (begins_again or bool((np.diff(values) == 1).all() and firsts[0] in (0, 1)))


def is_owner(column: pd.Series, name: str) -> bool:
    """Whether a column names the owner of a row, of whom there are enough, with several rows each."""
    if not (is_named_as_owner(name) or (is_named_as_key(name) and not name.startswith(UNNAMED))):
        return False
    if _is_measured(column):
        return False
    count = column.nunique()
    return bool(MIN_OWNERS <= count <= len(column) / 2) and not counts_rows(column)


def owner_columns(frame: pd.DataFrame, names: Iterable[str]) -> Iterator[str]:
    """Yields those of the columns that name an owner; a person's word before a key's."""
    found = [name for name in names if is_owner(frame[name], name)]
    yield from sorted(found, key=lambda name: not is_named_as_owner(name))


def _is_measured(column: pd.Series) -> bool:
    """Whether a column has fractions."""
    numbers = pd.to_numeric(column, errors="coerce").dropna()
    return bool((numbers % 1 != 0).any())
