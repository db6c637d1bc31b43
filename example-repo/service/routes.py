"""The JSON endpoints. Every request takes the current version once and is answered by it alone."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from ml_action.consumer import LoadedModel
from ml_action.core.codec import plain
from ml_action.core.example_row import shown_sample
from service import schema
from service.feedback import Feedback, FullError
from service.middleware import BodyError, read_body
from service.schema import Schema
from service.state import ServiceState

NOT_READY = 503
_VERSION_FIELDS = (
    "version", "sha256", "size", "created", "datasets", "rows", "data_tree", "attempt", "target", "features", "task",
    "estimator", "metric", "improvement", "reason",
)  # fmt: skip
_VERSION_MAPPINGS = ("scores", "champion_scores", "libraries")


def add_routes(app: FastAPI, state: ServiceState) -> None:
    """Adds the endpoints for programs."""

    @app.post("/predict", summary="Predict one row (an object) or many (an array)")
    async def predict(request: Request) -> Response:
        return await _predict(state, request)

    @app.post("/feedback", status_code=202, summary="Rows with their true answers, to learn from")
    async def feedback(request: Request) -> Response:
        return await _accept_feedback(state, request)

    @app.get("/model", summary="The version that answers")
    async def model() -> Response:
        served = state.served()
        return json_response(describe(served)) if served else _no_model(state)

    @app.get("/healthz", summary="Whether the process is alive")
    async def healthz() -> Response:
        return json_response({"status": "ok"})

    @app.get("/readyz", summary="Whether requests are answered, and what is in the way of the newest version")
    async def readyz() -> Response:
        return _readiness(state)

    @app.get("/metrics", summary="Series for Prometheus")
    async def metrics() -> Response:
        content = await run_in_threadpool(generate_latest, state.metrics.registry)
        return Response(content, media_type=CONTENT_TYPE_LATEST)


def json_response(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Returns a JSON response. NaN and infinity, which a model may predict, become null."""
    try:
        text = json.dumps(content, allow_nan=False)
    except ValueError:
        text = json.dumps(plain(content))
    return Response(text, status, headers, media_type="application/json")


def error_response(status: int, detail: object, headers: dict[str, str] | None = None) -> Response:
    """Returns an error in FastAPI's format."""
    return json_response({"detail": detail}, status, headers)


async def internal_error(_: Request, __: Exception) -> Response:
    """Returns a 500 without details for the client: `middleware` logs the traceback."""
    return error_response(500, "The service failed; its log says why.")


def _no_model(state: ServiceState) -> Response:
    detail = f"No model is loaded yet. {state.consumer.status.problem}".strip()
    return error_response(NOT_READY, detail, {"Retry-After": "5"})


@dataclass(frozen=True)
class _Request:
    """A request's body, and the version that answers it."""

    served: LoadedModel
    body: bytes

    @property
    def schema(self) -> Schema:
        prepared: Schema = self.served.prepared
        return prepared

    @property
    def has_many(self) -> bool:
        """Whether the body is an array of rows rather than one row."""
        return self.body.lstrip()[:1] == b"["


async def _read_request(state: ServiceState, request: Request) -> _Request | Response:
    """Returns the request, or the response that refuses it."""
    served = state.served()
    if served is None:
        return _no_model(state)
    try:
        return _Request(served, await read_body(request, state.config.max_body))
    except BodyError as error:
        return error_response(error.status, str(error), {"Connection": "close"})


# --- predictions ------------------------------------------------------------------------------------------


async def _predict(state: ServiceState, request: Request) -> Response:
    found = await _read_request(state, request)
    if isinstance(found, Response):
        return found
    try:
        if found.has_many:
            return await _predict_many(state, found.served, found.schema.rows.validate_json(found.body))
        row = found.schema.row.validate_json(found.body)
    except ValidationError as error:
        return error_response(422, schema.problems(error, found.schema.columns))
    version = found.served.version.version
    (prediction,) = await state.predict(found.served, [row])
    state.recent.add(row)
    state.metrics.predictions.labels(version).inc()
    return json_response({"version": version, "prediction": prediction})


async def _predict_many(state: ServiceState, served: LoadedModel, rows: Sequence[dict[str, Any]]) -> Response:
    predictions = await state.predict(served, rows)
    state.recent.extend(rows)
    state.metrics.predictions.labels(served.version.version).inc(len(rows))
    return json_response({"version": served.version.version, "predictions": predictions})


# --- feedback ---------------------------------------------------------------------------------------------


async def _accept_feedback(state: ServiceState, request: Request) -> Response:
    if state.feedback is None:
        return error_response(404, "Feedback is off here: SERVICE_FEEDBACK switches it on.")
    if refusal := _unauthorised(request, state.config.feedback_token):
        return refusal
    found = await _read_request(state, request)
    return found if isinstance(found, Response) else _add_feedback(state.feedback, found)


def _unauthorised(request: Request, token: str) -> Response | None:
    """Returns why this client may not send feedback, or `None` if it may."""
    if not _has_token(request, token):
        reason = "Feedback asks for the token: Authorization: Bearer ..."
        return error_response(401, reason, {"WWW-Authenticate": "Bearer"})
    if not token and _is_cross_origin(request):
        return error_response(403, "Feedback is not taken from another site's page unless a token is asked for.")
    return None


def _has_token(request: Request, token: str) -> bool:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    return not token or (kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode()))


def _is_cross_origin(request: Request) -> bool:
    """Whether a browser sends it for a page of another site: visitors of that page would send it unknowingly."""
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")


def _add_feedback(feedback: Feedback, found: _Request) -> Response:
    columns = (*found.schema.columns, *found.schema.answers)
    try:
        rows = found.schema.labelled.validate_json(found.body if found.has_many else b"[" + found.body + b"]")
    except ValidationError as error:
        return error_response(422, schema.problems(error, columns))
    try:
        waiting = feedback.add(tuple(column.name for column in columns), rows)
    except FullError:
        reason = f"Too many rows wait to be written. {feedback.problem}".strip()
        return error_response(503, reason, {"Retry-After": "60"})
    return json_response({"accepted": len(rows), "waiting": waiting}, 202)


# --- the version and its state ----------------------------------------------------------------------------


def describe(served: LoadedModel) -> dict[str, Any]:
    """Returns the body of `/model`."""
    version = served.version
    fields = {name: getattr(version, name) for name in _VERSION_FIELDS}
    interval = {"low": version.interval.low, "high": version.interval.high}
    mappings = {name: dict(getattr(version, name)) for name in _VERSION_MAPPINGS}
    mappings["sample"] = dict(shown_sample(version))
    return fields | mappings | {"interval": interval, "loaded": served.since, "way": served.predictor.path}


def _readiness(state: ServiceState) -> Response:
    """Returns 200 while a version answers, even if it is not the newest one: `problem` says why."""
    status = state.consumer.status
    body: dict[str, Any] = {"ready": status.ready, **vars(status)}
    body["in_a_row"] = body.pop("consecutive_failures")  # the field's public name
    if state.feedback:
        body["feedback"] = {"waiting": state.feedback.pending, "problem": state.feedback.problem}
    return json_response(body, 200 if status.ready else NOT_READY)
