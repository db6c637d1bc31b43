"""The HTTP interface. Every request takes the current version once and is answered by it alone."""

from __future__ import annotations

import contextlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from ml_action.codec import plain
from ml_action.consumer import Consumer, Event, Folder, GitHub, Served, Source
from ml_action.consumer.sources import Api
from ml_action.errors import ModelProblem
from service import pace, page, schema
from service.config import Config
from service.drift import Recent
from service.feedback import Feedback, FolderTarget, FullError, GitHubTarget
from service.guard import BodyError, Guard, body_of
from service.logs import say
from service.metrics import Metrics
from service.openapi import Described
from service.schema import Schema

NOT_YET = 503


class Service:
    """What the routes share."""

    def __init__(self, config: Config, source: Source | None = None) -> None:
        self.config = config
        self.metrics = Metrics()
        self.recent = Recent()
        self.consumer = Consumer(
            source or _source(config),
            largest=config.largest_model,
            trusted=config.trusted_types,
            told=self._heard,
            prepare=self._prepare,
        )
        self.decision = page.Decision(self.consumer.source, config.every)
        self.feedback = _feedback(config, self._wrote)
        self.metrics.follow(self.served, lambda: self.consumer.status, self._effects, lambda: len(self.recent))

    def served(self) -> Served | None:
        """The version that answers; None when there is none yet."""
        with contextlib.suppress(ModelProblem):
            return self.consumer.current
        return None

    def _prepare(self, served: Served) -> Schema:
        found = schema.of(served.version, self.config.ranges, self.config.max_rows)
        self.metrics.predictions.labels(served.version.version)
        return replace(found, inline=pace.inline(served))

    async def predict(self, served: Served, rows: Sequence[dict[str, Any]]) -> list[Any]:
        """The predictions: at once, or in a thread where that takes longer than others should wait."""
        if len(rows) <= served.prepared.inline:
            return served.predict(rows)
        return await run_in_threadpool(served.predict, rows)

    def _effects(self) -> dict[str, float]:
        served = self.served()
        return self.recent.effects(served.version.contract, served.version.features) if served else {}

    def _heard(self, event: Event) -> None:
        self.metrics.heard(event)
        if event.kind == "swapped":
            self.recent.clear()
            say("swapped", version=event.version, before=event.before, way=event.way)
        else:
            say("refused", level=logging.WARNING, version=event.version, serving=event.before, reason=event.reason)

    def _wrote(self, outcome: str, rows: int, reason: str) -> None:
        self.metrics.feedback.labels(outcome).inc(rows)
        level = logging.INFO if outcome == "written" else logging.WARNING
        say(f"feedback {outcome}", level=level, rows=rows, reason=reason)

    @contextlib.asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Looks for models, and writes feedback, while the application runs."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.consumer.watching(self.config.every, wait=False))
            if self.feedback:
                stack.enter_context(self.feedback.running())
            say("started", source=str(self.consumer.source))
            yield
            say("stopping")
            await run_in_threadpool(stack.close)
        say("stopped")


def _source(config: Config) -> Source:
    if not config.repository:
        return Folder(config.model_dir)
    return GitHub(config.repository, config.model_dir, ref=config.branch, token=config.token, api=config.api)


def _feedback(config: Config, told: Callable[[str, int, str], object]) -> Feedback | None:
    if config.feedback == "off":
        return None
    target: FolderTarget | GitHubTarget = FolderTarget(config.feedback_path)
    if config.feedback == "github":
        api = Api(config.api, config.token)
        target = GitHubTarget(api, config.repository, config.feedback_path, config.branch)
    return Feedback(
        target, rows=config.feedback_rows, seconds=config.feedback_seconds, pending=config.feedback_pending, told=told
    )


def create_app(config: Config, source: Source | None = None) -> ASGIApp:
    """The application; `source` in place of the configured one, for tests."""
    service = Service(config, source)
    app = FastAPI(
        title="The current best model", version="1", lifespan=service.lifespan, docs_url=None, redoc_url=None,
        redirect_slashes=False, exception_handlers={Exception: _sorry},
    )  # fmt: skip
    _add_routes(app, service)
    app.openapi = Described(app, service.served)  # type: ignore[method-assign]
    page.add_routes(app, service)
    guarded = Guard(app, service.metrics)
    guarded.service = service  # type: ignore[attr-defined]
    return guarded


def _add_routes(app: FastAPI, service: Service) -> None:
    @app.post("/predict", summary="Predict one row (an object) or many (an array)")
    async def predict(request: Request) -> Response:
        return await _predict(service, request)

    @app.post("/feedback", status_code=202, summary="Rows with their true answers, to learn from")
    async def feedback(request: Request) -> Response:
        return await _learn(service, request)

    @app.get("/model", summary="The version that answers")
    async def model() -> Response:
        served = service.served()
        return answer(about(served)) if served else no_model(service)

    @app.get("/healthz", summary="Whether the process is alive")
    async def healthz() -> Response:
        return answer({"status": "ok"})

    @app.get("/readyz", summary="Whether requests are answered, and what is in the way of the newest version")
    async def readyz() -> Response:
        return ready(service)

    @app.get("/metrics", summary="Series for Prometheus")
    async def metrics() -> Response:
        content = await run_in_threadpool(generate_latest, service.metrics.registry)
        return Response(content, media_type=CONTENT_TYPE_LATEST)


