"""A sandbox; every exchange with it is checked against GitHub's contracts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import Account, Sandbox
from tests.support.github_contracts import Contract
from tests.support.sandbox_world import World, git
from tests.support.shared import make_once


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with one commit and its bare repository."""

    def make(seed: Path) -> None:
        folder = seed / "clone"
        folder.mkdir()
        git(folder, "init", "--quiet", "--template=", "--initial-branch=main")
        (folder / "README.md").write_text("Students\n")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "Begin")
        git(seed, "clone", "--quiet", "--bare", "--template=", "clone", "bare")

    return make_once(tmp_path_factory, "sandbox-seed", make)


@pytest.fixture
def make_world(tmp_path: Path, seed: Path) -> Iterator[Callable[..., World]]:
    """Makes worlds; all their exchanges have to satisfy GitHub's contracts."""
    contract, exchanges, running = Contract(), [], []

    def make(**settings: Any) -> World:
        root = tmp_path / f"world{len(running)}"
        shutil.copytree(seed / "clone", root / "clone")
        shutil.copytree(seed / "bare", root / "hub" / "octo" / "students.git")
        hub = Sandbox(root / "hub", observers=[contract.observe, exchanges.append]).__enter__()
        running.append(hub)
        return World(hub, hub.create_repository("octo/students", **settings), root / "clone", exchanges)

    yield make
    for hub in running:
        hub.__exit__(None, None, None)
    assert contract.violations == []


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A world with the settings that the loop needs."""
    return make_world(allow_auto_merge=True, actions_may_create_and_approve=True)


@pytest.fixture
def bot(world: World) -> Account:
    """The App that opens pull requests."""
    return world.hub.add_account("ml-bot", kind="app")


@pytest.fixture
def actions(world: World) -> Account:
    """The second account: the Actions token."""
    return world.hub.add_account("github-actions", kind="actions")


@pytest.fixture
def ada(world: World) -> Account:
    """A user with write access."""
    return world.hub.add_account("ada")
