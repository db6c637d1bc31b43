"""A model as a file: written with its digest, verified before a single byte of it is made into an object.

Unpickling runs whatever the file says (https://docs.python.org/3/library/pickle.html), so the digest that was
recorded at promotion is compared first. The format is joblib's, which scikit-learn recommends, or skops, in which
every type is named and nothing runs that nobody trusts.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import joblib
from sklearn.exceptions import InconsistentVersionWarning

from ml_action.core.errors import ModelError
from ml_action.core.formatting import sanitised
from ml_action.modelling.training import skops_file

# zlib and not gzip: gzip writes the time of day into its header, and the same model must give the same bytes.
_COMPRESSION = ("zlib", 3)


@dataclass(frozen=True)
class ModelFormat:
    """How a model is written, and which types may be in it."""

    name: str = "pickle"  # pickle | skops
    trusted: tuple[str, ...] = ()  # of a skops file, beside those that skops and we trust


PICKLE = ModelFormat()


def format_of(file: str, trusted: tuple[str, ...]) -> ModelFormat:
    """The form of a model file by its name."""
    return ModelFormat("skops" if file.endswith(".skops") else "pickle", trusted)


def dump(model: object, form: ModelFormat = PICKLE) -> tuple[bytes, str]:
    """The model file and its sha256 in hexadecimal. The same model gives the same bytes.

    Raises ModelError when skops cannot write it, or when nobody trusts what is in it.
    """
    data = _as_skops(model, form) if form.name == "skops" else _as_pickle(model)
    return data, hashlib.sha256(data).hexdigest()


def _as_pickle(model: object) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(model, buffer, compress=_COMPRESSION)
    return buffer.getvalue()


def _as_skops(model: object, form: ModelFormat) -> bytes:
    try:
        data = skops_file.dump(model)
    except Exception as error:  # an estimator may raise anything at all when it is taken apart
        raise ModelError(
            f"The model cannot be written as a skops file: {type(error).__name__}: {sanitised(error, 200)}",
            why="skops does not know one of the types that it is made of.",
            fix="Choose another estimator, or model-format: pickle.",
        ) from error
    _refuse_strangers(data, form)
    return data


def types_of(data: bytes, form: ModelFormat) -> tuple[str, ...]:
    """What is in a skops file beside the types that skops trusts by itself. A pickle has no list."""
    return skops_file.types_in(data) if form.name == "skops" else ()


def load(
    data: bytes,
    digest: str,
    note: Callable[[str], None] = lambda _: None,
    who: str = "The champion",
    form: ModelFormat = PICKLE,
) -> Any:
    """The model in the file. What is worth knowing of it (another scikit-learn wrote it) goes to `note`.

    Raises ModelError when the sha256 is not `digest` or a type in it is not trusted, before anything is made of it,
    and when the file cannot be loaded.
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
    _refuse_strangers(data, form)
    return skops_file.load(data)


def _refuse_strangers(data: bytes, form: ModelFormat) -> None:
    strangers = [sanitised(name, 200) for name in skops_file.untrusted_types(data, form.trusted)]
    if strangers:
        listed = ", ".join(strangers)
        raise ModelError(
            f"The model file holds types that nobody has trusted: {listed}.",
            why="model-format: skops makes an object only of types that skops knows or that the setting names.",
            fix=f"Look at what they are, and add them to the setting: trusted-types: {listed}",
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
