"""What the routes share: the consumer, the metrics, the recent inputs, and the feedback that waits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from ml_action.consumer import Consumer, Event, LoadedModel, ModelError, Source, Verification
from service import schema
from service.config import Config
from service.json_logging import log_event
from service.live_drift import RecentInputs
from service.metrics import Metrics
from service.prediction import Pace, Predictions
from service.schema import Schema
from service.server.middleware import Held

LARGE_AT_A_TIME = 2  # requests with large bodies that are parsed and predicted
DRIFT_SECONDS = 5.0  # for which the drift is kept: it is computed from two thousand rows


class FeedbackSink(Protocol):
    """Where rows with their answers go: the collector, or the keeper that has it."""

    def add(self, columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]], client: str = "") -> int:
        """Adds rows of a client. Returns how many wait."""

    def state(self) -> dict[str, Any]:
        """Returns how many rows wait, what is in the way, and the rows by outcome."""


@dataclass(frozen=True)
class Prepared:
    """What is made of a version before it takes over."""

    schema: Schema
    predictions: Predictions


class ServiceState:
    """One for each application. Every request takes the current version once and is answered by it alone."""

    def __init__(
        self,
        config: Config,
        source: Source,
        feedback: FeedbackSink | None = None,
        agree: Callable[[LoadedModel], object] = lambda _: None,
    ) -> None:
        """Creates a state that has loaded nothing yet.

        Args:
            config: The settings.
            source: Where models are.
            feedback: Where labelled rows go; `None`: they are not taken.
            agree: Called before a version takes over; if it raises, the version is refused.
        """
        self.config = config
        self.feedback = feedback
        self.held = Held(config.max_body)
        self.large = asyncio.Semaphore(LARGE_AT_A_TIME)
        self._agree = agree
        self._drift = _Kept(self._compute_drift)
        self.metrics = Metrics()
        self.recent = RecentInputs()
        self.consumer = Consumer(
            source,
            largest=config.largest_model,
            trusted=config.trusted_types,
            on_event=self._on_event,
            prepare=self._prepare,
            verification=_verification(config),
        )
        self.metrics.observe(self.served, lambda: self.consumer.status, self._drift, lambda: len(self.recent))
        if feedback:
            self.metrics.observe_feedback(lambda: feedback.state()["outcomes"])

    def served(self) -> LoadedModel | None:
        """Returns the loaded version, or `None` before the first one."""
        with contextlib.suppress(ModelError):
            return self.consumer.current
        return None

    @contextlib.asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Watches for models while the application runs."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.consumer.watching(self.config.every, wait=False))
            log_event("started", source=str(self.consumer.source))
            yield
            log_event("stopping")
            await run_in_threadpool(stack.close)
        log_event("stopped")

    def _prepare(self, served: LoadedModel) -> Prepared:
        """Returns what a version needs, made before it takes over."""
        made = schema.schema_of(served.version, self.config.ranges, self.config.max_rows)
        self.metrics.predictions.labels(served.version.version)
        prepared = Prepared(made, Predictions(served, Pace.of(served)))
        self._agree(served)
        return prepared

    def _compute_drift(self) -> dict[str, float]:
        served = self.served()
        return self.recent.drift(served.version.contract, served.version.features) if served else {}

    def _on_event(self, event: Event) -> None:
        self.metrics.count(event)
        if event.kind == "swapped":
            self.recent.clear()
            self._drift.expire()
            log_event("swapped", version=event.version, before=event.before, way=event.path)
        else:
            log_event(
                "refused", level=logging.WARNING, version=event.version, serving=event.before, reason=event.reason
            )


class _Kept:
    """The drift, computed by one thread at a time and kept for a while, however often clients ask for it."""

    def __init__(self, compute: Callable[[], dict[str, float]]) -> None:
        self._compute = compute
        self._found: dict[str, float] = {}
        self._expires = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> dict[str, float]:
        with self._lock:
            if not self._found or time.monotonic() >= self._expires:
                self._found = self._compute()
                self._expires = time.monotonic() + DRIFT_SECONDS
            return self._found

    def expire(self) -> None:
        """Has it computed again."""
        self._found = {}


def _verification(config: Config) -> Verification:
    return Verification(
        config.verify,
        public_key=config.verify_key,
        repository=config.verify_repository,
        ref=config.verify_ref,
        workflow=config.verify_workflow,
        name=config.verify_name,
        state=config.verify_state or None,
    )
