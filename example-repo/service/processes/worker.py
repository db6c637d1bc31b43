"""`python -m service.processes.worker`: one process that loads models and answers requests. The keeper starts it."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

# Before NumPy is loaded: a request is a few rows, and threads that wait for each other take longer than one alone.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

try:
    from ml_action.consumer import Folder, LoadedModel, ModelError
    from service.app import create_app, server_of
    from service.config import Config
    from service.json_logging import set_up
    from service.processes.channel import Channel
    from service.state import ServiceState
except ModuleNotFoundError as missing:
    sys.stderr.write(
        f"The service needs the package {missing.name}, which is not installed for {sys.executable}.\n"
        "Install what the README's section on the service names, or run its image.\n"
    )
    sys.exit(2)

PATIENCE = 120.0  # seconds that loading a model may take another worker longer than this one


class KeptSource:
    """The source of models, asked through the keeper, which has the token."""

    def __init__(self, models: Channel, other: Channel, name: str) -> None:
        self._models, self._other, self._name = models, other, name

    def __str__(self) -> str:
        return self._name

    def metadata(self) -> bytes:
        """Returns the current bytes of model_metadata.json."""
        content: bytes = self._models.ask("metadata")
        return content

    def artifact(self, file: str, most: int) -> bytes:
        """Returns the bytes of a file next to it."""
        content: bytes = self._models.ask("artifact", file=file, most=most)
        return content

    def counter(self) -> bytes:
        """Returns new_data_counter.json, or b""."""
        content: bytes = self._other.ask("counter")
        return content


class KeptFeedback:
    """The feedback that the keeper collects."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]], client: str = "") -> int:
        """Hands rows over. Returns how many wait."""
        cells = [[row.get(name) for name in columns] for row in rows]
        waiting: int = self._channel.ask("add", columns=columns, rows=cells, client=client)
        return waiting

    def state(self) -> dict[str, Any]:
        """Returns how many rows wait, what is in the way, and the rows by outcome."""
        state: dict[str, Any] = self._channel.ask("feedback")
        return state


def main(when: str, descriptors: Sequence[int]) -> int:
    """Runs a worker.

    Args:
        when: "now": it answers before it has a model, that none is there; "loaded": others answer meanwhile.
        descriptors: The port's, and those of its channels.
    """
    config = Config.from_env(os.environ, of_worker=True)
    set_up()
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # a client must not be able to fill the log
    models, feedback, other = map(Channel, descriptors[1:])
    state = ServiceState(
        config,
        KeptSource(models, other, config.repository) if config.repository else Folder(config.model_dir),
        KeptFeedback(feedback) if config.feedback != "off" else None,
        agree=lambda served: _agree(models, served, config.every),
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn sends itself the signal again at the end
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    gc.collect()
    gc.freeze()  # what is imported stays: the collector does not look through it again and again
    if when == "loaded":
        state.consumer.refresh()
    server_of(create_app(state)).run(sockets=[socket.socket(fileno=descriptors[0])])
    return 0


def _agree(models: Channel, served: LoadedModel, every: float) -> None:
    """Waits until all workers have loaded this version.

    Raises:
        ModelError: one of them has not in time.
    """
    version = served.version
    seconds = 2 * every + PATIENCE
    if not models.ask("agree", version=f"{version.version} {version.sha256}", seconds=seconds):
        raise ModelError(
            f"Not every worker has loaded {version.version} within {seconds:.0f} seconds.",
            why="another worker refuses it, or is still loading it",
            fix="nothing, if it passes by itself: all are asked again. Otherwise the log says what is in the way",
        )


def _end_with(keeper: int) -> None:
    """Ends this process once the keeper is gone."""
    waiting = threading.Event()
    while os.getppid() == keeper:
        waiting.wait(1.0)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], [int(number) for number in sys.argv[2:]]))
