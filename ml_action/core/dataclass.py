"""Dataclasses for the records that the hourly check loads.

The standard decorator compiles six functions for each class, and its module imports `inspect`: that took half of the
time in which the check's modules load. Here all classes share one set of methods.

Nothing else differs. Type checkers see the standard decorator. `dataclasses.fields`, `replace` and `asdict` take these
records as well, and `inspect.signature` too: what they read is made when they first read it. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

_MISSING: Any = object()
_set = object.__setattr__


class _Field:
    """What `dataclasses.field` was given; what it was not given is as below."""

    default: Any = _MISSING
    default_factory: Any = _MISSING
    repr: bool = True
    compare: bool = True

    def __init__(self, **given: Any) -> None:
        vars(self).update(given)


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import replace as replace
else:
    field = _Field

    def dataclass(cls: type | None = None, *, frozen: bool = False) -> Any:
        """Makes a class a dataclass, like `dataclasses.dataclass`; inherited fields are not looked for."""
        if cls is None:
            return partial(dataclass, frozen=frozen)
        fields = dict(_fields(cls))
        for name, spec in fields.items():
            if isinstance(vars(cls).get(name), _Field):
                delattr(cls, name)
            if spec.default is not _MISSING:
                setattr(cls, name, spec.default)
        cls._specification = fields
        cls.__match_args__ = tuple(fields)
        cls.__dataclass_fields__ = _Late(cls, fields, "__dataclass_fields__", attrgetter("__dataclass_fields__"))
        cls.__signature__ = _Late(cls, fields, "__signature__", _signature)
        for name, method in ((_FROZEN if frozen else _MUTABLE) | _METHODS).items():
            if name not in vars(cls):
                setattr(cls, name, method)
        return cls

    def replace(record: Any, **changes: Any) -> Any:
        """Returns a dataclass with other values, like `dataclasses.replace`."""
        return type(record)(**{name: getattr(record, name) for name in record.__match_args__} | changes)


def _fields(cls: type) -> Iterator[tuple[str, _Field]]:
    for name in cls.__annotations__:
        given = vars(cls).get(name, _MISSING)
        yield name, given if isinstance(given, _Field) else _Field() if given is _MISSING else _Field(default=given)


class _Late:
    """An attribute that a standard dataclass has, made when it is first read."""

    def __init__(self, owner: type, fields: dict[str, _Field], attribute: str, read: Callable[[type], Any]) -> None:
        self._owner, self._fields, self._attribute, self._read = owner, fields, attribute, read

    def __get__(self, _instance: object, _cls: type) -> Any:
        value = self._read(_standard(self._owner, self._fields))
        setattr(self._owner, self._attribute, value)
        return value


def _standard(owner: Any, fields: dict[str, _Field]) -> type:
    """Returns a standard dataclass with these fields."""
    import dataclasses  # late: the hourly check asks for none

    space = {name: getattr(owner, name) for name in ("__annotations__", "__doc__", "__module__")}
    space |= {name: dataclasses.field(**vars(spec)) for name, spec in fields.items()}
    return dataclasses.dataclass(type(owner.__name__, (), space))


def _signature(cls: type) -> Any:
    import inspect  # late, too

    return inspect.signature(cls)


# --- the methods of all classes ---------------------------------------------------------------------------------


def _init(self: Any, *values: Any, **named: Any) -> None:
    following = iter(self._specification.items())
    for value, (name, _) in zip(values, following):  # noqa: B905  the rest of the fields is for the other loop
        _set(self, name, value)
    for name, spec in following:
        _set(self, name, named.pop(name) if name in named else _default(type(self), name, spec))
    if named or len(values) > len(self._specification):
        raise TypeError(f"{type(self).__name__} takes {', '.join(self._specification)}, each once")


def _default(cls: type, name: str, spec: _Field) -> Any:
    if spec.default_factory is not _MISSING:
        return spec.default_factory()
    if spec.default is _MISSING:
        raise TypeError(f"{cls.__name__} needs {name}")
    return spec.default


def _values(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, name) for name, spec in self._specification.items() if spec.compare])


def _eq(self: Any, other: object) -> bool:
    return _values(self) == _values(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _repr(self: Any) -> str:
    fields = (f"{name}={getattr(self, name)!r}" for name, spec in self._specification.items() if spec.repr)
    return f"{type(self).__qualname__}({', '.join(fields)})"


def _refuse(_self: Any, name: str, *_value: Any) -> None:
    from dataclasses import FrozenInstanceError  # late: only a programming error needs it

    raise FrozenInstanceError(f"the field {name!r} of a frozen record cannot be changed")


_METHODS = {"__init__": _init, "__repr__": _repr, "__eq__": _eq}
_FROZEN: dict[str, Any] = {"__hash__": _hash, "__setattr__": _refuse, "__delattr__": _refuse}
_MUTABLE: dict[str, Any] = {"__hash__": None}
