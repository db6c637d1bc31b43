"""How a version predicts: single rows of concurrent requests together, and what takes long in a thread.

A row waits for no other one: a batch is what has arrived by the time that the model is free.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool

from ml_action.consumer import LoadedModel

MAX_BATCH = 64  # rows
MAX_SECONDS = 0.01  # for a prediction in the event loop, where all other requests wait meanwhile
WORTHWHILE = 0.0001  # seconds: batches of a model that is quicker than this save nothing
THREADS = 4  # that predict at a time: more would only wait for each other
_ATTEMPTS = 3  # the fastest counts: other work may interrupt one

Row = dict[str, Any]


@dataclass(frozen=True)
class Pace:
    """How fast a model is. `inline`: how many rows the event loop may predict; `batches`: whether they are worth it."""

    inline: int
    batches: bool

    @classmethod
    def of(cls, served: LoadedModel) -> Pace:
        """Returns the pace, measured with the version's own sample."""
        one, many = _seconds(served, 1), _seconds(served, MAX_BATCH)
        inline = 0 if one >= MAX_SECONDS else MAX_BATCH if many < MAX_SECONDS else 1
        return cls(inline, batches=served.predictor.rowwise and one > WORTHWHILE)


def _seconds(served: LoadedModel, rows: int) -> float:
    found = []
    for _ in range(_ATTEMPTS):
        started = time.perf_counter()
        served.predict([served.version.sample] * rows)
        found.append(time.perf_counter() - started)
        if found[-1] < WORTHWHILE or found[-1] > 1:
            break
    return min(found)


@dataclass(frozen=True)
class _Waiting:
    row: Row
    answer: asyncio.Future[Any]


class Predictions:
    """The predictions of one version. Requests that were answered by it before a swap end with it."""

    def __init__(self, served: LoadedModel, pace: Pace) -> None:
        self._served = served
        self._pace = pace
        self._waiting: list[_Waiting] = []
        self._busy = False
        self._threads = asyncio.Semaphore(THREADS)

    async def one(self, row: Row) -> Any:
        """Returns the prediction for one row."""
        if not self._pace.batches:
            return (await self.many([row]))[0]
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append(_Waiting(row, answer))
        if not self._busy:
            self._busy = True
            loop.call_soon(self._start)  # after the requests that have arrived by now
        return await answer

    async def many(self, rows: Sequence[Row]) -> list[Any]:
        """Returns the predictions for the rows of one request."""
        if len(rows) <= self._pace.inline:
            return self._served.predict(rows)
        async with self._threads:
            return await run_in_threadpool(self._served.predict, rows)

    def _start(self) -> None:
        batch = self._waiting[:MAX_BATCH]
        del self._waiting[:MAX_BATCH]
        rows = [waiting.row for waiting in batch]
        if len(rows) <= self._pace.inline:
            self._finish(batch, _outcomes(self._served.predict, rows))
        else:
            found = asyncio.get_running_loop().run_in_executor(None, _outcomes, self._served.predict, rows)
            found.add_done_callback(lambda done: self._finish(batch, done.result()))

    def _finish(self, batch: Sequence[_Waiting], outcomes: Sequence[Any]) -> None:
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if waiting.answer.done():  # its client hung up
                continue
            if isinstance(outcome, Exception):
                waiting.answer.set_exception(outcome)
            else:
                waiting.answer.set_result(outcome)
        self._busy = bool(self._waiting)
        if self._busy:
            asyncio.get_running_loop().call_soon(self._start)


def _outcomes(predict: Any, rows: Sequence[Row]) -> list[Any]:
    """Returns a prediction or an exception for each row: one that the model cannot predict spoils no other."""
    try:
        found: list[Any] = predict(rows)
    except Exception as error:  # noqa: BLE001  a model may raise anything; it is raised for the request again
        if len(rows) == 1:
            return [error]
        return [outcome for row in rows for outcome in _outcomes(predict, [row])]
    return found
