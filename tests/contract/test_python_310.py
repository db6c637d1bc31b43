"""The check on Python 3.10, the oldest version that it promises to run on: as an action and as a command.

It needs a Python 3.10 on PATH or of pyenv, and is skipped without one; CI has a job that always has it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.factories import Workspace, make_repository

ENTRYPOINT = str(Path(__file__).parents[2] / "entrypoint.py")


def candidates() -> Iterator[str]:
    """Yields where a Python 3.10 may be; a shim of pyenv may be one in name only."""
    yield from filter(None, [shutil.which("python3.10")])
    yield from map(str, sorted((Path.home() / ".pyenv/versions").glob("3.10.*/bin/python3.10")))


@pytest.fixture(scope="module")
def python() -> str:
    for path in candidates():
        if subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0:
            return path
    pytest.skip("no Python 3.10 is installed")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_repository(tmp_path, {f"data/new_data/{n}.csv": f"hours,score\n1,{n}\n" for n in range(3)})


def test_the_check_action_counts(python: str, workspace: Workspace, tmp_path: Path) -> None:
    output = tmp_path / "output"
    inputs = {"INPUT_MODE": "check", "INPUT_THRESHOLD": "2", "INPUT_FORGE": "none"}
    runner = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(workspace.path), "GITHUB_OUTPUT": str(output)}
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **inputs, **runner}
    done = subprocess.run(
        [python, "-I", "-S", ENTRYPOINT], cwd=workspace.path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    written = output.read_text(encoding="utf-8").split("\n")
    values = dict(zip((line.split("<<")[0] for line in written if "<<" in line), written[1::3], strict=False))
    assert (values["ready"], values["count"], values["threshold"]) == ("true", "3", "2")


@pytest.mark.parametrize(("threshold", "decision"), [("2", "ready"), ("4", "waiting")])
def test_the_command_counts(python: str, workspace: Workspace, threshold: str, decision: str) -> None:
    command = [python, "-I", ENTRYPOINT, "check", "--forge", "none", "--threshold", threshold, "--json"]
    done = subprocess.run(command, cwd=workspace.path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f'"decision": "{decision}"' in done.stdout
    assert '"count": "3"' in done.stdout
