"""The first two runs of a loop on a copy: half of the data make v1, the other half arrive an hour later."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_action.commands import sandbox_session
from ml_action.commands.init.discovery import DataLayout
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


def rehearse_two_hours(top: Path, layout: DataLayout, inputs: Mapping[str, str], log: Log) -> Rehearsal:
    """Runs the loop twice. The repository at `top` is only read; nothing leaves the machine."""
    with (
        tempfile.TemporaryDirectory(prefix="ml-auto-update-init-", ignore_cleanup_errors=True) as folder,
        sandbox_session.open_session(Path(folder), "rehearsal/copy") as session,
    ):
        session.hub.protect(session.repository, "main", required_reviews=1)
        everything = _copy(top, session)
        _commit(session, _first_half(session, everything, layout, inputs.get("model-dir", "model")), "")
        first = session.run_once({**inputs, "autonomy": "merge"}, log)
        _commit(session, _with_all(session, layout), "main")
        return Rehearsal(first, session.run_once({**inputs, "autonomy": "merge"}, log))


def _copy(top: Path, session: SandboxSession) -> str:
    """Pushes the current commit to the sandbox, outside of all branches. Returns its tree."""
    session.git.run("config", "receive.shallowUpdate", "true")
    sandbox_session.plain_git(top).run(
        "push", "--quiet", "--no-verify", str(session.repository.path), "HEAD:refs/copy/head"
    )
    return session.git.line("rev-parse", "refs/copy/head^{tree}")


def _first_half(session: SandboxSession, everything: str, layout: DataLayout, model_dir: str) -> str:
    """Returns the tree without the second half of the files; where rows are counted, of the rows of each file.

    It has no model either: a model in production has seen all of the data.
    """
    git = session.git
    models = git.run("ls-tree", "-r", "--name-only", "-z", everything, f"{model_dir}/")
    if layout.by_rows:
        changes = {file.path: _head_of(git, file.blob) for file in layout.files}
    else:
        ordered = sorted(file.path for file in layout.files)
        changes = dict.fromkeys(ordered[len(ordered) // 2 :], "")
    changes |= dict.fromkeys(filter(None, models.decode("utf-8", "surrogateescape").split("\0")), "")
    return _changed_tree(git, session.root, everything, changes)


def _head_of(git: Git, blob: str) -> str:
    """Writes a blob with the header and the first half of the rows. Returns its id."""
    text = git.run("cat-file", "blob", blob).decode("utf-8", "surrogateescape")
    lines = text.splitlines(keepends=True)
    reader = csv.reader(lines)
    ends = [reader.line_num for _ in reader]  # a quoted cell may hold line breaks
    kept = "".join(lines[: ends[len(ends) // 2]])
    return git.line("hash-object", "-w", "--stdin", stdin=kept.encode("utf-8", "surrogateescape"))


def _changed_tree(git: Git, folder: Path, tree: str, changes: Mapping[str, str]) -> str:
    """Returns the tree with other blobs at these paths; an empty one removes the path."""
    index = {"GIT_INDEX_FILE": str(folder / "index")}
    git.run("read-tree", tree, extra=index)
    lines = (f"{FILE if blob else '0'} {blob or '0' * 40}\t{path}\0" for path, blob in changes.items())
    git.run("update-index", "-z", "--index-info", stdin="".join(lines).encode("utf-8", "surrogateescape"), extra=index)
    return git.line("write-tree", extra=index)


def _with_all(session: SandboxSession, layout: DataLayout) -> str:
    """Returns the tree of main with all of the data."""
    tree = session.git.line("rev-parse", "main^{tree}")
    return _changed_tree(session.git, session.root, tree, {file.path: file.blob for file in layout.files})


def _commit(session: SandboxSession, tree: str, parent: str) -> None:
    """Commits a tree to main, as a user would."""
    git = session.git
    parents = ("-p", parent) if parent else ()
    commit = git.line("commit-tree", tree, *parents, "-m", "Data arrive")
    git.run("update-ref", "refs/heads/main", commit)
    session.hub.synchronise(session.repository)
