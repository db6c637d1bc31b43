"""Worlds for the scenarios: each on its own server, each exchange checked against GitHub's published contracts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ml_action.commands import sandbox_session
from tests.scenarios.world import FULL_NAME, PROPOSAL, PULLS, World, drifted, opened, steady
from tests.support.github_contracts import Contract
from tests.support.no_waits import in_no_time
from tests.support.shared import make_once


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    in_no_time(monkeypatch)


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
    """A bare repository in which v1 was promoted; for copies only."""

    def make(root: Path) -> None:
        with opened(root) as world:
            world.arrive(steady(45, 1))
            run = world.hour()
            assert run.outputs["merge-state"] == "merged", run.log

    return make_once(tmp_path_factory, "with-v1", make) / f"{FULL_NAME}.git"


@pytest.fixture
def production(make_world: Callable[..., World], with_v1: Path) -> World:
    """A repository with v1 in production."""
    world = make_world(with_v1)
    world.batches = 1
    return world


@pytest.fixture(scope="session")
def with_v2(tmp_path_factory: pytest.TempPathFactory, with_v1: Path) -> Path:
    """A bare repository in which v2 was promoted after v1; for copies only."""

    def make(root: Path) -> None:
        with opened(root, with_v1, batches=1) as world:
            world.arrive(drifted(45, 8))
            assert world.hour().outputs["merge-state"] == "merged"

    return make_once(tmp_path_factory, "with-v2", make) / f"{FULL_NAME}.git"


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
    """A bare repository in which v2 was proposed, and the text of its pull request; for copies only."""

    def make(root: Path) -> None:
        with opened(root, with_v1, batches=1) as world:
            world.arrive(drifted(45, 8))
            run = world.hour(autonomy="propose")
            assert run.decision == "promote", run.log
            text = {"title": world.pull.title, "body": world.pull.body or ""}
            (root / "pull.json").write_text(json.dumps(text), encoding="utf-8")

    root = make_once(tmp_path_factory, "with-v2-proposed", make)
    return Waiting(root / f"{FULL_NAME}.git", **json.loads((root / "pull.json").read_text(encoding="utf-8")))


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
