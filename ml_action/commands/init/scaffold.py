"""The files that make a repository's loop: its settings and its workflow. Nothing that is there is overwritten."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_action.config import parsers
from ml_action.config.options import BY_NAME
from ml_action.config.settings import CONFIG_FILE
from ml_action.core.errors import RepositoryError

WORKFLOW = ".github/workflows/auto-retrain.yml"
EXAMPLE = Path(__file__).with_name("auto-retrain.yml")  # of example-workflows/, also where only the package is
_OURS = re.compile(r"ml-auto-update(/\.github/workflows/\w+\.yml)?@")
_NO_TRAINING = re.compile(r"^ *mode: *[\"']?(?!run\b)[a-z]", re.MULTILINE)
BY_FILE = ("          target: score\n",)  # lines of the example that the settings' file makes needless


@dataclass(frozen=True)
class PlannedFile:
    """A file as it is to be, and as it is; None: there is none."""

    path: str
    text: str
    before: str | None

    @property
    def is_new(self) -> bool:
        """Whether it can be written."""
        return self.before is None

    @property
    def is_another(self) -> bool:
        """Whether the file that is there says something else."""
        return not self.is_new and bool(self.difference)

    @property
    def difference(self) -> str:
        """What would change in the file that is there."""
        lines = difflib.unified_diff(
            (self.before or "").splitlines(keepends=True), self.text.splitlines(keepends=True),
            self.path, f"{self.path} (proposed)",
        )  # fmt: skip
        return "".join(lines)


def plan(
    top: Path, chosen: Mapping[str, str], why: Mapping[str, str], said: Mapping[str, str] | None = None
) -> tuple[PlannedFile, ...]:
    """Both files for these settings, by name; `said`: the settings that the file says already.

    Raises:
        RepositoryError: one of them is there, and nobody can read it.
    """
    before = _read(top, CONFIG_FILE)
    agrees = before is not None and all(_same(name, (said or {}).get(name), value) for name, value in chosen.items())
    return (
        PlannedFile(CONFIG_FILE, before or "" if agrees else config(chosen, why), before),
        PlannedFile(WORKFLOW, workflow(), _read(top, WORKFLOW)),
    )


def write(top: Path, planned: PlannedFile) -> None:
    """Writes a file that is not there yet.

    Raises:
        RepositoryError: the folder takes none.
    """
    path = top / planned.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:  # "x": what came meanwhile is not overwritten either
            file.write(planned.text)
    except OSError as error:
        raise RepositoryError(
            f"{planned.path} cannot be written: {error.strerror}",
            why="the folder may not be written to, or a file is in the way of it",
            fix="mend that and run init again; what it wrote already stays as it is",
        ) from error


def config(chosen: Mapping[str, str], why: Mapping[str, str]) -> str:
    """ml-auto-update.toml: what was chosen, each with its reason or its meaning."""
    lines = ["# The settings of the loop; every other has its default: see the README of ml-auto-update.", ""]
    for name, value in chosen.items():
        lines += [f"# {' '.join((why.get(name) or BY_NAME[name].help).split())}", f"{name} = {_toml(name, value)}"]
    return "\n".join(lines) + "\n"


def _toml(name: str, value: str) -> str:
    kind = BY_NAME[name].schema
    if kind in ("integer", "number", "boolean"):
        return value
    several = [] if kind != "array" else parsers.names(value)
    if kind == "array" and (len(several) > 1 or name not in ("data-path", "target")):  # these two may be one text
        return json.dumps(several, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)  # a TOML basic string is a JSON string


def _same(name: str, one: str | None, other: str) -> bool:
    """Whether two spellings of a setting mean the same."""
    return one is not None and BY_NAME[name].parse(one) == BY_NAME[name].parse(other)


def workflow() -> str:
    """The example's workflow, its settings left to the file."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for line in BY_FILE:
        text = text.replace(line, "")
    return text.replace(
        "in one file: copy it to .github/workflows/, set `target`, and turn on", "in one file. Once, turn on"
    )


def _read(top: Path, path: str) -> str | None:
    place = top / path
    try:
        return place.read_text(encoding="utf-8", errors="replace") if os.path.lexists(place) else None
    except OSError as error:
        raise RepositoryError(
            f"{path} cannot be read: {error.strerror}",
            why="it is no file, or you may not read it",
            fix="move it away, or run init as somebody who may",
        ) from error


def existing_workflows(top: Path) -> Iterator[str]:
    """The workflows that are there and train."""
    folder = top / ".github/workflows"
    for path in sorted(folder.glob("*.y*ml")) if folder.is_dir() else ():
        text = path.read_text(encoding="utf-8", errors="replace")
        if len(_OURS.findall(text)) > len(_NO_TRAINING.findall(text)):
            yield f".github/workflows/{path.name}"
