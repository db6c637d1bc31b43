"""One bare git repository, asked one question at a time. What depends on object ids only is remembered."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

Answer = TypeVar("Answer")

NO_OBJECT = "0" * 40
COMMIT_FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x00%x01"
SERVER_CONFIG = {
    "safe.directory": "*",  # the root may belong to another user than the server
    "http.receivepack": "true",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "receive.autogc": "false",
}
WHO = ("AUTHOR", "COMMITTER")


def environment() -> dict[str, str]:
    """The process environment with git settings of its own: the same on every machine."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    clean["GIT_CONFIG_COUNT"] = str(len(SERVER_CONFIG))
    for number, (name, value) in enumerate(SERVER_CONFIG.items()):
        clean |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return clean


@dataclass(frozen=True)
class Person:
    """Author or committer of a commit. An empty date is the present."""

    name: str
    email: str
    date: str = ""


@dataclass(frozen=True)
class Commit:
    """A commit, parsed."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass(frozen=True)
class Entry:
    """What a tree has at a path."""

    path: str
    mode: str
    kind: str  # blob tree commit
    sha: str
    size: int  # of a blob


@dataclass(frozen=True)
class Change:
    """What happened to one path between two commits."""

    path: str
    status: str  # added removed modified renamed copied changed
    blob: str
    additions: int
    deletions: int
    previous: str = ""


class Git:
    """The git command on one bare repository."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._environment = environment()
        self._known: dict[tuple[str, ...], Any] = {}

    @classmethod
    def create(cls, path: Path, default_branch: str) -> Git:
        """A bare repository; an existing one is kept with its refs."""
        path.mkdir(parents=True, exist_ok=True)
        git = cls(path)
        git.run("init", "--quiet", "--bare", "--template=", f"--initial-branch={default_branch}")
        return git

    def ask(self, *arguments: str, extra: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run git and let the caller judge the exit status."""
        command = ["git", "--git-dir", str(self.path), *arguments]
        return subprocess.run(
            command,
            env=self._environment | dict(extra or {}),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )

    def run(self, *arguments: str, extra: Mapping[str, str] | None = None) -> str:
        """Run git; a failure is a bug of the stand-in."""
        done = self.ask(*arguments, extra=extra)
        if done.returncode:
            raise RuntimeError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def _remember(self, key: tuple[str, ...], find: Callable[[], Answer]) -> Answer:
        if key not in self._known:
            self._known[key] = find()
        found: Answer = self._known[key]
        return found

    # --- refs -----------------------------------------------------------------------------------------

    def refs(self) -> dict[str, str]:
        """Every ref with the object it points at."""
        lines = self.run("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def move(self, ref: str, new: str, old: str) -> bool:
        """Compare and swap: False when the ref no longer points at `old` (all zeros: does not exist)."""
        return self.ask("update-ref", ref, new, old).returncode == 0

    def delete(self, ref: str) -> None:
        """Remove a ref."""
        self.run("update-ref", "-d", ref)

    def resolve(self, revision: str) -> str | None:
        """The commit that a branch, tag or (abbreviated) id names."""
        if not revision or revision.startswith("-"):
            return None
        done = self.ask("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        return done.stdout.strip() or None

    # --- trees and blobs ------------------------------------------------------------------------------

    def entry(self, revision: str, path: str) -> Entry | None:
        """The file or folder at a path; None: there is none."""
        return next(iter(self._tree(revision, "--", path)), None)

    def entries(self, revision: str, folder: str) -> list[Entry]:
        """What is in a folder."""
        return self._tree(revision, "--", f"{folder}/")

    def _tree(self, *selection: str) -> list[Entry]:
        rows = self.run("ls-tree", "-l", "-z", *selection).split("\x00")[:-1]
        parts = ((row.partition("\t")[2], *row.partition("\t")[0].split()) for row in rows)
        return [Entry(path, mode, kind, sha, int(size.strip("-") or 0)) for path, mode, kind, sha, size in parts]

    def blob(self, sha: str) -> bytes:
        """The bytes of a file."""
        command = ["git", "--git-dir", str(self.path), "cat-file", "blob", sha]
        return subprocess.run(command, env=self._environment, capture_output=True, check=True).stdout

    def write_blob(self, content: bytes) -> str:
        """A new blob object."""
        command = ["git", "--git-dir", str(self.path), "hash-object", "-w", "--stdin"]
        done = subprocess.run(command, env=self._environment, input=content, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def tree_with(self, start: str, path: str, blob: str) -> str | None:
        """The tree of a commit (empty: none) with a file more, or another; None: the path is impossible in it."""
        with tempfile.TemporaryDirectory() as scratch:
            index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
            self.run("read-tree", start or "--empty", extra=index)
            entry = f"100644,{blob},{path}"
            if self.ask("update-index", "--add", "--cacheinfo", entry, extra=index).returncode:
                return None
            return self.run("write-tree", extra=index).strip()

    # --- commits --------------------------------------------------------------------------------------

    def commit(self, sha: str) -> Commit:
        """One commit by its full id."""
        return self._remember(("commit", sha), lambda: self._log("-1", sha)[0])

    def between(self, base: str, head: str) -> list[Commit]:
        """The commits of head that base lacks, oldest first."""
        key = ("between", base, head)
        return self._remember(key, lambda: self._log("--reverse", "--topo-order", f"{base}..{head}"))

    def _log(self, *selection: str) -> list[Commit]:
        text = self.run("log", f"--format={COMMIT_FORMAT}", *selection, "--")
        return [_parse_commit(record.lstrip("\n")) for record in text.split("\x01\n") if record.strip("\n")]

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether new contains old."""
        key = ("is_ancestor", old, new)
        return self._remember(key, lambda: not self.ask("merge-base", "--is-ancestor", old, new).returncode)

    def merge_base(self, one: str, other: str) -> str | None:
        """The last common commit, if the histories meet at all."""
        key = ("merge_base", one, other)
        return self._remember(key, lambda: self.ask("merge-base", one, other).stdout.strip() or None)

    def diff(self, base: str, head: str) -> list[Change]:
        """What head changes against where it left base (three dots)."""

        def find() -> list[Change]:
            start = self.merge_base(base, head) or base
            return parse_changes(self.run("diff", "--raw", "--numstat", "-z", "--no-abbrev", "-M", start, head))

        return self._remember(("diff", base, head), find)

    # --- making commits -------------------------------------------------------------------------------

    def merged_tree(self, ours: str, theirs: str) -> str | None:
        """The tree of a three-way merge, or None when it conflicts."""

        def find() -> str | None:
            done = self.ask("merge-tree", "--write-tree", "--no-messages", ours, theirs)
            return None if done.returncode else done.stdout.strip()

        return self._remember(("merged_tree", ours, theirs), find)

    def write_commit(self, tree: str, parents: tuple[str, ...], message: str, author: Person, committer: Person) -> str:
        """A new commit object; no ref moves."""
        extra: dict[str, str] = {}
        for role, person in zip(WHO, (author, committer), strict=True):
            extra |= {f"GIT_{role}_NAME": person.name, f"GIT_{role}_EMAIL": person.email}
            extra |= {f"GIT_{role}_DATE": person.date} if person.date else {}
        flags = [flag for parent in parents for flag in ("-p", parent)]
        return self.run("commit-tree", tree, *flags, "-m", message, extra=extra).strip()


def _parse_commit(record: str) -> Commit:
    sha, tree, parents, *people, message, _ = record.split("\x00")
    return Commit(
        sha=sha,
        tree=tree,
        parents=tuple(parents.split()),
        author=Person(*people[:3]),
        committer=Person(*people[3:]),
        message=message.rstrip("\n"),
    )


STATUS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}


def parse_changes(text: str) -> list[Change]:
    """`git diff --raw --numstat -z`: first what happened to each path, then its line counts."""
    fields = iter(text.split("\x00"))
    happened: list[tuple[str, str, str, str]] = []
    counts: dict[str, tuple[int, int]] = {}
    for item in fields:
        if item.startswith(":"):
            _, _, old_blob, blob, letter = item.split(" ")
            previous = next(fields)
            path = next(fields) if letter[0] in "RC" else previous
            happened.append((path, STATUS[letter[0]], old_blob if letter == "D" else blob, previous))
        elif item:
            added, removed, path = item.split("\t")
            path = path or (next(fields), next(fields))[1]
            counts[path] = (_count(added), _count(removed))
    return [
        Change(path, status, blob, *counts.get(path, (0, 0)), previous=previous if previous != path else "")
        for path, status, blob, previous in happened
    ]


def _count(text: str) -> int:
    return 0 if text == "-" else int(text)  # git counts no lines in binary files
