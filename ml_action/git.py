"""The git command: every call in one place, nobody's configuration touched, no secret in an argument.

The environment of each call is made here: inherited GIT_* variables are dropped (they would point git at another
repository), `safe.directory` and the token's header go in as GIT_CONFIG_* variables, so that a workspace of
another user works and the token is in no argv, file or remote URL (github.md F3).
"""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ml_action.errors import RepositoryProblem

TIMEOUT = 600.0  # seconds; a fetch of a large repository over a slow line fits


class GitFailed(Exception):
    """git ended with another code than 0; `said` is what it printed."""

    def __init__(self, arguments: Iterable[str], code: int, said: str) -> None:
        self.command = next((word for word in arguments if not word.startswith("-")), "git")
        self.code = code
        self.said = said.strip()
        super().__init__(f"git {self.command} ended with {code}: {self.said}")


@dataclass(frozen=True)
class Login:
    """A token for one server; its text never shows."""

    server: str  # https://github.com
    token: str = field(repr=False)

    def header(self) -> str:
        """The header that actions/checkout sends too."""
        word = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        return f"AUTHORIZATION: basic {word}"


def environment(inherited: Mapping[str, str], login: Login | None = None) -> dict[str, str]:
    """The environment of a git process."""
    clean = {name: value for name, value in inherited.items() if not name.startswith("GIT_")}
    config = [
        ("safe.directory", "*"),
        ("gc.auto", "0"),
        ("core.quotePath", "false"),
        ("protocol.ext.allow", "never"),
    ]
    if login and login.token:
        # An empty value first clears a header that actions/checkout persisted: two are refused by the server.
        key = f"http.{login.server.rstrip('/')}/.extraheader"
        config += [(key, ""), (key, login.header())]
    clean |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "GIT_ADVICE": "0"}
    clean["GIT_CONFIG_COUNT"] = str(len(config))
    for index, (key, value) in enumerate(config):
        clean |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return clean


@dataclass(frozen=True)
class Git:
    """git in one directory."""

    directory: Path
    env: Mapping[str, str] = field(repr=False)

    def run(self, *arguments: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> bytes:
        """The command's standard output.

        Raises:
            GitFailed: it ended with another code than 0.
            RepositoryProblem: git is not there, or did not end in time.
        """
        try:
            done = subprocess.run(
                ["git", *arguments],
                cwd=self.directory,
                env={**self.env, **(extra or {})},
                input=stdin,
                capture_output=True,
                timeout=TIMEOUT,
            )
        except FileNotFoundError:
            raise _no_git(self.directory) from None
        except subprocess.TimeoutExpired:
            raise RepositoryProblem(
                f"git {arguments[0]} did not end within {TIMEOUT:.0f} s",
                why="the network or the server is slow",
                fix="run again",
            ) from None
        if done.returncode:
            # `push --porcelain` tells on stdout why each branch was refused
            raise GitFailed(
                arguments,
                done.returncode,
                (done.stderr + b"\n" + done.stdout[-4096:]).decode("utf-8", "replace"),
            )
        return done.stdout

    def line(self, *arguments: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> str:
        """The command's standard output as one line of text."""
        return self.run(*arguments, stdin=stdin, extra=extra).decode("utf-8", "surrogateescape").strip()

    def maybe(self, *arguments: str) -> str:
        """The same, or nothing where git says no."""
        try:
            return self.line(*arguments)
        except GitFailed:
            return ""

    def object_id(self, name: str) -> str:
        """The id of a revision, tree or blob, or nothing when there is none."""
        return self.maybe("rev-parse", "--verify", "--quiet", "--end-of-options", name)

    def resolve(self, *names: str) -> tuple[tuple[str, str], ...]:
        """(id, type) of many names from one process; empty strings for a name that stands for nothing."""
        rows = self.run(
            "cat-file",
            "--batch-check=%(objectname) %(objecttype)",
            stdin="\n".join(names).encode("utf-8", "surrogateescape") + b"\n",
        )
        words = (row.rsplit(" ", 1) for row in rows.decode("utf-8", "surrogateescape").splitlines())
        return tuple(("", "") if kind in ("missing", "ambiguous") else (oid, kind) for oid, kind in words)

    def read(self, name: str) -> bytes | None:
        """The content of a blob such as `HEAD:model/model_metadata.json`, or None when there is none.

        Raises:
            GitFailed: it is there and cannot be read. A champion that a network failure hides is not an absent one.
        """
        try:
            return self.run("cat-file", "blob", name)
        except GitFailed:
            found = self.object_id(name)
            if found and not self.object_id(f"{found}^{{tree}}"):  # no folder: a blob that is out of reach
                raise
            return None

    def contents(self, blobs: Iterable[str]) -> Iterator[bytes]:
        """The contents of many blobs, in order, from one process."""
        asked = "\n".join(blobs)
        answer = memoryview(self.run("cat-file", "--batch", "--buffer", stdin=asked.encode() + b"\n")) if asked else b""
        start = 0
        while start < len(answer):
            end = bytes(answer[start : start + 128]).index(b"\n") + start
            head = bytes(answer[start:end])
            if head.endswith(b" missing"):
                raise GitFailed(("cat-file",), 0, f"bad object {head.decode()}")
            _, _, size = head.split(b" ")
            start = end + 1 + int(size) + 1
            yield bytes(answer[end + 1 : start - 1])


def _no_git(directory: Path) -> RepositoryProblem:
    if not directory.is_dir():
        return RepositoryProblem(
            f"there is no folder {str(directory)!r}",
            why="a typing error in the path",
            fix="name the folder of a git repository",
        )
    return RepositoryProblem(
        "the git command was not found",
        why="git is not installed, or not on PATH",
        fix="install git 2.34 or later",
    )
