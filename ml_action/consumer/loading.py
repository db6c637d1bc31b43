"""From a version's record and the bytes of its file to a model that has made a prediction. Never half loaded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ml_action.consumer import deprecation
from ml_action.consumer.prediction import Predictor, Row
from ml_action.core.errors import ModelError
from ml_action.core.records.model import History, Version
from ml_action.modelling.training import model_file
from ml_action.modelling.training.library_versions import incompatible, libraries, minor


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """One version, loaded and tried. A request that holds it is answered by it, whatever is swapped meanwhile."""

    version: Version
    history: History
    predictor: Predictor
    since: str  # when it was loaded
    notes: tuple[str, ...] = ()
    prepared: Any = None  # what the consumer's `prepare` made from it

    answering = deprecation.renamed("answering", "predictor")

    @property
    def model(self) -> Any:
        """The fitted scikit-learn model."""
        return self.predictor.model

    def predict(self, rows: Sequence[Row]) -> list[Any]:
        """Returns a prediction for each row: a number or a class, or a mapping of them if there are several targets."""
        predictions = self.predictor(rows)
        if len(self.version.outputs) == 1:
            one: list[Any] = predictions.reshape(len(rows)).tolist()  # some models predict a column
            return one
        found = predictions.tolist()
        return [dict(zip(self.version.outputs, values, strict=True)) for values in found]


def load(version: Version, history: History, data: bytes, trusted: tuple[str, ...] = ()) -> LoadedModel:
    """Returns the version, verified and loaded.

    Args:
        version: The record of the version.
        history: All versions.
        data: The bytes of the model file.
        trusted: Types that a skops file may contain in addition to those that are trusted by default.

    Raises:
        ModelError: these are not the recorded bytes (noticed before any is unpickled), or other libraries wrote them,
            or the model cannot answer the sample request.
    """
    check_libraries(version.libraries, libraries())
    _check_size(version, len(data))
    notes: list[str] = []
    form = model_file.format_of(version.file, trusted)
    model = model_file.load(data, version.sha256, notes.append, f"The model {version.version}", form)
    loaded = LoadedModel(version, history, Predictor(model, version), now(), tuple(notes))
    _try_sample(loaded)
    return loaded


def check_libraries(recorded: Mapping[str, str], installed: Mapping[str, str]) -> None:
    """Raises ModelError if the model was written with another major.minor of Python or scikit-learn."""
    for name in incompatible(recorded, installed):
        raise ModelError(
            f"The model was written with {name} {recorded[name]}, here is {installed.get(name) or 'none'}.",
            why=f"a model file of another {name} may load and answer wrongly",
            fix=f"run the service with {name} {minor(recorded[name])}, or train with an Action that has yours",
        )


def _check_size(version: Version, size: int) -> None:
    if size != version.size:
        raise ModelError(
            f"The file of {version.version} has {'more than ' * (size > version.size)}{min(size, version.size)} bytes, "
            f"its record says {version.size}.",
            why="it is truncated, not completely written yet, or a Git LFS pointer",
            fix="wait for the checkout to finish, or restore the file from the commit that promoted it",
        )


def _try_sample(loaded: LoadedModel) -> None:
    """Raises ModelError unless the model answers the recorded sample request, sent as a client would send it."""
    version = loaded.version
    try:
        (prediction,) = loaded.predict([version.sample])
    except Exception as error:  # a model may raise anything
        raise ModelError(
            f"{version.version} does not answer its sample request: {type(error).__name__}: {str(error)[:200]}",
            why="it needs a package that is not installed, or its metadata were edited",
            fix="roll back to the version before, and train again",
        ) from error
    values = prediction.values() if isinstance(prediction, dict) else [prediction]
    if not all(map(_is_valid, values)):
        raise ModelError(
            f"{version.version} answers its sample request with {prediction}.", fix="roll back, train again"
        )


def _is_valid(value: object) -> bool:
    """Whether it is a finite number or a class, which can be sent to every client."""
    return math.isfinite(value) if isinstance(value, float) else isinstance(value, bool | int | str)


def now() -> str:
    """Returns the time, UTC."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
