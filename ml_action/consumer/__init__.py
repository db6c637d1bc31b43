"""Always the best model: what a service or a batch job embeds (docs/consumer.md).

    consumer = Consumer(Folder("model"))
    consumer.refresh()                            # or: with consumer.watching(every=60): ...
    print(consumer.current.predict([{"hours_studied": 5}]))

`watch -> verify -> load -> swap`: the metadata are read, the digest is compared before a byte is unpickled, the new
model is loaded and tried beside the old one, and one reference moves. Whatever fails on the way, the old one stays.
Needs joblib, NumPy and scikit-learn; pandas only for a model that takes nothing but frames.
"""

from ml_action.consumer.consumer import Consumer, Event, Status
from ml_action.consumer.loading import Served
from ml_action.consumer.prediction import Answering
from ml_action.consumer.sources import Folder, GitHub, Source, Unreachable

__all__ = ["Answering", "Consumer", "Event", "Folder", "GitHub", "Served", "Source", "Status", "Unreachable"]
