"""The first two runs of a loop on a copy: half of the data make v1, the other half arrive an hour later."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_action.commands import sandbox_session
from ml_action.commands.init.discovery import DataFile, DataLayout
from ml_action.commands.sandbox_session import SandboxSession
from ml_action.core.log import Log
from ml_action.core.records.outcome import Outcome
from ml_action.git.command import Git
from ml_action.git.repository import FILE


@dataclass(frozen=True)
class Rehearsal:
    """The outcomes of both runs."""

    first: Outcome
    second: Outcome


@dataclass(frozen=True)
class RehearsalRequest:
    """The settings of the loop, by name, and how much of the data is used."""

    inputs: Mapping[str, str]
    share: float = 1.0

    def files_of(self, layout: DataLayout) -> tuple[DataFile, ...]:
        """Returns the files that take part: where rows are counted all, else some, evenly spread."""
        return layout.files if layout.by_rows else layout.files[:: max(1, int(1 / self.share))]


def rehearse_two_hours(top: Path, layout: DataLayout, asked: RehearsalRequest, log: Log) -> Rehearsal:
    """Runs the loop twice. The repository at `top` is only read; nothing leaves the machine."""
    inputs = {**asked.inputs, "autonomy": "merge"}
    with (
        tempfile.TemporaryDirectory(prefix="ml-auto-update-init-", ignore_cleanup_errors=True) as folder,
        sandbox_session.open_session(Path(folder), "rehearsal/copy") as session,
    ):
        session.hub.protect(session.repository, "main", required_reviews=1)
        everything = _copy(top, session)
        files = _parts(session.git, layout, asked)
        _commit(session, _first_half(session, everything, files, inputs.get("model-dir", "model")), "")
        first = session.run_once(inputs, log)
        _commit(session, _with_all(session, files), "main")
        return Rehearsal(first, session.run_once(inputs, log))


@dataclass(frozen=True)
class _Part:
    """A file's blobs in both hours; empty: it is not there."""

    path: str
    first: str
    second: str


def _parts(git: Git, layout: DataLayout, asked: RehearsalRequest) -> list[_Part]:
    """Returns what each file holds: half of the rows first, or half of the files. Those that take no part are gone."""
    files = asked.files_of(layout)
    if layout.by_rows:
        return [
            _Part(file.path, _head_of(git, file.blob, asked.share / 2), _head_of(git, file.blob, asked.share))
            for file in files
        ]
    ordered = sorted(files, key=lambda file: file.path)
    half = len(ordered) // 2
    used = [_Part(file.path, "" if place >= half else file.blob, file.blob) for place, file in enumerate(ordered)]
    return [*used, *(_Part(file.path, "", "") for file in set(layout.files) - set(files))]


def _copy(top: Path, session: SandboxSession) -> str:
    """Pushes the current commit to the sandbox, outside of all branches. Returns its tree."""
    session.git.run("config", "receive.shallowUpdate", "true")
    sandbox_session.plain_git(top).run(
        "push", "--quiet", "--no-verify", str(session.repository.path), "HEAD:refs/copy/head"
    )
    return session.git.line("rev-parse", "refs/copy/head^{tree}")


def _first_half(session: SandboxSession, everything: str, files: Sequence[_Part], model_dir: str) -> str:
    """Returns the tree of the first hour. It has no model: a model in production has seen all of the data."""
    git = session.git
    models = git.run("ls-tree", "-r", "--name-only", "-z", everything, f"{model_dir}/")
    changes = {file.path: file.first for file in files}
    changes |= dict.fromkeys(filter(None, models.decode("utf-8", "surrogateescape").split("\0")), "")
    return _changed_tree(git, session.root, everything, changes)


def _head_of(git: Git, blob: str, share: float) -> str:
    """Writes a blob with the header and a share of the rows. Returns its id."""
    if share >= 1:
        return blob
    text = git.run("cat-file", "blob", blob).decode("utf-8", "surrogateescape")
    lines = text.splitlines(keepends=True)
    reader = csv.reader(lines)
    try:
        ends = [reader.line_num for _ in reader]  # a quoted cell may hold line breaks
    except csv.Error:  # such as a cell of more than 128 kB
        ends = list(range(1, len(lines) + 1))
    kept = "".join(lines[: ends[int(len(ends) * share)] if ends else 0])
    return git.line("hash-object", "-w", "--stdin", stdin=kept.encode("utf-8", "surrogateescape"))


def _changed_tree(git: Git, folder: Path, tree: str, changes: Mapping[str, str]) -> str:
    """Returns the tree with other blobs at these paths; an empty one removes the path."""
    index = {"GIT_INDEX_FILE": str(folder / "index")}
    git.run("read-tree", tree, extra=index)
    lines = (f"{FILE if blob else '0'} {blob or '0' * 40}\t{path}\0" for path, blob in changes.items())
    git.run("update-index", "-z", "--index-info", stdin="".join(lines).encode("utf-8", "surrogateescape"), extra=index)
    return git.line("write-tree", extra=index)


def _with_all(session: SandboxSession, files: Sequence[_Part]) -> str:
    """Returns the tree of main with all of the data."""
    tree = session.git.line("rev-parse", "main^{tree}")
    return _changed_tree(session.git, session.root, tree, {file.path: file.second for file in files if file.second})


def _commit(session: SandboxSession, tree: str, parent: str) -> None:
    """Commits a tree to main, as a user would."""
    git = session.git
    parents = ("-p", parent) if parent else ()
    commit = git.line("commit-tree", tree, *parents, "-m", "Data arrive")
    git.run("update-ref", "refs/heads/main", commit)
    session.hub.synchronise(session.repository)
