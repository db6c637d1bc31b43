"""The image, a repository on the stand-in of GitHub, and jobs on a runner. Never skipped in CI."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ml_action.commands import sandbox_session
from ml_action.commands.demo import students
from tests.e2e.container.harness import ROOT
from tests.e2e.container.world import FULL_NAME, World


def engine_trouble() -> str:
    """Why no container can be started here; empty when one can."""
    if not shutil.which("docker"):
        return "docker is not installed"
    asked = subprocess.run(["docker", "info"], capture_output=True, text=True)
    return "no Docker engine answers: docker/engine starts one" if asked.returncode else ""


@pytest.fixture(scope="session")
def engine() -> None:
    """A Docker engine that answers."""
    if trouble := engine_trouble():
        if os.environ.get("CI") == "true":
            pytest.fail(trouble)
        pytest.skip(trouble)


@pytest.fixture(scope="session")
def image(engine: None) -> str:
    """The action's image: the one of ML_AUTO_UPDATE_IMAGE, or built here, as the runner builds it."""
    if given := os.environ.get("ML_AUTO_UPDATE_IMAGE"):
        return given
    subprocess.run([ROOT / "docker/base-image"], check=True)
    # The runner gives neither arguments nor a platform; the host's network is for machines behind a proxy.
    command = ["docker", "build", "--network=host", "--quiet", "--tag", "ml-auto-update:test", str(ROOT)]
    built = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return built.stdout.split()[-1]  # by its id: another build may move the tag in a minute


@pytest.fixture
def make_world(image: str, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Builds a world; `start` is a bare repository to begin with."""
    with ExitStack() as stack:

        def make(start: Path | None = None) -> World:
            root = tmp_path / "hub"
            if start:
                shutil.copytree(start, root / f"{FULL_NAME}.git")
            exchanges: list[Any] = []
            here = stack.enter_context(sandbox_session.open_session(root, FULL_NAME, observers=[exchanges.append]))
            here.hub.protect(here.repository, "main", required_reviews=1)
            world = World(here, image, tmp_path, exchanges)
            stack.callback(world.close)
            return world

        yield make


@pytest.fixture(scope="session")
def with_v1(image: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository in which the container itself promoted v1, made once; for copies only."""
    root = tmp_path_factory.mktemp("with-v1")
    with sandbox_session.open_session(root, FULL_NAME) as here:
        here.hub.protect(here.repository, "main", required_reviews=1)
        world = World(here, image, root / "machines")
        world.arrive(students.datasets(45, "steady", 1))
        run = world.hour()
        assert run.outputs.get("merge-state") == "merged", run.log
    return root / f"{FULL_NAME}.git"


@pytest.fixture
def production(make_world: Callable[..., World], with_v1: Path) -> World:
    """A repository with v1 in production."""
    world = make_world(with_v1)
    world.batches = 1
    return world
