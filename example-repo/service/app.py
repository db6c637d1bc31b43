"""Puts the application together: routes, page, API description, and the limits around them."""

from __future__ import annotations

import os

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from service import routes
from service.openapi import OpenApiCache
from service.server.access import Access
from service.server.connections import LimitedProtocol
from service.server.middleware import Limits
from service.server.responses import internal_error
from service.state import ServiceState
from service.web import page
from service.web.last_decision import LastDecision


def create_app(state: ServiceState) -> ASGIApp:
    """Returns the application that serves this state."""
    app = FastAPI(
        title="The current best model", version="1", lifespan=state.lifespan, docs_url=None, redoc_url=None,
        openapi_url=None, redirect_slashes=False, exception_handlers={Exception: internal_error},
    )  # fmt: skip
    routes.add_routes(app, state)
    description = OpenApiCache(app, state.served)
    page.add_routes(app, state, LastDecision(state.consumer.source, state.config.every), description)
    return Limits(Access(app, state.config), state.metrics)


def server_of(app: ASGIApp) -> uvicorn.Server:
    """Returns the server for the application. What a proxy says of its clients counts only where the proxy is named."""
    settings = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=20,
        timeout_keep_alive=30, limit_concurrency=1000, http=LimitedProtocol, ws="none",
        proxy_headers="FORWARDED_ALLOW_IPS" in os.environ,
    )  # fmt: skip
    return uvicorn.Server(settings)
