"""The package as pip installs it, without the checkout round it: what its commands need is in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from ml_action.commands import sandbox_session
from ml_action.commands.init.scaffold import WORKFLOW, workflow
from tests.support import wheel
from tests.support.factories import make_csvs

COMMAND = "import sys; from ml_action.cli import main; sys.exit(main(sys.argv[1:]))"


def test_init_works_where_only_the_package_is_installed(tmp_path: Path) -> None:
    zipfile.ZipFile(wheel.wheel(tmp_path)).extractall(tmp_path / "package")
    (tmp_path / "mine").mkdir()
    git = sandbox_session.plain_git(tmp_path / "mine")
    git.run("init", "--quiet")
    for name, text in make_csvs(60).items():
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / name).write_text(text)
    git.run("add", "--all")
    git.run("commit", "--quiet", "-m", "Data")
    command = [sys.executable, "-c", COMMAND, "init", "--yes", "--no-rehearsal"]
    environ = {**os.environ, "PYTHONPATH": str(tmp_path / "package"), "GITHUB_ACTIONS": ""}
    done = subprocess.run(command, cwd=tmp_path / "mine", env=environ, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / "mine" / WORKFLOW).read_text() == workflow()


def test_its_types_are_announced(tmp_path: Path) -> None:
    assert "ml_action/py.typed" in zipfile.ZipFile(wheel.wheel(tmp_path)).namelist()
