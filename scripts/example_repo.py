"""Writes the generated parts of example-repo/: workflows, starting data, and the first model.

    .venv/bin/python -m scripts.example_repo

The loop itself proposes the model from these data, in the Action's container, with the settings in the folder.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ml_action.commands import sandbox_session
from ml_action.commands.demo import students
from ml_action.commands.init import scaffold

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "example-repo"
STORE, MODEL = HERE / "data/new_data", HERE / "model"
COLUMNS = ("hours_studied", "score")  # of the simulation: the smallest table that a model can learn from
DATASETS, SEED = 60, 2026
IMAGE = "ml-auto-update:example"


def dataset(text: str) -> str:
    """Returns a dataset with the columns of the example."""
    head, *rows = (line.split(",") for line in text.splitlines())
    indices = [head.index(name) for name in COLUMNS]
    return "".join(",".join(row[index] for index in indices) + "\n" for row in (head, *rows))


def datasets(count: int, world: str = "steady", seed: int = SEED) -> Iterator[str]:
    """Yields the datasets of simulated students."""
    return map(dataset, students.datasets(count, world, seed))


def workflows() -> dict[str, str]:
    """Returns the workflows of the folder: the one that `init` writes, and the check of pull requests."""
    check = (ROOT / "example-workflows/check-datasets.yml").read_text(encoding="utf-8")
    return {"auto-retrain.yml": scaffold.workflow(), "check-datasets.yml": check}


def main() -> None:
    """Writes everything again."""
    for name, text in workflows().items():
        (HERE / ".github/workflows" / name).write_text(text, encoding="utf-8")
    for folder in (STORE, MODEL):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for number, text in enumerate(datasets(DATASETS), 1):
        (STORE / f"student-{number:03}.csv").write_text(text, encoding="utf-8")
    _train()


def _train() -> None:
    """Runs the loop once on the folder, in the Action's container, and copies the model that it proposed."""
    for command in (
        [ROOT / "docker/engine"],
        [ROOT / "docker/base-image"],
        ["docker", "build", "-q", "-t", IMAGE, ROOT],
    ):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(HERE, copy)
        git = sandbox_session.plain_git(copy)
        git.run("init", "--quiet", "-b", "main")
        git.run("add", "--all", "--force")
        git.run("commit", "--quiet", "-m", "Start")
        mount, inputs = f"{copy}:/github/workspace", ["INPUT_FORGE=none", f"INPUT_THRESHOLD={DATASETS}"]
        variables = [
            word
            for one in ("GITHUB_WORKSPACE=/github/workspace", "GITHUB_ACTIONS=true", *inputs)
            for word in ("-e", one)
        ]
        subprocess.run(["docker", "run", "--rm", "-v", mount, *variables, IMAGE], check=True)
        proposal = "ml-auto-update/model/proposal"
        for row in git.line("ls-tree", "-r", "--name-only", proposal, "model").splitlines():
            (HERE / row).write_bytes(git.run("cat-file", "blob", f"{proposal}:{row}"))


if __name__ == "__main__":
    main()
