"""A sandbox whose every exchange is held against GitHub's contracts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox_world import World, git

from sandbox import Identity, Sandbox

sys.path.insert(0, str(Path(__file__).parents[1]))  # tests/: the home of `contracts`
from contracts import Contract  # noqa: E402


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with one commit, made once."""
    folder = tmp_path_factory.mktemp("seed")
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "README.md").write_text("Students\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Begin")
    return folder


@pytest.fixture
def make_world(tmp_path: Path, seed: Path) -> Iterator[Callable[..., World]]:
    """Worlds whose exchanges all keep GitHub's contracts."""
    contract, exchanges, running = Contract(), [], []

    def make(**settings: Any) -> World:
        root = tmp_path / f"world{len(running)}"
        hub = Sandbox(root / "hub", observers=[contract.observe, exchanges.append]).__enter__()
        running.append(hub)
        git(tmp_path, "clone", "--quiet", str(seed), str(root / "clone"))
        world = World(hub, hub.create_repository("octo/students", **settings), root / "clone", exchanges)
        world.push(hub.identity("octo"), "main")
        return world

    yield make
    for hub in running:
        hub.__exit__(None, None, None)
    assert contract.violations == []


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A world with the settings that the loop wants."""
    return make_world(allow_auto_merge=True, actions_may_create_and_approve=True)


@pytest.fixture
def bot(world: World) -> Identity:
    """The App that proposes."""
    return world.hub.identity("ml-bot", kind="app")


@pytest.fixture
def actions(world: World) -> Identity:
    """The second identity: the Actions token."""
    return world.hub.identity("github-actions", kind="actions")


@pytest.fixture
def ada(world: World) -> Identity:
    """A person with write access."""
    return world.hub.identity("ada")
