"""The request schema of a model, made of its recorded contract: which names, types and ranges are rows of it."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, Strict, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError
from typing_extensions import NotRequired, TypedDict

from ml_action.contract import Profile
from ml_action.records import Version

LONGEST = 1000  # characters of a text
MOST_ERRORS = 50  # that are told
_SHOWN = 20  # names that are told
_FORMULA = re.compile(r"\s*[=+\-@]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Column:
    """One name of a row: what it may hold."""

    name: str
    kind: str  # number | boolean | text | any
    required: bool = True
    low: float | None = None
    high: float | None = None
    usual: tuple[float, float] | None = None  # in the training data
    known: tuple[str, ...] = ()  # the categories of the training data
    closed: bool = False  # whether no other category is answered
    example: Any = None


@dataclass(frozen=True)
class Schema:
    """What a version takes. `row` and `rows` are for predictions, `labelled` for feedback."""

    columns: tuple[Column, ...]
    answers: tuple[Column, ...]  # the targets, and the weight where there is one
    row: TypeAdapter[Any]
    rows: TypeAdapter[Any]
    labelled: TypeAdapter[Any]
    inline: int = 0  # rows that are predicted so quickly that nobody has to wait for them


def of(version: Version, ranges: str = "wide", most: int = 10_000) -> Schema:
    """The schema. `ranges`: wide, training or off; `most` rows in one request."""
    columns = tuple(_column(version, name, ranges) for name in version.features)
    extra = (version.weight,) if version.weight else ()
    answers = tuple(_answer(version, name) for name in (*version.outputs, *extra))
    row: Any = _row("Row", columns)
    labelled: Any = _row("LabelledRow", (*columns, *answers), written=True)
    return Schema(columns, answers, TypeAdapter(row), _several(row, most), _several(labelled, most))


def _several(row: Any, most: int) -> TypeAdapter[Any]:
    # The first bad row is told: all mistakes of ten thousand rows of a thousand columns fill the memory.
    limits = Field(min_length=1, max_length=most, fail_fast=True)
    rows: Any = Annotated[list.__class_getitem__(row), limits]  # a type made at run time
    return TypeAdapter(rows)


def _column(version: Version, name: str, ranges: str) -> Column:
    profile = version.contract.profile(name) if version.contract else None
    example = version.sample.get(name)
    if profile is None:  # of before there were contracts, or one of very many columns
        return Column(name, _kind_of(example), required=False, example=example)
    required = profile.missing == 0 and profile.kind != "empty"
    usual = (profile.sketch[0], profile.sketch[-1]) if profile.sketch and profile.kind == "number" else None
    low, high = _range(usual, ranges)
    kind = "any" if profile.kind == "empty" else profile.kind
    known = tuple(profile.categories) if kind == "text" else ()
    return Column(name, kind, required, low, high, usual, known, bool(known) and ranges == "training", example)


def _answer(version: Version, name: str) -> Column:
    profile = version.contract.profile(name) if version.contract else None
    if name == version.weight:
        return Column(name, "number", low=0.0)
    if profile is None:
        return Column(name, "number" if version.task == "regression" else "any")
    return Column(name, profile.kind, known=_categories(profile))


def _categories(profile: Profile) -> tuple[str, ...]:
    return tuple(profile.categories) if profile.kind == "text" else ()


def _kind_of(example: object) -> str:
    return {bool: "boolean", int: "number", float: "number", str: "text"}.get(type(example), "any")


def _range(usual: tuple[float, float] | None, ranges: str) -> tuple[float | None, float | None]:
    """wide: as far again on either side as the training data reach; what was never negative stays so."""
    if usual is None or ranges == "off":
        return None, None
    low, high = usual
    if ranges == "training":
        return low, high
    reach = max(high - low, abs(high), abs(low)) if high == low else high - low
    wide = low - reach, high + reach
    if not all(abs(edge) < float("inf") for edge in wide):
        return None, None
    lowest, highest = (float(f"{edge:.6g}") for edge in wide)  # as people write them
    return (max(lowest, 0.0) if low >= 0 else lowest), highest


def _row(title: str, columns: Iterable[Column], *, written: bool = False) -> Any:
    fields = {column.name: _field(column, written) for column in columns}
    make: Any = TypedDict  # the names are the model's
    kind = make(title, fields)
    kind.__pydantic_config__ = ConfigDict(extra="forbid")
    return kind


def _field(column: Column, written: bool) -> Any:
    kind = _type(column)
    if written and column.kind in ("text", "any") and not column.closed:
        kind = Annotated[kind, AfterValidator(functools.partial(_as_cell, column.known))]
    examples = None if column.example is None else [column.example]
    about = Field(description=_about(column), examples=examples)
    if column.required:
        return Annotated[kind, about]
    return NotRequired[Annotated[kind | None, about]]


def _as_cell(known: tuple[str, ...], value: Any) -> Any:
    """Text that is harmless in a dataset: people open those in spreadsheets, which run what looks like a formula.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    if isinstance(value, str) and value not in known and _FORMULA.match(value):
        raise PydanticCustomError("formula", "Text may not begin as a formula does, with = + - or @")
    if isinstance(value, str) and _CONTROL.search(value):
        raise PydanticCustomError("control_character", "Text may not hold control characters")
    return value


def _type(column: Column) -> Any:
    if column.kind == "number":
        return Annotated[float, Strict(), Field(allow_inf_nan=False, ge=column.low, le=column.high)]
    if column.kind == "boolean":
        return Annotated[bool, Strict()]
    if column.closed:
        return Literal[column.known]
    text = Annotated[str, Strict(), Field(max_length=LONGEST)]
    return (
        text if column.kind == "text" else text | Annotated[float, Strict(), Field(allow_inf_nan=False)] | bool | None
    )


def _about(column: Column) -> str:
    if column.usual:
        return f"{column.usual[0]:.6g} to {column.usual[1]:.6g} in the training data"
    if column.known:
        return f"in the training data: {', '.join(column.known[:_SHOWN])}"
    return column.kind


# --- what is wrong with a request -------------------------------------------------------------------------


def problems(error: ValidationError, columns: Sequence[Column]) -> list[dict[str, Any]]:
    """What FastAPI would say, with the nearest name for one that is unknown."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[:MOST_ERRORS]
    return [_told(problem, columns) for problem in found]


def _told(problem: Mapping[str, Any], columns: Sequence[Column]) -> dict[str, Any]:
    told = {"type": problem["type"], "loc": ["body", *problem["loc"]], "msg": problem["msg"]}
    if problem["type"] == "extra_forbidden":
        told["loc"][-1] = str(told["loc"][-1])[:100]
        told["msg"] = _unknown(str(problem["loc"][-1]), [column.name for column in columns])
    return told


def _unknown(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name[:100], names, 1, 0.5)
    meant = f"; did you mean {near[0]!r}?" if near else "."
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"There is no such name{meant} The names are {', '.join(names[:_SHOWN])}{more}"


def from_texts(texts: Mapping[str, str], columns: Iterable[Column]) -> dict[str, Any]:
    """A row from a form's fields: an empty one is missing; what is no number stays text, for the schema to refuse."""
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
