"""Records to JSON and back, by their type hints. Unknown keys are ignored: an older version reads a newer file.

The `check` action runs on a bare python3, so this is the standard library; the records hold only what is below.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def encode(record: Any) -> dict[str, Any]:
    """A record as plain JSON values. A figure that is no number is null: JSON knows neither NaN nor infinity."""
    return {name: plain(value) for name, value in dataclasses.asdict(record).items()}


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def to_line(record: Any) -> str:
    """A record as one line of JSON: sorted keys, ASCII, so that the same record is the same bytes."""
    return json.dumps(encode(record), sort_keys=True)


def decode(kind: type[T], data: Any) -> T:
    """A record from plain JSON values.

    Raises:
        ValueError: a field is missing or has the wrong shape; the message names it.
    """
    if not isinstance(data, Mapping):
        raise ValueError(f"{kind.__name__} is not an object")
    hints = _hints(kind)  # type: ignore[arg-type]  # every class is hashable
    values = {}
    for spec in dataclasses.fields(kind):  # type: ignore[arg-type]
        if spec.name in data:
            values[spec.name] = _value(hints[spec.name], data[spec.name], f"{kind.__name__}.{spec.name}")
        elif spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
            raise ValueError(f"{kind.__name__}.{spec.name} is missing")
    return kind(**values)


@functools.cache  # resolving them takes longer than all the rest
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(hint: Any, data: Any, where: str) -> Any:
    """One value by its hint: record, enum, tuple of one kind, optional, mapping, or a plain value."""
    origin, args = get_origin(hint), get_args(hint)
    if dataclasses.is_dataclass(hint):
        return decode(hint, data)  # type: ignore[arg-type]
    if origin is tuple:
        return tuple(_value(args[0], item, where) for item in _expect(list, data, where))
    if origin in (Union, types.UnionType):
        kinds = [kind for kind in args if kind is not type(None)]
        return None if data is None else _value(kinds[0], data, where)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(data)
    if origin is not None:
        return {key: _value(args[1], item, f"{where}[{key!r}]") for key, item in _expect(dict, data, where).items()}
    if hint is float and data is None:
        return math.nan
    if hint is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    return _expect(hint, data, where)


def _expect(kind: Any, data: Any, where: str) -> Any:
    if isinstance(data, kind) and not (kind is int and isinstance(data, bool)):
        return data
    raise ValueError(f"{where} should be {kind.__name__}, not {type(data).__name__}")
