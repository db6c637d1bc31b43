"""The git command: every call in one place, nobody's configuration touched, no secret in an argument.

The environment of each call is made here: inherited GIT_* variables are dropped (they would point git at another
repository), `safe.directory` and the token's header go in as GIT_CONFIG_* variables, so that a workspace of
another user works and the token is in no argv, file or remote URL (github.md F3).
"""

from __future__ import annotations

import base64
import contextlib
import io
import select
import subprocess
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast, overload

from ml_action.core import retry
from ml_action.core.errors import RepositoryError
from ml_action.core.retry import RetryBudget

TIMEOUT = 600.0  # seconds; a fetch of a large repository over a slow line fits
SILENCE = 120  # seconds without a byte until a connection is given up; a server at work says so every five
_BATCH = ("cat-file", "--batch", "--buffer")
_PIECE = 1 << 20


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
        ("http.lowSpeedLimit", "1"),
        ("http.lowSpeedTime", str(SILENCE)),
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
    patience: RetryBudget = field(default=retry.NO_RETRY, repr=False, compare=False)  # with the server

    def run(self, *arguments: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> bytes:
        """The command's standard output.

        Raises:
            GitFailed: it ended with another code than 0.
            RepositoryError: git is not there, or did not end in time.
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
        except (FileNotFoundError, NotADirectoryError):
            raise _no_git(self.directory) from None
        except subprocess.TimeoutExpired:
            raise _too_slow(arguments[0]) from None
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

    def records(self, *arguments: str) -> Iterator[list[bytes]]:
        """The command's records, which NUL ends, as they come: thousands at a time, so that none has to be kept."""
        rest = b""
        for piece in self.pieces(*arguments):
            *whole, rest = (rest + piece).split(b"\0")
            yield whole

    def pieces(self, *arguments: str) -> Iterator[bytes]:
        """The command's standard output as it comes; git ends with the iterator.

        Raises:
            GitFailed: it ended with another code than 0.
        """
        try:
            process = subprocess.Popen(
                ["git", *arguments], cwd=self.directory, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, bufsize=0, pipesize=_PIECE,
            )  # fmt: skip
        except (FileNotFoundError, NotADirectoryError):
            raise _no_git(self.directory) from None
        with process, contextlib.closing(_TimeoutReader(cast(io.FileIO, process.stdout))) as output:
            try:
                while piece := output.read(_PIECE):
                    yield piece
                said = cast(io.FileIO, process.stderr).readall()
            except BaseException:
                process.kill()  # nobody reads on
                raise
        if process.returncode:
            raise GitFailed(arguments, process.returncode, said.decode("utf-8", "replace"))

    @overload
    def contents(self, blobs: Iterable[str]) -> Generator[bytes, None, None]: ...
    @overload
    def contents(self, blobs: Iterable[str], most: int) -> Generator[bytes | None, None, None]: ...
    def contents(self, blobs: Iterable[str], most: int = sys.maxsize) -> Generator[bytes | None, None, None]:
        """The contents of many blobs, in order, from one process that ends with the iterator; one is held at a time.

        None for a blob of more than `most` bytes: it is passed over piece by piece.

        Raises:
            GitFailed: a blob is missing, or git ended early.
            RepositoryError: git is not there, or said nothing for too long.
        """
        import tempfile  # late: counting does without it, and without its 5 ms

        asked = tuple(blobs)
        # Files, not pipes, for what git reads and complains of: nothing has to be fed or drained meanwhile.
        with tempfile.TemporaryFile() as names, tempfile.TemporaryFile() as complaints:
            names.write("".join(f"{name}\n" for name in asked).encode())
            names.seek(0)
            with contextlib.closing(_BatchReader(self, names, complaints)) as answer:
                for _ in asked:
                    yield answer.next(most)


class _BatchReader:
    """What `git cat-file --batch` writes, one blob after another."""

    def __init__(self, git: Git, names: IO[bytes], complaints: IO[bytes]) -> None:
        self._complaints = complaints
        try:
            self._process = subprocess.Popen(
                ["git", *_BATCH],
                cwd=git.directory,
                env=git.env,
                stdin=names,
                stdout=subprocess.PIPE,
                stderr=complaints,
                bufsize=0,
                pipesize=_PIECE,
            )
        except (FileNotFoundError, NotADirectoryError):
            raise _no_git(git.directory) from None
        self._stream = io.BufferedReader(_TimeoutReader(cast(io.FileIO, self._process.stdout)), _PIECE)

    def next(self, most: int) -> bytes | None:
        """The next blob's content, or None when it is larger."""
        head = self._stream.readline()
        if head.endswith(b" missing\n"):
            raise GitFailed(("cat-file",), 0, f"bad object {head.decode().strip()}")
        if not head.endswith(b"\n"):
            raise self._failure()
        size = int(head.rsplit(b" ", 1)[1])
        if size > most:
            self._pass_over(size + 1)
            return None
        content = self._stream.read(size)
        if len(content) < size or not self._stream.read(1):
            raise self._failure()
        return content

    def _pass_over(self, size: int) -> None:
        while size:
            piece = self._stream.read(min(size, _PIECE))
            if not piece:
                raise self._failure()
            size -= len(piece)

    def _failure(self) -> GitFailed:
        """git ended before it had said all."""
        code = self._process.wait()
        self._complaints.seek(0)
        return GitFailed(_BATCH, code, self._complaints.read(4096).decode("utf-8", "replace"))

    def close(self) -> None:
        """Ends git, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._stream.close()


class _TimeoutReader(io.RawIOBase):
    """git's output; raises when nothing comes for too long, as when a lazy fetch hangs."""

    def __init__(self, pipe: io.FileIO) -> None:
        self._pipe = pipe

    def readable(self) -> bool:
        """The one thing that can be done with it."""
        return True

    def readinto(self, buffer: Any) -> int:
        """As io.RawIOBase says."""
        if not select.select([self._pipe], [], [], TIMEOUT)[0]:
            raise _too_slow("cat-file")
        return self._pipe.readinto(buffer) or 0

    def close(self) -> None:
        """Closes the pipe too."""
        self._pipe.close()
        super().close()


def _too_slow(command: str) -> RepositoryError:
    return RepositoryError(
        f"git {command} did not end within {TIMEOUT:.0f} s",
        why="the network or the server is slow",
        fix="run again",
    )


def _no_git(directory: Path) -> RepositoryError:
    if not directory.is_dir():
        return RepositoryError(
            f"there is no folder {str(directory)!r}",
            why="a typing error in the path",
            fix="name the folder of a git repository",
        )
    return RepositoryError(
        "the git command was not found",
        why="git is not installed, or not on PATH",
        fix="install git 2.34 or later",
    )


def decode_path(path: bytes) -> str:
    """A file name as text; bytes that are not UTF-8 survive the way back (PEP 383)."""
    return path.decode("utf-8", "surrogateescape")
