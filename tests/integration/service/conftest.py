from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.config import Config
from service.feedback.collector import collector_of
from service.processes import keeper
from service.state import ServiceState
from tests.support.model_folder import ModelDir


@pytest.fixture
def client_of(models: ModelDir) -> Iterator[Callable[..., TestClient]]:
    """A client of a running service; keywords are settings."""
    with ExitStack() as stack:

        def start(**settings: Any) -> TestClient:
            usual = {"model_dir": str(models.path), "every": 3600.0, "allowed_hosts": ("testserver",)}
            config = Config(**usual | settings)
            feedback = collector_of(config)
            if feedback:
                stack.enter_context(feedback.running())
            state = ServiceState(config, keeper.source_of(config), feedback)
            client = stack.enter_context(TestClient(create_app(state), raise_server_exceptions=False))
            client.service = state  # type: ignore[attr-defined]
            state.consumer.refresh()  # after the first look
            return client

        yield start


@pytest.fixture
def client(models: ModelDir, client_of: Callable[..., TestClient]) -> TestClient:
    """A service of a model that knows one feature: 40 + 3 x."""
    models.publish(3.0)
    return client_of()
