"""Writes the parts of example-repo/ that are made and not written: workflows, starting data, and the first model.

    .venv/bin/python -m scripts.example_repo

The model is what the loop itself promotes on these data, on the stand-in of GitHub, by the settings in the folder.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ml_action import stage, starting, students
from ml_action.log import PlainLog
from ml_action.records import Verdict

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "example-repo"
STORE, MODEL = HERE / "data/new_data", HERE / "model"
KEPT = ("hours_studied", "score")  # of what the simulation knows: the smallest table that says something
DATASETS, SEED = 60, 2026


def dataset(text: str) -> str:
    """The columns of the example."""
    head, *rows = (line.split(",") for line in text.splitlines())
    places = [head.index(name) for name in KEPT]
    return "".join(",".join(row[place] for place in places) + "\n" for row in (head, *rows))


def datasets(count: int, world: str = "steady", seed: int = SEED) -> Iterator[str]:
    """Students, each a file."""
    return map(dataset, students.datasets(count, world, seed))


def workflows() -> dict[str, str]:
    """The workflows of the folder: those that `init` would write, and the check of pull requests."""
    check = (ROOT / "example-workflows/check-datasets.yml").read_text(encoding="utf-8")
    return {"auto-retrain.yml": starting.workflow(), "check-datasets.yml": check}


def main() -> None:
    """Writes everything anew."""
    for name, text in workflows().items():
        (HERE / ".github/workflows" / name).write_text(text, encoding="utf-8")
    for folder in (STORE, MODEL):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for number, text in enumerate(datasets(DATASETS), 1):
        (STORE / f"student-{number:03}.csv").write_text(text, encoding="utf-8")
    _train()


def _train() -> None:
    """The loop's first hour on the folder as it is, and the model that it merged."""
    with tempfile.TemporaryDirectory() as folder, stage.open_stage(Path(folder), "example/students") as here:
        copy = Path(folder) / "copy"
        shutil.copytree(HERE, copy)
        git = stage.plain_git(copy)
        git.run("init", "--quiet", "-b", "main")
        git.run("add", "--all", "--force")
        git.run("commit", "--quiet", "-m", "Start")
        git.run("push", "--quiet", str(here.repository.path), "main")
        here.repository.synchronise(None)
        ending = here.hour({"autonomy": "merge", "threshold": str(DATASETS)}, PlainLog(sys.stdout))
        if ending.verdict is not Verdict.PROMOTE:
            raise SystemExit(f"no model: {ending.reason}")
        bare = stage.plain_git(here.repository.path)
        for row in bare.line("ls-tree", "-r", "--name-only", "main", "model").splitlines():
            (HERE / row).write_bytes(bare.run("cat-file", "blob", f"main:{row}"))


if __name__ == "__main__":
    main()
