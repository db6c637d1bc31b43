"""Questions of a worker and answers of the keeper, over a pipe: JSON, followed by bytes where the answer is a file."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

from ml_action.consumer import SourceUnavailable
from service.feedback.collector import FullError
from service.feedback.rate import RateError

MAX_QUESTION = 64 * 1024**2  # bytes: a worker must not fill the keeper's memory
Answerer = Callable[..., object]


class Channel:
    """The worker's end. Threads may share it: one asks at a time."""

    def __init__(self, descriptor: int) -> None:
        self._pipe = Connection(descriptor)
        self._lock = threading.Lock()

    def ask(self, question: str, **about: object) -> Any:
        """Returns the keeper's answer.

        Raises:
            SourceUnavailable, FullError, RateError: as the keeper met them.
            EOFError, OSError: the keeper is gone.
        """
        with self._lock:
            self._pipe.send_bytes(json.dumps([question, about]).encode())
            answer = json.loads(self._pipe.recv_bytes())
            content = self._pipe.recv_bytes() if answer.get("file") else b""
        if "error" in answer:
            raise _error(answer["error"], answer["about"])
        return content if answer.get("file") else answer["value"]


def answer(pipe: Connection, answerers: Mapping[str, Answerer]) -> None:
    """Answers the questions of a worker until it is gone."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            found = _answer(pipe.recv_bytes(MAX_QUESTION), answerers)
            if isinstance(found, bytes):
                pipe.send_bytes(b'{"file": true}')
                pipe.send_bytes(found)
            else:
                pipe.send_bytes(json.dumps(found).encode())


def _answer(message: bytes, answerers: Mapping[str, Answerer]) -> object:
    try:
        question, about = json.loads(message)
        found = answerers[question](**about)
    except (SourceUnavailable, FullError, RateError) as error:
        return {"error": type(error).__name__, "about": _about(error)}
    except Exception as error:  # noqa: BLE001  a worker may ask for nonsense; the keeper continues
        return {"error": "RuntimeError", "about": [f"the keeper failed: {type(error).__name__}: {str(error)[:200]}"]}
    return found if isinstance(found, bytes) else {"value": found}


_ERRORS: dict[str, type[Exception]] = {
    "SourceUnavailable": SourceUnavailable,
    "FullError": FullError,
    "RateError": RateError,
    "RuntimeError": RuntimeError,
}


def _error(name: str, about: Any) -> Exception:
    return _ERRORS[name](**about) if isinstance(about, dict) else _ERRORS[name](*about)


def _about(error: Exception) -> dict[str, Any]:
    names = {SourceUnavailable: ("what", "why", "fix", "wait", "status"), RateError: ("wait",), FullError: ("problem",)}
    return {name: getattr(error, name) for name in names[type(error)]}
