"""The JSON endpoints. Every request takes the current version once and is answered by it alone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool

from ml_action.consumer import LoadedModel
from service.feedback.collector import FullError
from service.feedback.rate import RateError
from service.parsing import LARGE, RefusedError, Row, parse
from service.schema import Schema
from service.server.middleware import BodyError, body_of
from service.server.responses import error_response, json_response
from service.state import FeedbackSink, Prepared, ServiceState

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
        return await _readiness(state)

    @app.get("/metrics", summary="Series for Prometheus")
    async def metrics() -> Response:
        content = await run_in_threadpool(generate_latest, state.metrics.registry)
        return Response(content, media_type=CONTENT_TYPE_LATEST)


def _no_model(state: ServiceState) -> Response:
    detail = f"No model is loaded yet. {state.consumer.status.problem}".strip()
    return error_response(NOT_READY, detail, {"Retry-After": "5"})


# --- predictions ------------------------------------------------------------------------------------------


async def _predict(state: ServiceState, request: Request) -> Response:
    served = state.served()
    if served is None:
        return _no_model(state)
    try:
        async with body_of(request, state.held) as body, _turn(state, body):
            return await _predict_body(state, served, body)
    except RefusedError as refusal:
        return error_response(422, refusal.problems)
    except BodyError as error:
        return error_response(error.status, str(error), {"Connection": "close"})


async def _predict_body(state: ServiceState, served: LoadedModel, body: bytes) -> Response:
    prepared: Prepared = served.prepared
    value, version = parse(body, prepared.schema.requests), served.version.version
    answer: dict[str, Any]
    if isinstance(value, list):
        rows = prepared.schema.requests.many(value)
        answer = {"version": version, "predictions": await prepared.predictions.many(rows)}
    else:
        rows = [prepared.schema.requests.one(value)]
        answer = {"version": version, "prediction": await prepared.predictions.one(rows[0])}
    state.recent.extend(rows, len(body))
    state.metrics.predictions.labels(version).inc(len(rows))
    return json_response(answer)


def _turn(state: ServiceState, body: bytes) -> AbstractAsyncContextManager[object]:
    """Returns what a large body waits for: parsing many of them in a row would hold up everybody else."""
    return state.large if len(body) > LARGE else nullcontext()


# --- feedback ---------------------------------------------------------------------------------------------


async def _accept_feedback(state: ServiceState, request: Request) -> Response:
    served = state.served()
    if state.feedback is None:
        return error_response(404, "Feedback is off here: SERVICE_FEEDBACK switches it on.")
    if served is None:
        return _no_model(state)
    try:
        async with body_of(request, state.held) as body, _turn(state, body):
            schema: Schema = served.prepared.schema
            value = parse(body, schema.labelled)
            rows = schema.labelled.many(value if isinstance(value, list) else [value])
            return await _add_feedback(state.feedback, schema, rows, _client(request))
    except RefusedError as refusal:
        return error_response(422, refusal.problems)
    except BodyError as error:
        return error_response(error.status, str(error), {"Connection": "close"})


async def _add_feedback(feedback: FeedbackSink, schema: Schema, rows: Sequence[Row], client: str) -> Response:
    columns = tuple(column.name for column in (*schema.columns, *schema.answers))
    try:
        waiting = await run_in_threadpool(feedback.add, columns, rows, client)
    except FullError as error:
        reason = f"Too many rows wait to be written. {error.problem}".strip()
        return error_response(503, reason, {"Retry-After": "60"})
    except RateError as error:
        return error_response(429, str(error), {"Retry-After": f"{error.wait:.0f}"})
    return json_response({"accepted": len(rows), "waiting": waiting}, 202)


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


# --- the version and its state ----------------------------------------------------------------------------


def describe(served: LoadedModel) -> dict[str, Any]:
    """Returns the body of `/model`."""
    version = served.version
    fields = {name: getattr(version, name) for name in _VERSION_FIELDS}
    interval = {"low": version.interval.low, "high": version.interval.high}
    mappings = {name: dict(getattr(version, name)) for name in _VERSION_MAPPINGS}
    mappings["sample"] = served.prepared.schema.example
    return fields | mappings | {"interval": interval, "loaded": served.since, "way": served.predictor.path}


async def _readiness(state: ServiceState) -> Response:
    """Returns 200 while a version answers, even if it is not the newest one: `problem` says why."""
    status = state.consumer.status
    body: dict[str, Any] = {"ready": status.ready, **vars(status)}
    body["in_a_row"] = body.pop("consecutive_failures")  # the field's public name
    if state.feedback:
        found = await run_in_threadpool(state.feedback.state)
        body["feedback"] = {"waiting": found["waiting"], "problem": found["problem"]}
    return json_response(body, 200 if status.ready else NOT_READY)
