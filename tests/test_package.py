"""The package as pip installs it, without the checkout round it: what its commands need is in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from factories import make_csvs

from ml_action import stage
from ml_action.starting import WORKFLOW, workflow

ROOT = Path(__file__).parents[1]
COMMAND = "import sys; from ml_action.cli import main; sys.exit(main(sys.argv[1:]))"


def test_init_works_where_only_the_package_is_installed(tmp_path: Path) -> None:
    package = wheel(tmp_path)
    (tmp_path / "mine").mkdir()
    git = stage.plain_git(tmp_path / "mine")
    git.run("init", "--quiet")
    for name, text in make_csvs(60).items():
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / name).write_text(text)
    git.run("add", "--all")
    git.run("commit", "--quiet", "-m", "Data")
    command = [sys.executable, "-c", COMMAND, "init", "--yes", "--no-rehearsal"]
    environ = {**os.environ, "PYTHONPATH": str(package), "GITHUB_ACTIONS": ""}
    done = subprocess.run(command, cwd=tmp_path / "mine", env=environ, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / "mine" / WORKFLOW).read_text() == workflow()


def wheel(folder: Path) -> Path:
    """Built from a copy, since building leaves files behind, and unpacked."""
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("ml_action", "sandbox", "example-workflows"):
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, source]
    subprocess.run(build, check=True)
    (made,) = folder.glob("*.whl")
    zipfile.ZipFile(made).extractall(folder / "package")
    return folder / "package"
