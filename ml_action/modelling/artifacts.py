"""A model as a file: written with its digest, verified before a single byte of it is unpickled.

Unpickling runs whatever the file says (https://docs.python.org/3/library/pickle.html), so the digest that was
recorded at promotion is compared first. The format is joblib's, which scikit-learn recommends.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import warnings
from collections.abc import Callable
from typing import Any

import joblib
from sklearn.exceptions import InconsistentVersionWarning

from ml_action.errors import ModelProblem
from ml_action.modelling.wording import plain

# zlib and not gzip: gzip writes the time of day into its header, and the same model must give the same bytes.
_COMPRESSION = ("zlib", 3)


def dump(model: object) -> tuple[bytes, str]:
    """The model file and its sha256 in hexadecimal. The same model gives the same bytes."""
    buffer = io.BytesIO()
    joblib.dump(model, buffer, compress=_COMPRESSION)
    data = buffer.getvalue()
    return data, hashlib.sha256(data).hexdigest()


def load(data: bytes, digest: str, note: Callable[[str], None] = lambda _: None, who: str = "The champion") -> Any:
    """The model in the file. What is worth knowing of it (another scikit-learn wrote it) goes to `note`.

    Raises ModelProblem when the sha256 is not `digest`, before anything is unpickled, and when the file
    cannot be loaded.
    """
    _verify(data, digest)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", InconsistentVersionWarning)
        try:
            model = joblib.load(io.BytesIO(data))
        except Exception as error:  # a pickle may raise anything at all
            raise _unloadable(error) from error
    for text in dict.fromkeys(_inconsistency(warning.message, who) for warning in caught):
        note(text)
    return model


def _verify(data: bytes, digest: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if not hmac.compare_digest(found.encode(), digest.lower().encode()):
        raise ModelProblem(
            f"The model file's sha256 is {found}, its record says {plain(digest, 64) or 'nothing'}.",
            why="The file was changed after it was promoted, or it is a Git LFS pointer.",
            fix="Restore the file from the commit that promoted it, or roll back to another version.",
        )


def _unloadable(error: Exception) -> ModelProblem:
    return ModelProblem(
        f"The model file cannot be loaded: {type(error).__name__}: {plain(error, 200)}",
        why="It was written with other versions of its libraries, or needs a package that is absent.",
        fix="Run with the library versions that model_metadata.json records for it, or retrain without it.",
    )


def _inconsistency(warning: Warning | str, who: str) -> str:
    if isinstance(warning, InconsistentVersionWarning):
        return (
            f"{who} was written with scikit-learn {warning.original_sklearn_version} "
            f"and is loaded with {warning.current_sklearn_version}."
        )
    return plain(warning, 200)
