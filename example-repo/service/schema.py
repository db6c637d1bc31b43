"""The request schema of a model, made from its recorded contract: the names, types and ranges of a row."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, Strict, TypeAdapter
from pydantic_core import PydanticCustomError
from typing_extensions import NotRequired, TypedDict

from ml_action.consumer import ColumnProfile, Version
from ml_action.core.example_row import shown_sample
from ml_action.modelling.kinds import dates
from service.parsing import RowReader

MAX_TEXT = 1000  # characters
_MAX_NAMES = 20  # that a description lists
_FORMULA = re.compile(r"\s*[=+\-@]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Column:
    """One column of a row: which values it may hold."""

    name: str
    kind: str  # number | boolean | text | date | any
    required: bool = True
    low: float | None = None
    high: float | None = None
    usual: tuple[float, float] | None = None  # the range of the training data
    known: tuple[str, ...] = ()  # the categories of the training data
    closed: bool = False  # whether other categories are refused
    example: Any = None
    forms: tuple[str, ...] = ()  # of dates


@dataclass(frozen=True)
class Schema:
    """The rows that a version takes: `requests` for predictions, `labelled` for feedback."""

    columns: tuple[Column, ...]
    answers: tuple[Column, ...]  # the targets, and the weight if there is one
    requests: RowReader
    labelled: RowReader

    @property
    def example(self) -> dict[str, Any]:
        """A row to show, which is none of the training data."""
        return {column.name: column.example for column in self.columns}


def schema_of(version: Version, ranges: str = "wide", max_rows: int = 10_000) -> Schema:
    """Returns the schema of a version.

    Args:
        version: The version, with its contract.
        ranges: Which values are accepted: "wide", "training" or "off".
        max_rows: How many rows one request may have.
    """
    examples = shown_sample(version)
    columns = tuple(_column(version, name, ranges, examples.get(name)) for name in version.features)
    weight = (version.weight,) if version.weight else ()
    answers = tuple(_answer(version, name) for name in (*version.outputs, *weight))
    requests = _reader(_row_type("Row", columns), columns, max_rows)
    stored = (*columns, *answers)
    return Schema(columns, answers, requests, _reader(_row_type("LabelledRow", stored, stored=True), stored, max_rows))


def _reader(row: Any, columns: Iterable[Column], max_rows: int) -> RowReader:
    # Only the first bad row is reported: all errors of ten thousand rows with a thousand columns would fill the memory.
    limits = Field(min_length=1, max_length=max_rows, fail_fast=True)
    rows: Any = Annotated[list.__class_getitem__(row), limits]  # a type made at run time
    names = dict.fromkeys(column.name for column in columns)
    return RowReader(names, max_rows, TypeAdapter(row), TypeAdapter(rows))


def _column(version: Version, name: str, ranges: str, example: object) -> Column:
    profile = version.contract.profile(name) if version.contract else None
    if profile is None:  # the version is older than contracts, or has too many columns for them
        return Column(name, _kind_of(version.sample.get(name)), required=False, example=example)
    required = profile.missing == 0 and profile.kind != "empty"
    usual = (profile.sketch[0], profile.sketch[-1]) if profile.sketch and profile.kind == "number" else None
    low, high = _range(usual, ranges)
    kind = "any" if profile.kind == "empty" else profile.kind
    known = _categories(profile)
    closed = bool(known) and ranges == "training"
    return Column(name, kind, required, low, high, usual, known, closed, example, profile.forms)


def _answer(version: Version, name: str) -> Column:
    profile = version.contract.profile(name) if version.contract else None
    if name == version.weight:
        return Column(name, "number", low=0.0)
    if profile is None:
        return Column(name, "number" if version.task == "regression" else "any")
    return Column(name, profile.kind, known=_categories(profile))


def _categories(profile: ColumnProfile) -> tuple[str, ...]:
    return tuple(profile.categories) if profile.kind == "text" else ()


def _kind_of(example: object) -> str:
    return {bool: "boolean", int: "number", float: "number", str: "text"}.get(type(example), "any")


def _range(usual: tuple[float, float] | None, ranges: str) -> tuple[float | None, float | None]:
    """Returns the accepted range.

    "wide" extends the training range by its own width on both sides; values that were never negative stay so.
    """
    if usual is None or ranges == "off":
        return None, None
    low, high = usual
    if ranges == "training":
        return low, high
    reach = max(high - low, abs(high), abs(low)) if high == low else high - low
    wide = low - reach, high + reach
    if not all(abs(edge) < float("inf") for edge in wide):
        return None, None
    lowest, highest = (float(f"{edge:.6g}") for edge in wide)  # round enough to read
    return (max(lowest, 0.0) if low >= 0 else lowest), highest


def _row_type(title: str, columns: Iterable[Column], *, stored: bool = False) -> Any:
    """Returns a `TypedDict`. `stored`: its rows become a dataset, so their text has to be safe there."""
    fields = {column.name: _field(column, stored=stored) for column in columns}
    make: Any = TypedDict  # the names are known at run time only
    kind = make(title, fields)
    kind.__pydantic_config__ = ConfigDict(extra="forbid")
    return kind


def _field(column: Column, *, stored: bool) -> Any:
    kind = _value_type(column)
    if stored and column.kind in ("text", "any") and not column.closed:
        kind = Annotated[kind, AfterValidator(functools.partial(_require_safe_text, column.known))]
    examples = None if column.example is None else [column.example]
    info = Field(description=_description(column), examples=examples)
    if column.required:
        return Annotated[kind, info]
    return NotRequired[Annotated[kind | None, info]]


def _require_safe_text(known: tuple[str, ...], value: Any) -> Any:
    """Returns the value unless a spreadsheet would run it: people open datasets there.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    if isinstance(value, str) and value not in known and _FORMULA.match(value):
        raise PydanticCustomError("formula", "Text may not begin as a formula does, with = + - or @")
    if isinstance(value, str) and _CONTROL.search(value):
        raise PydanticCustomError("control_character", "Text may not contain control characters")
    return value


