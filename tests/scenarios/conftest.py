"""Worlds for the scenarios: each on a server of its own, each exchange held against GitHub's published contracts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ml_action.commands import sandbox_session
from ml_action.core.retry import RetryBudget
from ml_action.forge.github import session
from ml_action.forge.github.session import Timing
from ml_action.runtime import wiring
from tests.scenarios.world import PROPOSAL, PULLS, World, drifted, hurry, steady
from tests.support.github_contracts import Contract

FULL_NAME = "octo/students"


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "Timing", Timing)  # to be put back, as the next
    monkeypatch.setattr(wiring, "RetryBudget", RetryBudget)
    hurry()
    monkeypatch.setattr("ml_action.runtime.wiring.time.sleep", lambda seconds: None)


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
                sandbox_session.open_session(root, FULL_NAME, observers=[contract.observe, exchanges.append])
            )
            here.hub.protect(here.repository, "main", **{"required_reviews": 1} | rule)
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
    with sandbox_session.open_session(root, FULL_NAME) as here:
        here.hub.protect(here.repository, "main", required_reviews=1)
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


@pytest.fixture(scope="session")
def with_v2(tmp_path_factory: pytest.TempPathFactory, with_v1: Path) -> Path:
    """A bare repository in which v2 was promoted after v1, made once; for copies only."""
    root = tmp_path_factory.mktemp("with-v2")
    shutil.copytree(with_v1, root / f"{FULL_NAME}.git")
    with sandbox_session.open_session(root, FULL_NAME) as here:
        here.hub.protect(here.repository, "main", required_reviews=1)
        world = World(here, batches=1)
        world.arrive(drifted(45, 8))
        assert world.hour().outputs["merge-state"] == "merged"
    return root / f"{FULL_NAME}.git"


@pytest.fixture
def second(make_world: Callable[..., World], with_v2: Path) -> World:
    """A repository with v2 in production, and v1 before it."""
    world = make_world(with_v2)
    world.batches = 2
    return world


@dataclass(frozen=True)
class Waiting:
    """A repository whose promotion of v2 waits for people."""

    path: Path
    title: str
    body: str


@pytest.fixture(scope="session")
def with_v2_proposed(tmp_path_factory: pytest.TempPathFactory, with_v1: Path) -> Waiting:
    """A bare repository in which v2 was proposed, and the text of its pull request, made once; for copies only."""
    root = tmp_path_factory.mktemp("with-v2-proposed")
    shutil.copytree(with_v1, root / f"{FULL_NAME}.git")
    with sandbox_session.open_session(root, FULL_NAME) as here:
        here.hub.protect(here.repository, "main", required_reviews=1)
        world = World(here, batches=1)
        world.arrive(drifted(45, 8))
        run = world.hour(autonomy="propose")
        assert run.decision == "promote", run.log
        return Waiting(root / f"{FULL_NAME}.git", world.pull.title, world.pull.body or "")


@pytest.fixture
def proposed(make_world: Callable[..., World], with_v2_proposed: Waiting) -> World:
    """v2 is proposed and waits for people: the bot might not approve or merge."""
    waiting = with_v2_proposed
    world = make_world(waiting.path)
    world.batches = 2
    bot = world.here.author
    world.api(bot, "POST", PULLS, title=waiting.title, body=waiting.body, head=PROPOSAL, base="main")
    label = {"name": "model-update", "color": "1d76db", "description": "A model that ml-auto-update proposes"}
    world.api(bot, "POST", "/repos/octo/students/labels", **label)
    world.api(bot, "POST", "/repos/octo/students/issues/1/labels", labels=["model-update"])
    assert world.pull.head_sha == world.last.commit
    return world
