"""Real workflows in real containers: needs Docker and act. Skipped where they are missing, except in CI."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ml_action.commands import sandbox_session
from tests.e2e.act.world import FULL_NAME, ROOT, RUNNER_IMAGE, World
from tests.support.github_contracts import Contract

HERE = Path(__file__).parent
APP_TOKEN = """\
name: Stand-in of actions/create-github-app-token
description: Gives the private key back as the token
inputs:
  client-id: {description: as the original}
  private-key: {description: as the original}
  permission-contents: {description: as the original}
  permission-pull-requests: {description: as the original}
outputs:
  token: {description: as the original, value: "${{ steps.token.outputs.token }}"}
runs:
  using: composite
  steps:
    - id: token
      shell: bash
      run: |
        echo "::add-mask::$KEY"
        echo "token=$KEY" >> "$GITHUB_OUTPUT"
      env:
        KEY: ${{ inputs.private-key }}
"""


def missing(reason: str) -> None:
    """No Docker or no act: skipped on a laptop, a failure in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def engine() -> None:
    """A Docker engine that answers."""
    answer = subprocess.run(["docker", "info"], capture_output=True) if shutil.which("docker") else None
    if answer is None or answer.returncode:
        missing("no Docker engine answers: `make e2e` starts one")


@pytest.fixture(scope="session")
def act() -> str:
    """act; installed in CI."""
    find = [] if os.environ.get("CI") == "true" else ["--find"]
    found = subprocess.run([ROOT / "scripts" / "go-tool", *find, "act"], capture_output=True, text=True)
    if found.returncode:
        missing(found.stderr.strip())
    return found.stdout.strip()


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it would be committed now: what `uses: org/ml-auto-update@v1` downloads."""
    target = tmp_path_factory.mktemp("action") / "ml-auto-update"
    list_files = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(list_files, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    return target


@pytest.fixture(scope="session")
def images(engine: None, tree: Path) -> None:
    """The runner's image, and the action's: act builds it itself, by the legacy builder, and finds these layers."""
    subprocess.run([ROOT / "docker" / "base-image"], check=True)
    legacy = os.environ | {"DOCKER_BUILDKIT": "0"}
    for tag, folder in ((RUNNER_IMAGE, HERE), ("ml-auto-update:act", tree)):
        command = ["docker", "build", "--quiet", "--network=host", "--tag", tag, str(folder)]
        built = subprocess.run(command, env=legacy, capture_output=True, text=True)
        assert built.returncode == 0, built.stderr


@pytest.fixture
def make_world(images: None, act: str, tree: Path, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Builds a world with `datasets` in it; every exchange is checked against GitHub's published contracts."""
    contract = Contract()
    app_token = tmp_path / "create-github-app-token"
    app_token.mkdir()
    (app_token / "action.yml").write_text(APP_TOKEN)
    config = tmp_path / "config" / "act" / "actrc"  # without one, act asks a question
    config.parent.mkdir(parents=True)
    config.touch()
    with ExitStack() as stack:

        def make(datasets: int) -> World:
            root = tmp_path / "hub"
            here = stack.enter_context(sandbox_session.open_session(root, FULL_NAME, observers=[contract.observe]))
            world = World(here, act, tree, app_token, tmp_path)
            world.commit({"README.md": "# Students\n"})
            if datasets:
                world.arrive(datasets)
            here.hub.protect(here.repository, "main", required_reviews=1)
            here.repository.private = True  # nothing can be read without a token's permission either
            return world

        yield make
    assert contract.violations == []
