"""Worlds for the scenarios: each on a server of its own, each exchange held against GitHub's published contracts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from contracts import Contract
from scenario_world import World, hurry, steady

from ml_action import stage
from ml_action.forge import github
from ml_action.forge.identity import Pace

FULL_NAME = "octo/students"


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github, "Pace", Pace)  # to be put back
    hurry()
    monkeypatch.setattr("ml_action.wiring.time.sleep", lambda seconds: None)


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Builds a world; `start` is a bare repository to begin with, other keywords are the base branch's rule."""
    contract = Contract()
    with ExitStack() as stack:

        def make(start: Path | None = None, name: str = "hub", **rule: Any) -> World:
            root = tmp_path / name
            if start:
                shutil.copytree(start, root / f"{FULL_NAME}.git")
            exchanges: list[Any] = []
            here = stack.enter_context(
                stage.open_stage(root, FULL_NAME, observers=[contract.observe, exchanges.append])
            )
            here.repository.protect("main", **{"required_reviews": 1} | rule)
            return World(here, exchanges)

        yield make
    assert contract.violations == []


@pytest.fixture
def empty(make_world: Callable[..., World]) -> World:
    """A repository without a commit."""
    return make_world()


@pytest.fixture(scope="session")
def with_v1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository in which v1 was promoted, made once; for copies only."""
    root = tmp_path_factory.mktemp("with-v1")
    with stage.open_stage(root, FULL_NAME) as here:
        here.repository.protect("main", required_reviews=1)
        world = World(here)
        world.arrive(steady(45, 1))
        run = world.hour()
        assert run.outputs["merge-state"] == "merged", run.log
    return root / f"{FULL_NAME}.git"


@pytest.fixture
def production(make_world: Callable[..., World], with_v1: Path) -> World:
    """A repository with v1 in production."""
    world = make_world(with_v1)
    world.batches = 1
    return world
