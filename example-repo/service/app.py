"""Puts the application together: routes, page, API description, and the limits around them."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import ASGIApp

from service import routes
from service.middleware import Limits
from service.openapi import OpenApiCache
from service.state import ServiceState
from service.web import page
from service.web.last_decision import LastDecision


def create_app(state: ServiceState) -> ASGIApp:
    """Returns the application that serves this state."""
    app = FastAPI(
        title="The current best model", version="1", lifespan=state.lifespan, docs_url=None, redoc_url=None,
        redirect_slashes=False, exception_handlers={Exception: routes.internal_error},
    )  # fmt: skip
    routes.add_routes(app, state)
    app.openapi = OpenApiCache(app, state.served)  # type: ignore[method-assign]
    page.add_routes(app, state, LastDecision(state.consumer.source, state.config.every))
    return Limits(app, state.metrics)
