"""Model files: written with their digest, and verified before any byte of them becomes an object.

Unpickling runs whatever code the file contains (https://docs.python.org/3/library/pickle.html), so the digest that was
recorded at promotion is compared first. The format is joblib's, which scikit-learn recommends, or skops, in which every
type is named and only trusted types are loaded.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import joblib
from sklearn.exceptions import InconsistentVersionWarning

from ml_action.core.errors import ModelError
from ml_action.core.formatting import sanitised
from ml_action.modelling.training import skops_file

# Not gzip, which writes the time into its header: the same model must give the same bytes.
_COMPRESSION = ("zlib", 3)


@dataclass(frozen=True)
class ModelFormat:
    """How a model is written, and which types it may contain."""

    name: str = "pickle"  # pickle | skops
    trusted: tuple[str, ...] = ()  # in a skops file, in addition to those that skops and this package trust


PICKLE = ModelFormat()


def format_of(file: str, trusted: tuple[str, ...]) -> ModelFormat:
    """Returns the format of a model file by its name."""
    return ModelFormat("skops" if file.endswith(".skops") else "pickle", trusted)


class ModelFile(NamedTuple):
    """A written model."""

    content: bytes
    sha256: str  # hexadecimal


def dump(model: object, form: ModelFormat = PICKLE) -> ModelFile:
    """Writes the model. The same model gives the same bytes.

    Raises:
        ModelError: skops cannot write the model, or it contains untrusted types.
    """
    data = _as_skops(model, form) if form.name == "skops" else _as_pickle(model)
    return ModelFile(data, hashlib.sha256(data).hexdigest())


def _as_pickle(model: object) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(model, buffer, compress=_COMPRESSION)
    return buffer.getvalue()


def _as_skops(model: object, form: ModelFormat) -> bytes:
    try:
        data = skops_file.dump(model)
    except Exception as error:  # an estimator may raise anything at all while it is written
        raise ModelError(
            f"The model cannot be written as a skops file: {type(error).__name__}: {sanitised(error, 200)}",
            why="skops does not know one of its types.",
            fix="Choose another estimator, or model-format: pickle.",
        ) from error
    _reject_untrusted_types(data, form)
    return data


def types_of(data: bytes, form: ModelFormat) -> tuple[str, ...]:
    """Returns the types in a skops file that skops itself does not trust; none for a pickle, which has no list."""
    return skops_file.types_in(data) if form.name == "skops" else ()


def load(
    data: bytes,
    digest: str,
    note: Callable[[str], None] = lambda _: None,
    who: str = "The champion",
    form: ModelFormat = PICKLE,
) -> Any:
    """Returns the model in the file.

    Args:
        data: The file.
        digest: The recorded sha256.
        note: Called with remarks for the user, such as another version of scikit-learn.
        who: The model's name in remarks.
        form: The format of the file.

    Raises:
        ModelError: The sha256 is not `digest`, or a type is not trusted (both are checked before anything is loaded),
            or the file cannot be loaded.
    """
    _verify(data, digest)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", InconsistentVersionWarning)
        try:
            model = _from_skops(data, form) if form.name == "skops" else joblib.load(io.BytesIO(data))
        except ModelError:
            raise
        except Exception as error:  # a pickle may raise anything at all
            raise _unloadable(error) from error
    for text in dict.fromkeys(_inconsistency(warning.message, who) for warning in caught):
        note(text)
    return model


def _from_skops(data: bytes, form: ModelFormat) -> Any:
    _reject_untrusted_types(data, form)
    return skops_file.load(data)


def _reject_untrusted_types(data: bytes, form: ModelFormat) -> None:
    untrusted = [sanitised(name, 200) for name in skops_file.untrusted_types(data, form.trusted)]
    if untrusted:
        listed = ", ".join(untrusted)
        raise ModelError(
            f"The model file contains untrusted types: {listed}.",
            why="model-format: skops loads only types that skops knows or that the setting names.",
            fix=f"Check what they are, and add them to the setting: trusted-types: {listed}",
        )


def _verify(data: bytes, digest: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if not hmac.compare_digest(found.encode(), digest.lower().encode()):
        raise ModelError(
            f"The model file's sha256 is {found}, its record says {sanitised(digest, 64) or 'nothing'}.",
            why="The file was changed after it was promoted, or it is a Git LFS pointer.",
            fix="Restore the file from the commit that promoted it, or roll back to another version.",
        )


def _unloadable(error: Exception) -> ModelError:
    return ModelError(
        f"The model file cannot be loaded: {type(error).__name__}: {sanitised(error, 200)}",
        why="It was written with other versions of its libraries, or needs a package that is absent.",
        fix="Run with the library versions that model_metadata.json records for it, or retrain without it.",
    )


def _inconsistency(warning: Warning | str, who: str) -> str:
    if isinstance(warning, InconsistentVersionWarning):
        return (
            f"{who} was written with scikit-learn {warning.original_sklearn_version} "
            f"and is loaded with {warning.current_sklearn_version}."
        )
    return sanitised(warning, 200)
