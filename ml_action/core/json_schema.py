"""JSON Schema of a record, by its type hints: what `codec.decode` takes, for those who read the files with other tools.

Unknown keys are allowed, as the codec ignores them: a newer version of the same format may say more.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Describe = Callable[[type], Mapping[str, str]]  # returns texts for the fields of a record
_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": ["number", "null"]},  # null: a figure that is no number
    object: {},
    Any: {},
}


def schema_of(kind: type, describe: Describe = lambda _: {}) -> dict[str, Any]:
    """Returns the schema of a record, with texts for the fields that `describe` knows."""
    definitions: dict[str, Any] = {}
    root = _record(kind, definitions, describe)
    return {"$schema": DIALECT, **root, "$defs": dict(sorted(definitions.items()))}


def _record(kind: Any, definitions: dict[str, Any], describe: Describe) -> dict[str, Any]:
    hints, texts = get_type_hints(kind), describe(kind)
    properties, required = {}, []
    for field in dataclasses.fields(kind):
        text = {"description": texts[field.name]} if field.name in texts else {}
        properties[field.name] = _value(hints[field.name], definitions, describe) | text
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            required.append(field.name)
    about = (kind.__doc__ or kind.__name__).partition("\n")[0]
    return {"type": "object", "description": about, "properties": properties, "required": required}


def _value(hint: Any, definitions: dict[str, Any], describe: Describe) -> dict[str, Any]:
    """One value by its hint: the same kinds as `codec.decode` knows."""
    origin, args = get_origin(hint), get_args(hint)
    if dataclasses.is_dataclass(hint):
        name = hint.__name__  # type: ignore[union-attr]
        if name not in definitions:
            definitions[name] = {}  # a record may hold its own kind
            definitions[name] = _record(hint, definitions, describe)
        return {"$ref": f"#/$defs/{name}"}
    if origin is tuple:
        return {"type": "array", "items": _value(args[0], definitions, describe)}
    if origin in (Union, types.UnionType):
        inner = next(kind for kind in args if kind is not type(None))
        return {"anyOf": [_value(inner, definitions, describe), {"type": "null"}]}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [member.value for member in hint]}
    if origin is not None:
        return {"type": "object", "additionalProperties": _value(args[1], definitions, describe)}
    return dict(_PLAIN[hint])
