"""The git command on one bare repository. Results that depend only on object ids are cached."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from sandbox.git.objects import (
    COMMIT_FORMAT,
    Change,
    Commit,
    Entry,
    Person,
    parse_changes,
    parse_commits,
    parse_entries,
)

Result = TypeVar("Result")

NO_OBJECT = "0" * 40
SERVER_CONFIG = {
    "safe.directory": "*",  # another user than the server's may own the root
    "http.receivepack": "true",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "receive.autogc": "false",
}


def environment() -> dict[str, str]:
    """Returns the environment of the process with our own git settings, the same on every machine."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    clean["GIT_CONFIG_COUNT"] = str(len(SERVER_CONFIG))
    for number, (name, value) in enumerate(SERVER_CONFIG.items()):
        clean |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return clean


class Git:
    """The git command on one bare repository."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._environment = environment()
        self._cache: dict[tuple[str, ...], Any] = {}

    @classmethod
    def create(cls, path: Path, default_branch: str) -> Git:
        """Creates a bare repository; an existing one keeps its refs."""
        path.mkdir(parents=True, exist_ok=True)
        git = cls(path)
        git.run("init", "--quiet", "--bare", "--template=", f"--initial-branch={default_branch}")
        return git

    def try_run(self, *arguments: str, extra: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Runs git and leaves the exit status to the caller; `extra` is added to the environment."""
        command = ["git", "--git-dir", str(self.path), *arguments]
        return subprocess.run(
            command,
            env=self._environment | dict(extra or {}),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )

    def run(self, *arguments: str, extra: Mapping[str, str] | None = None) -> str:
        """Runs git and returns its output; a failure is a bug of the sandbox."""
        done = self.try_run(*arguments, extra=extra)
        if done.returncode:
            raise RuntimeError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def _cached(self, key: tuple[str, ...], compute: Callable[[], Result]) -> Result:
        if key not in self._cache:
            self._cache[key] = compute()
        found: Result = self._cache[key]
        return found

    # --- refs -----------------------------------------------------------------------------------------

    def refs(self) -> dict[str, str]:
        """Returns the object id of every ref."""
        lines = self.run("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def move(self, ref: str, new: str, old: str) -> bool:
        """Moves a ref from `old` (zeros: it does not exist) to `new`. Returns whether it still pointed at `old`."""
        return self.try_run("update-ref", ref, new, old).returncode == 0

    def delete(self, ref: str) -> None:
        """Deletes a ref."""
        self.run("update-ref", "-d", ref)

    def resolve(self, revision: str) -> str | None:
        """Returns the commit of a branch, a tag, or a (shortened) id."""
        if not revision or revision.startswith("-"):
            return None
        done = self.try_run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        return done.stdout.strip() or None

    # --- trees and blobs ------------------------------------------------------------------------------

    def entry(self, revision: str, path: str) -> Entry | None:
        """Returns the file or folder at a path."""
        return next(iter(self._list_tree(revision, "--", path)), None)

    def entries(self, revision: str, folder: str) -> list[Entry]:
        """Returns the files and folders in a folder."""
        return self._list_tree(revision, "--", f"{folder}/")

    def _list_tree(self, *selection: str) -> list[Entry]:
        return parse_entries(self.run("ls-tree", "-l", "-z", *selection))

    def blob(self, sha: str) -> bytes:
        """Returns the bytes of a file."""
        command = ["git", "--git-dir", str(self.path), "cat-file", "blob", sha]
        return subprocess.run(command, env=self._environment, capture_output=True, check=True).stdout

    def write_blob(self, content: bytes) -> str:
        """Writes a blob and returns its id."""
        command = ["git", "--git-dir", str(self.path), "hash-object", "-w", "--stdin"]
        done = subprocess.run(command, env=self._environment, input=content, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def tree_with(self, start: str, path: str, blob: str) -> str | None:
        """Writes the tree of a commit with one file added or replaced.

        Args:
            start: the commit; empty for an empty tree.
            path: of the file.
            blob: the id of its contents.

        Returns:
            The id of the tree, or `None` if the path is impossible in it.
        """
        with tempfile.TemporaryDirectory() as scratch:
            index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
            self.run("read-tree", start or "--empty", extra=index)
            entry = f"100644,{blob},{path}"
            if self.try_run("update-index", "--add", "--cacheinfo", entry, extra=index).returncode:
                return None
            return self.run("write-tree", extra=index).strip()

    # --- history --------------------------------------------------------------------------------------

    def commit(self, sha: str) -> Commit:
        """Returns a commit by its full id."""
        return self._cached(("commit", sha), lambda: self._log("-1", sha)[0])

    def between(self, base: str, head: str) -> list[Commit]:
        """Returns the commits of head that base does not contain, oldest first."""
        key = ("between", base, head)
        return self._cached(key, lambda: self._log("--reverse", "--topo-order", f"{base}..{head}"))

    def _log(self, *selection: str) -> list[Commit]:
        return parse_commits(self.run("log", f"--format={COMMIT_FORMAT}", *selection, "--"))

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether new contains old."""
        key = ("is_ancestor", old, new)
        return self._cached(key, lambda: not self.try_run("merge-base", "--is-ancestor", old, new).returncode)

    def merge_base(self, one: str, other: str) -> str | None:
        """Returns the last common commit, or `None` if the histories are unrelated."""
        key = ("merge_base", one, other)
        return self._cached(key, lambda: self.try_run("merge-base", one, other).stdout.strip() or None)

    def diff(self, base: str, head: str) -> list[Change]:
        """Returns the changes of head since it left base (three dots)."""

        def compute() -> list[Change]:
            start = self.merge_base(base, head) or base
            return parse_changes(self.run("diff", "--raw", "--numstat", "-z", "--no-abbrev", "-M", start, head))

        return self._cached(("diff", base, head), compute)

    # --- writing commits ------------------------------------------------------------------------------

    def merged_tree(self, ours: str, theirs: str) -> str | None:
        """Writes the tree of a three-way merge and returns its id, or `None` if there is a conflict."""

        def compute() -> str | None:
            done = self.try_run("merge-tree", "--write-tree", "--no-messages", ours, theirs)
            return None if done.returncode else done.stdout.strip()

        return self._cached(("merged_tree", ours, theirs), compute)

    def write_commit(self, tree: str, parents: tuple[str, ...], message: str, author: Person, committer: Person) -> str:
        """Writes a commit and returns its id; no ref moves."""
        extra: dict[str, str] = {}
        for role, person in (("AUTHOR", author), ("COMMITTER", committer)):
            extra |= {f"GIT_{role}_NAME": person.name, f"GIT_{role}_EMAIL": person.email}
            extra |= {f"GIT_{role}_DATE": person.date} if person.date else {}
        flags = [flag for parent in parents for flag in ("-p", parent)]
        return self.run("commit-tree", tree, *flags, "-m", message, extra=extra).strip()
