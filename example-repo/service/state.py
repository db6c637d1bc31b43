"""What the routes share: the consumer, the metrics, the recent inputs, and the feedback that waits."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from ml_action.consumer import Consumer, Event, Folder, GitHub, LoadedModel, Source, Verification
from ml_action.consumer.sources import Api
from ml_action.core.errors import ModelError
from service import inline_limit, schema
from service.config import Config
from service.feedback import Feedback, FolderTarget, GitHubTarget
from service.json_logging import log_event
from service.live_drift import RecentInputs
from service.metrics import Metrics
from service.schema import Schema


class ServiceState:
    """One for each application. Every request takes the current version once and is answered by it alone."""

    def __init__(self, config: Config, source: Source | None = None) -> None:
        """`source` replaces the configured one in tests."""
        self.config = config
        self.metrics = Metrics()
        self.recent = RecentInputs()
        self.consumer = Consumer(
            source or _source(config),
            largest=config.largest_model,
            trusted=config.trusted_types,
            on_event=self._on_event,
            prepare=self._prepare,
            verification=_verification(config),
        )
        self.feedback = _feedback(config, self._on_feedback)
        self.metrics.observe(self.served, lambda: self.consumer.status, self._drift, lambda: len(self.recent))

    def served(self) -> LoadedModel | None:
        """Returns the loaded version, or `None` before the first one."""
        with contextlib.suppress(ModelError):
            return self.consumer.current
        return None

    async def predict(self, served: LoadedModel, rows: Sequence[dict[str, Any]]) -> list[Any]:
        """Returns the predictions, computed in a thread if they would hold up the other requests."""
        if len(rows) <= served.prepared.inline_rows:
            return served.predict(rows)
        return await run_in_threadpool(served.predict, rows)

    @contextlib.asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Watches for models and writes feedback while the application runs."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.consumer.watching(self.config.every, wait=False))
            if self.feedback:
                stack.enter_context(self.feedback.running())
            log_event("started", source=str(self.consumer.source))
            yield
            log_event("stopping")
            await run_in_threadpool(stack.close)
        log_event("stopped")

    def _prepare(self, served: LoadedModel) -> Schema:
        """Returns the request schema of a version, made before the version takes over."""
        made = schema.schema_of(served.version, self.config.ranges, self.config.max_rows)
        self.metrics.predictions.labels(served.version.version)
        return replace(made, inline_rows=inline_limit.rows_inline(served))

    def _drift(self) -> dict[str, float]:
        served = self.served()
        return self.recent.drift(served.version.contract, served.version.features) if served else {}

    def _on_event(self, event: Event) -> None:
        self.metrics.count(event)
        if event.kind == "swapped":
            self.recent.clear()
            log_event("swapped", version=event.version, before=event.before, way=event.path)
        else:
            log_event(
                "refused", level=logging.WARNING, version=event.version, serving=event.before, reason=event.reason
            )

    def _on_feedback(self, outcome: str, rows: int, reason: str) -> None:
        self.metrics.feedback.labels(outcome).inc(rows)
        level = logging.INFO if outcome == "written" else logging.WARNING
        log_event(f"feedback {outcome}", level=level, rows=rows, reason=reason)


def _source(config: Config) -> Source:
    if not config.repository:
        return Folder(config.model_dir)
    return GitHub(config.repository, config.model_dir, ref=config.branch, token=config.token, api=config.api)


def _verification(config: Config) -> Verification:
    return Verification(
        config.verify,
        public_key=config.verify_key,
        repository=config.verify_repository,
        ref=config.verify_ref,
        workflow=config.verify_workflow,
        state=config.verify_state or None,
    )


def _feedback(config: Config, on_outcome: Callable[[str, int, str], object]) -> Feedback | None:
    """Returns the writer of feedback, or `None` if feedback is off."""
    if config.feedback == "off":
        return None
    target: FolderTarget | GitHubTarget = FolderTarget(config.feedback_path)
    if config.feedback == "github":
        api = Api(config.api, config.token)
        target = GitHubTarget(api, config.repository, config.feedback_path, config.branch)
    return Feedback(
        target,
        rows=config.feedback_rows,
        seconds=config.feedback_seconds,
        pending=config.feedback_pending,
        on_outcome=on_outcome,
    )
