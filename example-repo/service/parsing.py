"""From the bytes of a request to valid rows. A body is parsed once, and nothing of it is ever copied into an error.

What a body costs follows from its length alone: a large one that is built otherwise than rows are is not parsed at all,
and names that the model does not have are refused before any value is looked at.
"""

from __future__ import annotations

import difflib
import gc
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

LARGE = 16 * 1024  # bytes: of less nothing takes long
MAX_ERRORS = 50  # that are reported
_MAX_UNKNOWN = 20  # unknown names that are reported
_MAX_NAMES = 20  # that a message lists
_COMPARED = 200  # names that an unknown one is compared with
_SUGGESTIONS = 3  # unknown names for which a known one is suggested
_SHOWN = 100  # characters of an unknown name

# A text of JSON, also one without an end: then it is the rest, so that no part of it is looked at twice.
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.?)*+(?:"|\Z)', re.DOTALL)

Row = dict[str, Any]
Problem = dict[str, Any]


class RefusedError(Exception):
    """A body that holds no valid rows. `problems` is the detail of the response, in FastAPI's format."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


def parse(body: bytes, reader: RowReader) -> Any:
    """Returns what the JSON says.

    Raises:
        RefusedError: it is not JSON, or it is large and cannot be rows.
    """
    if len(body) <= LARGE:
        return _from_json(body)
    if not _looks_like_rows(body, reader):
        reason = (
            f"The body holds no rows: at most {reader.max_rows} objects with a value for each name, without lists and "
            "objects in them, and without other names"
        )
        raise RefusedError([{"type": "rows", "loc": ["body"], "msg": reason}])
    gc.disable()  # many objects at once would be searched for garbage again and again: ten times the time
    try:
        return _from_json(body)
    finally:
        gc.enable()


def _from_json(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError as error:
        raise RefusedError([{"type": "json_invalid", "loc": ["body"], "msg": f"Invalid JSON: {error}"}]) from None


def _looks_like_rows(body: bytes, reader: RowReader) -> bool:
    """Whether it has no more brackets and colons than rows have: half a million lists take half a second to parse."""
    return _counts_as_rows(body, reader) or _counts_as_rows(_TEXT.sub(b"", body), reader)


def _counts_as_rows(text: bytes, reader: RowReader) -> bool:
    rows = text.count(b"{")
    return rows <= reader.max_rows and text.count(b"[") <= 1 and text.count(b":") <= rows * len(reader.names)


@dataclass(frozen=True)
class RowReader:
    """Rows of one kind: the names that they may have, and the types of a row and of a list of rows."""

    names: Mapping[str, object]
    max_rows: int
    row: TypeAdapter[Any]
    rows: TypeAdapter[Any]

    def one(self, value: object) -> Row:
        """Returns the value as a valid row.

        Raises:
            RefusedError: it is none.
        """
        if type(value) is dict and not value.keys() <= self.names.keys():
            raise RefusedError(self._unknown(value, ()))
        valid: Row = _validated(value, self.row)
        return valid

    def many(self, value: object) -> list[Row]:
        """Returns the value as a list of valid rows. Only the first bad one is reported.

        Raises:
            RefusedError: it is no such list.
        """
        for position, item in enumerate(value if type(value) is list else ()):
            if type(item) is dict and not item.keys() <= self.names.keys():
                raise RefusedError(self._unknown(item, (position,)))
        valid: list[Row] = _validated(value, self.rows)
        return valid

    def _unknown(self, given: Row, place: Sequence[object]) -> list[Problem]:
        """Returns a problem for each name that the model does not have, and what is wrong with the others."""
        unknown = itertools.islice((name for name in given if name not in self.names), _MAX_UNKNOWN)
        names = list(self.names)
        found = [
            {
                "type": "extra_forbidden",
                "loc": ["body", *place, name[:_SHOWN]],
                "msg": _unknown_name(name, names, suggest=number < _SUGGESTIONS),
            }
            for number, name in enumerate(unknown)
        ]
        try:
            self.row.validate_python({name: given[name] for name in names if name in given})
        except ValidationError as error:
            found += problems(error, place)
        return found[:MAX_ERRORS]


def _validated(value: object, kind: TypeAdapter[Any]) -> Any:
    try:
        return kind.validate_python(value)
    except ValidationError as error:
        raise RefusedError(problems(error)) from None


def problems(error: ValidationError, place: Sequence[object] = ()) -> list[Problem]:
    """Returns the errors in FastAPI's format. `place` is where in the body the value is."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[:MAX_ERRORS]
    return [
        {
            "type": item["type"],
            "loc": ["body", *place, *item["loc"]],
            "msg": "Input should be an object" if item["type"] == "dict_type" else item["msg"],
        }
        for item in found
    ]


def _unknown_name(name: str, names: list[str], *, suggest: bool) -> str:
    near = difflib.get_close_matches(name[:_SHOWN], names[:_COMPARED], 1, 0.5) if suggest else []
    meant = f"; did you mean {near[0]!r}?" if near else "."
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return f"There is no such name{meant} The names are {', '.join(names[:_MAX_NAMES])}{more}"
