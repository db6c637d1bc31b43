"""The first two hours of a loop, on a copy: half of the data make v1, the other half arrive an hour later."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ml_action.commands import sandbox_session
from ml_action.commands.init.layout import DataLayout
from ml_action.commands.sandbox_session import SandboxSession
from ml_action.core.log import Log
from ml_action.core.records.outcome import Outcome
from ml_action.git.command import Git
from ml_action.git.repository import FILE


def rehearse_two_hours(top: Path, layout: DataLayout, given: Mapping[str, str], log: Log) -> tuple[Outcome, Outcome]:
    """Both hours' endings. The repository at `top` is only read; nothing leaves the machine."""
    with (
        tempfile.TemporaryDirectory(prefix="ml-auto-update-init-", ignore_cleanup_errors=True) as folder,
        sandbox_session.open_stage(Path(folder), "rehearsal/copy") as here,
    ):
        here.hub.protect(here.repository, "main", required_reviews=1)
        everything = _copy(top, here)
        _arrive(here, _first_half(here, everything, layout, given.get("model-dir", "model")), "")
        first = here.hour({**given, "autonomy": "merge"}, log)
        _arrive(here, _with_all(here, layout), "main")
        return first, here.hour({**given, "autonomy": "merge"}, log)


def _copy(top: Path, here: SandboxSession) -> str:
    """The tree of the current commit, with all its objects, in the stand-in's repository."""
    sandbox_session.plain_git(here.repository.path).run("config", "receive.shallowUpdate", "true")
    sandbox_session.plain_git(top).run(
        "push", "--quiet", "--no-verify", str(here.repository.path), "HEAD:refs/copy/head"
    )
    return sandbox_session.plain_git(here.repository.path).line("rev-parse", "refs/copy/head^{tree}")


def _first_half(here: SandboxSession, everything: str, layout: DataLayout, model_dir: str) -> str:
    """The tree with half of the data: the later files are yet to come, or the second half of each file.

    And with no model: one that is in production has seen all of the data.
    """
    git = sandbox_session.plain_git(here.repository.path)
    models = git.run("ls-tree", "-r", "--name-only", "-z", everything, f"{model_dir}/")
    if layout.by_rows:
        changes = {file.path: _head_of(git, file.blob) for file in layout.files}
    else:
        ordered = sorted(file.path for file in layout.files)
        changes = dict.fromkeys(ordered[len(ordered) // 2 :], "")
    made = dict.fromkeys(filter(None, models.decode("utf-8", "surrogateescape").split("\0")), "")
    return _changed(git, here.root, everything, changes | made)


def _head_of(git: Git, blob: str) -> str:
    """A blob of the header and the first half of the rows."""
    text = git.run("cat-file", "blob", blob).decode("utf-8", "surrogateescape")
    lines = text.splitlines(keepends=True)
    reader = csv.reader(lines)
    ends = [reader.line_num for _ in reader]  # a quoted cell may hold line breaks
    kept = "".join(lines[: ends[len(ends) // 2]])
    return git.line("hash-object", "-w", "--stdin", stdin=kept.encode("utf-8", "surrogateescape"))


def _changed(git: Git, scratch: Path, tree: str, changes: Mapping[str, str]) -> str:
    """The tree with other blobs at these paths; empty: the path is gone."""
    index = {"GIT_INDEX_FILE": str(scratch / "index")}
    git.run("read-tree", tree, extra=index)
    lines = (f"{FILE if blob else '0'} {blob or '0' * 40}\t{path}\0" for path, blob in changes.items())
    git.run("update-index", "-z", "--index-info", stdin="".join(lines).encode("utf-8", "surrogateescape"), extra=index)
    return git.line("write-tree", extra=index)


def _with_all(here: SandboxSession, layout: DataLayout) -> str:
    """What main has by now, with all of the data."""
    git = sandbox_session.plain_git(here.repository.path)
    return _changed(
        git, here.root, git.line("rev-parse", "main^{tree}"), {file.path: file.blob for file in layout.files}
    )


def _arrive(here: SandboxSession, tree: str, parent: str) -> None:
    """Somebody commits it to main."""
    git = sandbox_session.plain_git(here.repository.path)
    parents = ("-p", parent) if parent else ()
    commit = git.line("commit-tree", tree, *parents, "-m", "Data arrive")
    git.run("update-ref", "refs/heads/main", commit)
    here.hub.synchronise(here.repository)
