"""The two files of a loop: its settings and its workflow. A file that exists is never overwritten."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ml_action.config import parsers
from ml_action.config.options import BY_NAME
from ml_action.config.settings import CONFIG_FILE
from ml_action.core.errors import RepositoryError

WORKFLOW = ".github/workflows/auto-retrain.yml"
EXAMPLE = Path(__file__).with_name("auto-retrain.yml")  # of example-workflows/, also where only the package is
_OURS = re.compile(r"ml-auto-update(/\.github/workflows/\w+\.yml)?@")
_NO_TRAINING = re.compile(r"^ *mode: *[\"']?(?!run\b)[a-z]", re.MULTILINE)
IN_FILE = ("          target: score\n",)  # lines of the example whose settings are in the file


@dataclass(frozen=True)
class ChosenSettings:
    """The settings to write, by name, and the reasons for some of them."""

    values: Mapping[str, str]
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedFile:
    """The text that a file should have, and the text that it has."""

    path: str
    text: str
    before: str | None  # None: the file is missing

    @property
    def is_new(self) -> bool:
        """Whether the file is missing, so that it can be written."""
        return self.before is None

    @property
    def differs(self) -> bool:
        """Whether the file exists with another text."""
        return not self.is_new and bool(self.difference)

    @property
    def difference(self) -> str:
        """What would change in the file that exists."""
        lines = difflib.unified_diff(
            (self.before or "").splitlines(keepends=True), self.text.splitlines(keepends=True),
            self.path, f"{self.path} (proposed)",
        )  # fmt: skip
        return "".join(lines)


def plan(top: Path, chosen: ChosenSettings, present: Mapping[str, str] | None = None) -> tuple[PlannedFile, ...]:
    """Returns both files for these settings; `present` are the settings of the file that exists.

    Raises:
        RepositoryError: A file exists and cannot be read.
    """
    before, known = _read(top, CONFIG_FILE), present or {}
    agrees = before is not None and all(_same(name, known.get(name), value) for name, value in chosen.values.items())
    return (
        PlannedFile(CONFIG_FILE, before or "" if agrees else config(chosen), before),
        PlannedFile(WORKFLOW, workflow(), _read(top, WORKFLOW)),
    )


def write(top: Path, planned: PlannedFile) -> None:
    """Writes a file that is missing.

    Raises:
        RepositoryError: The file cannot be written, or exists by now.
    """
    path = top / planned.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:  # "x": a file that was written in the meantime is kept
            file.write(planned.text)
    except OSError as error:
        raise RepositoryError(
            f"{planned.path} cannot be written: {error.strerror}",
            why="the folder may not be written to, or a file is in the way of it",
            fix="correct that and run init again; what it wrote already stays as it is",
        ) from error


def config(chosen: ChosenSettings) -> str:
    """Returns the text of ml-auto-update.toml: each setting with its reason, or with its meaning."""
    lines = ["# The settings of the loop; every other has its default: see the README of ml-auto-update.", ""]
    for name, value in chosen.values.items():
        comment = chosen.reasons.get(name) or BY_NAME[name].help
        lines += [f"# {' '.join(comment.split())}", f"{name} = {_toml(name, value)}"]
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
    """Whether two spellings of a setting have the same value."""
    return one is not None and BY_NAME[name].parse(one) == BY_NAME[name].parse(other)


def workflow() -> str:
    """Returns the workflow of the example without the settings that are in the file."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for line in IN_FILE:
        text = text.replace(line, "")
    return text.replace(
        "in one file: copy it to .github/workflows/, set `target`, and turn on", "in one file. Once, turn on"
    )


def _read(top: Path, path: str) -> str | None:
    file = top / path
    try:
        return file.read_text(encoding="utf-8", errors="replace") if os.path.lexists(file) else None
    except OSError as error:
        raise RepositoryError(
            f"{path} cannot be read: {error.strerror}",
            why="it is no file, or you may not read it",
            fix="move it away, or run init as a user who may read it",
        ) from error


def existing_workflows(top: Path) -> Iterator[str]:
    """Yields the workflows that train with this Action."""
    folder = top / ".github/workflows"
    for path in sorted(folder.glob("*.y*ml")) if folder.is_dir() else ():
        text = path.read_text(encoding="utf-8", errors="replace")
        if len(_OURS.findall(text)) > len(_NO_TRAINING.findall(text)):
            yield f".github/workflows/{path.name}"
