"""From a version's record and a file's bytes to a model that has answered once. No version half loaded leaves this."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ml_action.consumer.prediction import Answering, Row
from ml_action.core.errors import ModelError
from ml_action.core.records.model import History, Version
from ml_action.modelling.training import model_file
from ml_action.modelling.training.library_versions import incompatible, libraries, minor


@dataclass(frozen=True, eq=False)
class Served:
    """One version, loaded and tried. A request that holds it is answered by it, whatever is swapped meanwhile."""

    version: Version
    history: History
    answering: Answering
    since: str  # when it was loaded
    notes: tuple[str, ...] = ()
    prepared: Any = None  # what the consumer's `prepare` made of it

    @property
    def model(self) -> Any:
        """The fitted scikit-learn model."""
        return self.answering.model

    def predict(self, rows: Sequence[Row]) -> list[Any]:
        """A prediction for each row: a number or a class; a mapping of them where there are several targets."""
        answers = self.answering(rows)
        if len(self.version.outputs) == 1:
            one: list[Any] = answers.reshape(len(rows)).tolist()  # some models answer a column
            return one
        found = answers.tolist()
        return [dict(zip(self.version.outputs, values, strict=True)) for values in found]


def load(version: Version, history: History, data: bytes, trusted: tuple[str, ...] = ()) -> Served:
    """The version, verified, loaded, warm. `trusted`: types of a skops file, beside those that everybody trusts.

    Raises ModelError when these are not the recorded bytes (before any is unpickled), when other libraries wrote
    them, and when the model does not answer the sample request.
    """
    check_libraries(version.libraries, libraries())
    _check_size(version, len(data))
    notes: list[str] = []
    form = model_file.format_of(version.file, trusted)
    model = model_file.load(data, version.sha256, notes.append, f"The model {version.version}", form)
    answering = Answering(model, version)
    served = Served(version, history, answering, now(), tuple(notes))
    _try(served)
    return served


def check_libraries(recorded: Mapping[str, str], here: Mapping[str, str]) -> None:
    """Raises ModelError where Python or scikit-learn is of another major.minor than the model was written with."""
    for name in incompatible(recorded, here):
        raise ModelError(
            f"The model was written with {name} {recorded[name]}, here is {here.get(name) or 'none'}.",
            why=f"a model file of another {name} may load and answer wrongly",
            fix=f"run the service with {name} {minor(recorded[name])}, or train with an Action that has yours",
        )


def _check_size(version: Version, size: int) -> None:
    if size != version.size:
        raise ModelError(
            f"The file of {version.version} has {'more than ' * (size > version.size)}{min(size, version.size)} bytes, "
            f"its record says {version.size}.",
            why="it is cut off, not yet there as a whole, or a Git LFS pointer",
            fix="wait for the checkout to finish, or restore the file from the commit that promoted it",
        )


def _try(served: Served) -> None:
    """The stored sample request, as a client would send it."""
    version = served.version
    try:
        (answer,) = served.predict([version.sample])
    except Exception as error:  # a model may raise anything at all
        raise ModelError(
            f"{version.version} does not answer its sample request: {type(error).__name__}: {str(error)[:200]}",
            why="it needs a package that is absent, or its metadata were edited",
            fix="roll back to the version before, and train anew",
        ) from error
    figures = answer.values() if isinstance(answer, dict) else [answer]
    if not all(map(_is_answer, figures)):
        raise ModelError(f"{version.version} answers its sample request with {answer}.", fix="roll back, train anew")


def _is_answer(figure: object) -> bool:
    """Whether it is a number or a class, which every client can be told."""
    return math.isfinite(figure) if isinstance(figure, float) else isinstance(figure, bool | int | str)


def now() -> str:
    """The time, UTC."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