def _require_date(forms: tuple[str, ...], value: str) -> str:
    """Returns the value if it is a date, as the training data write them or in ISO 8601."""
    forms = tuple(dict.fromkeys([*forms, dates.ISO]))
    if not dates.is_read(dates.parser(forms), value):
        raise PydanticCustomError("date", "Input should be a date such as 2024-03-31")
    return value


def _value_type(column: Column) -> Any:
    if column.kind == "number":
        return Annotated[float, Strict(), Field(allow_inf_nan=False, ge=column.low, le=column.high)]
    if column.kind == "boolean":
        return Annotated[bool, Strict()]
    if column.closed:
        return Literal[column.known]
    text = Annotated[str, Strict(), Field(max_length=MAX_TEXT)]
    if column.kind == "date":
        return Annotated[text, AfterValidator(functools.partial(_require_date, column.forms))]
    return (
        text if column.kind == "text" else text | Annotated[float, Strict(), Field(allow_inf_nan=False)] | bool | None
    )


def _description(column: Column) -> str:
    if column.usual:
        return f"{column.usual[0]:.6g} to {column.usual[1]:.6g} in the training data"
    if column.known:
        return f"in the training data: {', '.join(column.known[:_MAX_NAMES])}"
    return column.kind


def row_from_texts(texts: Mapping[str, str], columns: Iterable[Column]) -> dict[str, Any]:
    """Returns a row made from a form's fields.

    An empty field is missing. Text that is not a number stays text, so that the schema refuses it.
    """
    row: dict[str, Any] = {}
    for column in columns:
        text = texts.get(column.name, "").strip()
        if text:
            row[column.name] = _value(column.kind, text)
    return row


def _value(kind: str, text: str) -> Any:
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind in ("number", "any"):
        try:
            return float(text)
        except ValueError:
            return text
    return text
