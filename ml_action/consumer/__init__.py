"""Always the best model: what a service or a batch job embeds (docs/consumer.md).

    consumer = Consumer(Folder("model"))
    consumer.refresh()                            # or: with consumer.watching(every=60): ...
    print(consumer.current.predict([{"hours_studied": 5}]))

`watch -> verify -> load -> swap`: the metadata are read, their signature is verified (`Verification`), the digest is
compared before a byte is unpickled, the new model is loaded and tried next to the old one, and one reference moves.
Whatever fails on the way, the old one stays. Needs joblib, NumPy and scikit-learn; cryptography to verify signatures;
pandas only for a model that accepts nothing but frames.

`__all__` is public: docs/consumer.md promises what stays stable, and tests/unit/consumer/test_public_api.py pins it.
"""

import importlib
from typing import TYPE_CHECKING, Any

from ml_action.consumer import deprecation
from ml_action.consumer.api import Api, SourceUnavailable
from ml_action.consumer.sources import Folder, GitHub, Source
from ml_action.core.errors import DataError, ModelError
from ml_action.core.records.contract import ColumnProfile, DataContract
from ml_action.core.records.model import Version

if TYPE_CHECKING:
    from ml_action.consumer.consumer import Consumer, Event, Status
    from ml_action.consumer.loading import LoadedModel
    from ml_action.consumer.prediction import Predictor
    from ml_action.consumer.verification import Verification

__all__ = [
    "Api", "ColumnProfile", "Consumer", "DataContract", "DataError", "Event", "Folder", "GitHub", "LoadedModel",
    "ModelError", "Predictor", "Source", "SourceUnavailable", "Status", "Verification", "Version",
]  # fmt: skip

# A process that loads no model does without scikit-learn: it is imported with the first of these names.
_LATE = {
    "Consumer": "consumer",
    "Event": "consumer",
    "LoadedModel": "loading",
    "Predictor": "prediction",
    "Status": "consumer",
    "Verification": "verification",
}
_RENAMED = {"Answering": "Predictor", "Served": "LoadedModel", "Unreachable": "SourceUnavailable"}

if not TYPE_CHECKING:  # type checkers know the new names only

    def __getattr__(name: str) -> Any:
        """Returns a class that is imported late, or by its deprecated name."""
        if name in _LATE:
            found = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_LATE[name]}"), name)
            return found
        if name not in _RENAMED:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        deprecation.warn(f"{__name__}.{name}", _RENAMED[name])
        return globals().get(_RENAMED[name]) or __getattr__(_RENAMED[name])