def answer(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON. A figure that is no number is null, as in the metadata: a model may say infinity."""
    try:
        text = json.dumps(content, allow_nan=False)
    except ValueError:
        text = json.dumps(plain(content))
    return Response(text, status, headers, media_type="application/json")


def refused(status: int, detail: object, headers: dict[str, str] | None = None) -> Response:
    """What is wrong, as FastAPI says it."""
    return answer({"detail": detail}, status, headers)


async def _sorry(_: Request, __: Exception) -> Response:
    """To the client as little as possible; the traceback goes to the log (guard)."""
    return refused(500, "The service failed; its log says why.")


def no_model(service: Service) -> Response:
    """There is nothing to answer with yet."""
    return refused(NOT_YET, f"No model is loaded yet. {service.consumer.status.problem}".strip(), {"Retry-After": "5"})


async def _taken(service: Service, request: Request) -> tuple[Served, bytes] | Response:
    """The version that answers and the request's body, or why there is no more than this to say."""
    served = service.served()
    if served is None:
        return no_model(service)
    try:
        return served, await body_of(request, service.config.max_body)
    except BodyError as error:
        return refused(error.status, str(error), {"Connection": "close"})


# --- predictions ------------------------------------------------------------------------------------------


async def _predict(service: Service, request: Request) -> Response:
    taken = await _taken(service, request)
    if isinstance(taken, Response):
        return taken
    served, body = taken
    prepared: Schema = served.prepared
    try:
        if body.lstrip()[:1] == b"[":
            return await _predict_many(service, served, prepared.rows.validate_json(body))
        row = prepared.row.validate_json(body)
    except ValidationError as error:
        return refused(422, schema.problems(error, prepared.columns))
    (prediction,) = await service.predict(served, [row])
    service.recent.add(row)
    service.metrics.predictions.labels(served.version.version).inc()
    return answer({"version": served.version.version, "prediction": prediction})


async def _predict_many(service: Service, served: Served, rows: Sequence[dict[str, Any]]) -> Response:
    found = await service.predict(served, rows)
    service.recent.extend(rows)
    service.metrics.predictions.labels(served.version.version).inc(len(rows))
    return answer({"version": served.version.version, "predictions": found})


# --- feedback ---------------------------------------------------------------------------------------------


async def _learn(service: Service, request: Request) -> Response:
    if service.feedback is None:
        return refused(404, "Feedback is off here: SERVICE_FEEDBACK switches it on.")
    if not _may(request, service.config.feedback_token):
        return refused(401, "Feedback asks for the token: Authorization: Bearer ...", {"WWW-Authenticate": "Bearer"})
    if not service.config.feedback_token and _of_another_page(request):
        return refused(403, "Feedback is not taken from another site's page unless a token is asked for.")
    taken = await _taken(service, request)
    if isinstance(taken, Response):
        return taken
    served, body = taken
    return _learned(service.feedback, served, body if body.lstrip()[:1] == b"[" else b"[" + body + b"]")


def _learned(feedback: Feedback, served: Served, body: bytes) -> Response:
    prepared: Schema = served.prepared
    columns = (*prepared.columns, *prepared.answers)
    try:
        rows = prepared.labelled.validate_json(body)
    except ValidationError as error:
        return refused(422, schema.problems(error, columns))
    try:
        waiting = feedback.add(tuple(column.name for column in columns), rows)
    except FullError:
        reason = f"Too many rows wait to be written. {feedback.problem}".strip()
        return refused(503, reason, {"Retry-After": "60"})
    return answer({"accepted": len(rows), "waiting": waiting}, 202)


def _may(request: Request, token: str) -> bool:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    return not token or (kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode()))


def _of_another_page(request: Request) -> bool:
    """Whether a browser sends it for a page of somebody else: whoever visits that page would teach the service."""
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")


# --- what runs here ---------------------------------------------------------------------------------------


def about(served: Served) -> dict[str, Any]:
    """The version as people and programs ask for it."""
    version = served.version
    names = (
        "version", "sha256", "size", "created", "datasets", "rows", "data_tree", "attempt", "target", "features",
        "task", "estimator", "metric", "improvement", "reason",
    )  # fmt: skip
    said = {name: getattr(version, name) for name in names}
    interval = {"low": version.interval.low, "high": version.interval.high}
    mappings = {name: dict(getattr(version, name)) for name in ("scores", "champion_scores", "libraries", "sample")}
    return said | mappings | {"interval": interval, "loaded": served.since, "way": served.answering.way}


def ready(service: Service) -> Response:
    """200 as long as requests are answered, though it may not be the newest version: `problem` says why."""
    status = service.consumer.status
    said = {"ready": status.ready, **vars(status)}
    if service.feedback:
        said["feedback"] = {"waiting": service.feedback.pending, "problem": service.feedback.problem}
    return answer(said, 200 if status.ready else NOT_YET)
