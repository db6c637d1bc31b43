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

from typing import TYPE_CHECKING, Any

from ml_action.consumer import deprecation
from ml_action.consumer.consumer import Consumer, Event, Status
from ml_action.consumer.loading import LoadedModel
from ml_action.consumer.prediction import Predictor
from ml_action.consumer.sources import Folder, GitHub, Source, SourceUnavailable
from ml_action.consumer.verification import Verification

__all__ = [
    "Consumer", "Event", "Folder", "GitHub", "LoadedModel", "Predictor", "Source", "SourceUnavailable", "Status",
    "Verification",
]  # fmt: skip

_RENAMED = {"Answering": Predictor, "Served": LoadedModel, "Unreachable": SourceUnavailable}

if not TYPE_CHECKING:  # type checkers know the new names only

    def __getattr__(name: str) -> Any:
        """Returns a class by its deprecated name."""
        if name not in _RENAMED:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        deprecation.warn(f"{__name__}.{name}", _RENAMED[name].__name__)
        return _RENAMED[name]
