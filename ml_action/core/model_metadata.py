"""The format of model_metadata.json: the history of the versions, read, written, and edited byte by byte.

It is the only thing that a service reads to know the current version. `git.registry` finds the file on a branch.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ml_action.core import json_schema as schemas
from ml_action.core.codec import decode, encode
from ml_action.core.errors import ModelError
from ml_action.core.json_schema import Describe
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.model import History, Trial, Version

FORMAT = 1  # of model_metadata.json; it grows when a reader of today would misread what is written
OLDEST = 1  # that is still read
SCHEMA = "https://raw.githubusercontent.com/org/ml-auto-update/main/model_metadata.schema.json"
NUMBERS = re.compile(r"\[[-+0-9.eE,\s]+\]")  # a list of numbers is on one line
NUMBERED = re.compile(r"v[0-9]{1,9}")


def parse(content: bytes, path: str) -> History:
    """The history from the bytes of model_metadata.json."""
    try:
        data = json.loads(content)
        kind = data.get("format") if isinstance(data, Mapping) else None
        if isinstance(kind, bool) or not isinstance(kind, int) or kind < OLDEST:
            raise ValueError(f"its format is {kind!r}; this version reads {FORMAT}")
        if kind > FORMAT:
            raise _newer(path, kind)
        history = decode(History, data)
        strange = next((item.version for item in history.versions if not NUMBERED.fullmatch(item.version)), None)
        if strange is not None:
            raise ValueError(f"the version {strange!r} is not v1, v2, ...")
        if history.versions and history.champion is None:
            raise ValueError(f"`current` is {history.current!r}, which is none of its versions")
    except (ValueError, RecursionError) as error:  # nested a thousand times over: no machine wrote that
        raise unreadable_metadata(path, error) from error
    return history


def unreadable_metadata(path: str, error: Exception) -> ModelError:
    """What to say of metadata that cannot be read."""
    return ModelError(
        f"{path} cannot be used: {error}",
        why="it was edited by hand, or another tool wrote it",
        fix="restore it from the history of the base branch, or move the folder away to begin with a new v1",
        path=path,
    )


def _newer(path: str, kind: int) -> ModelError:
    return ModelError(
        f"{path} has the format {kind}: a newer version of ml-auto-update wrote it. This one reads up to {FORMAT}.",
        why="the repository's workflow was upgraded and this reader was not",
        fix="upgrade ml-auto-update here to the version that the workflow names",
        path=path,
    )


def json_schema(describe: Describe = lambda _: {}) -> dict[str, Any]:
    """Returns the JSON Schema of model_metadata.json, with texts for the fields that `describe` knows."""
    schema = schemas.schema_of(History, describe)
    text = f"The format of this file. A reader refuses one above its own and reads older ones, from {OLDEST}."
    kind = {"type": "integer", "minimum": OLDEST, "maximum": FORMAT, "description": text}
    schema["$defs"]["Version"]["properties"]["version"]["pattern"] = f"^{NUMBERED.pattern}$"
    properties = {"format": kind, **schema["properties"]}
    head = {"$schema": schema["$schema"], "$id": SCHEMA, "title": "model_metadata.json"}
    return head | schema | {"properties": properties, "required": ["format", *schema["required"]]}


def next_version(history: History | None) -> str:
    """v1, or one more than the highest so far: a number is never used twice."""
    numbers = [int(version.version[1:]) for version in history.versions] if history else []
    return f"v{max(numbers, default=0) + 1}"


def version_of(trial: Trial, attempt: Attempt) -> Version:
    """The metadata entry of the challenger."""
    recipe, comparison = trial.recipe, trial.comparison
    return Version(
        version=attempt.version,
        file=file_of(attempt.version, trial.model_format),
        sha256=trial.digest,
        size=len(trial.artifact),
        created=attempt.time,
        attempt=attempt.id,
        fingerprint=attempt.fingerprint,
        data_tree=attempt.data_tree,
        datasets=trial.datasets,
        rows=trial.rows,
        target=recipe.target,
        features=recipe.features,
        task=recipe.task,
        estimator=recipe.estimator,
        params=recipe.params,
        metric=recipe.metric,
        scores=_numbers(comparison.challenger),
        champion_scores=_numbers(comparison.champion),
        improvement=comparison.improvement,
        interval=comparison.improvement_interval,
        reason=attempt.reason,
        libraries=trial.libraries,
        sample=trial.sample,
        contract=trial.contract,
        targets=recipe.targets,
        weight=recipe.weight,
        types=trial.types,
        synthetic=True,
        holdout_fingerprint=attempt.holdout_fingerprint,
    )


def file_of(version: str, model_format: str) -> str:
    """The name of a version's model file."""
    return f"{version}.{'skops' if model_format == 'skops' else 'pkl'}"


def _numbers(scores: Mapping[str, float]) -> dict[str, float]:
    """The scores that are numbers: a NaN of a metric that does not decide is no JSON, and says nothing."""
    return {name: score for name, score in scores.items() if math.isfinite(score)}


def with_version(history: History | None, version: Version, *, name: str, salt: str) -> History:
    """The history with one more version, which becomes the current one."""
    before = history or History(name, salt, "", ())
    return replace(before, current=version.version, versions=(*before.versions, version))


def encoded(history: History) -> dict[str, object]:
    """What model_metadata.json says, as plain JSON values."""
    return {"format": FORMAT, **encode(history)}


def to_bytes(history: History) -> bytes:
    """model_metadata.json: the same history is the same bytes."""
    text = json.dumps(encoded(history), indent=2)
    return (NUMBERS.sub(lambda found: " ".join(found[0].split()), text) + "\n").encode()


def with_current(content: bytes, version: str) -> bytes:
    """The bytes of model_metadata.json with `current` at another version, and no other byte changed.

    Raises:
        ValueError: it is no JSON object that has a `current`.
    """
    encoding = json.detect_encoding(content)
    text = content.decode(encoding, "surrogatepass")
    places = _members(text)
    if "current" not in places:
        raise ValueError("it has no `current`")
    start, end = places["current"]
    return (text[:start] + json.dumps(version) + text[end:]).encode(encoding, "surrogatepass")


class _Span(NamedTuple):
    """A part of a text, by its first position and the one after its last."""

    start: int
    end: int


def _members(text: str) -> dict[str, _Span]:
    """Where the value of each member of a JSON object begins and ends; of two with one name the last one counts."""
    read, places = json.JSONDecoder().raw_decode, dict[str, _Span]()
    place = _past(text, _past(text, 0, "{"))
    while not text.startswith("}", place):
        name, place = read(text, place)
        start = _past(text, _past(text, place, ":"))
        _, end = read(text, start)
        places[name] = _Span(start, end)
        place = _past(text, end)
        if not text.startswith("}", place):
            place = _past(text, _past(text, place, ","))
    return places


def _past(text: str, place: int, sign: str = "") -> int:
    """The place after white space and a sign."""
    while text.startswith(tuple(" \t\n\r"), place):
        place += 1
    if not text.startswith(sign, place):
        raise ValueError(f"{sign!r} is missing at {place}")
    return place + len(sign)
