"""Models as skops files: a zip of JSON and arrays, in which every type is named before any object is created.

skops trusts scikit-learn's estimators, NumPy's arrays and plain Python by itself; every other type must be on a list.
The files that it writes contain memory addresses and the time. They are rewritten here without these, so that the same
model gives the same bytes. https://skops.readthedocs.io/en/stable/persistence.html
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

SCHEMA = "schema.json"
CALL = "operator.methodcaller"
# In the pipelines that we build. These functions only convert their argument.
ALLOWED = ("numpy.asarray", "numpy.dtype", "pandas.to_datetime")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can hold
_LEVEL = 6


def dump(model: object) -> bytes:
    """Returns the model's file. The same model gives the same bytes."""
    return _canonical(_skops().dumps(model))


def types_in(data: bytes) -> tuple[str, ...]:
    """Returns every type in the file that skops does not trust by itself, sorted."""
    return tuple(sorted(set(_skops().get_untrusted_types(data=data))))


def untrusted_types(data: bytes, trusted: Sequence[str]) -> tuple[str, ...]:
    """Returns the types in the file that are trusted neither by skops, nor by us, nor by the list.

    A `methodcaller` calls any method, so ours are trusted by what they call and not by their type.
    """
    known = {*ALLOWED, *trusted} | ({CALL} if _calls_in(data) <= _our_calls() else set())
    return tuple(name for name in types_in(data) if name not in known)


def load(data: bytes) -> Any:
    """Returns the model of a file whose types were checked before."""
    return _skops().loads(data, trusted=list(types_in(data)))


def _skops() -> Any:
    import skops.io  # late: it imports every module of scikit-learn, and a pickled model needs none of it

    return skops.io


# --- calls -------------------------------------------------------------------------------------------------


@cache
def _our_calls() -> frozenset[str]:
    from ml_action.modelling.training.pipeline import CALLS  # late: a service that loads a pickle needs no pandas

    return _calls_in(dump(list(CALLS)))


def _calls_in(data: bytes) -> frozenset[str]:
    """Returns the complete description of each object of the module `operator` in the file, arrays as their digest."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read(SCHEMA))
        return frozenset(_description(node, archive) for node in _nodes(schema) if node.get("__module__") == "operator")


def _description(node: Mapping[str, Any], archive: zipfile.ZipFile) -> str:
    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(item) for item in value]
        if not isinstance(value, dict):
            return value
        digest = {"file": hashlib.sha256(archive.read(value["file"])).hexdigest()} if "file" in value else {}
        return {key: plain(item) for key, item in value.items() if key != "__id__"} | digest

    return json.dumps(plain(node), sort_keys=True)


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Yields every object of the schema, at any depth. skops creates no other objects."""
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _nodes(item)


# --- the same bytes ----------------------------------------------------------------------------------------


def _canonical(data: bytes) -> bytes:
    """Returns the file with its objects numbered in their order, and without times."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read(SCHEMA))
        names = _renumbered(schema)
        members = {new: archive.read(old) for old, new in names.items()}
    members[SCHEMA] = json.dumps(schema, separators=(",", ":")).encode()
    return _zipped(members)


def _renumbered(schema: dict[str, Any]) -> dict[str, str]:
    """Numbers the objects from 0, in place. Returns the new names of the other files, by the old ones."""
    numbers: dict[int, int] = {}
    names: dict[str, str] = {}
    for node in _nodes(schema):
        if "__id__" in node:
            node["__id__"] = numbers.setdefault(node["__id__"], len(numbers))
        if "file" in node:
            ending = node["file"].rpartition(".")[2]
            node["file"] = names.setdefault(node["file"], f"{len(names)}.{ending}")
    return names


def _zipped(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            archive.writestr(entry, content, compresslevel=_LEVEL)
    return buffer.getvalue()
