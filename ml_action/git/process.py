"""The processes of git whose output is read while they run, and the errors of git commands."""

from __future__ import annotations

import contextlib
import io
import select
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from ml_action.core.errors import RepositoryError

TIMEOUT = 600.0  # seconds; a fetch of a large repository over a slow line takes less
CHUNK = 1 << 20  # bytes
MAX_OUTPUT = 100_000  # characters of an error that are kept: a server may write as many as it likes
_BATCH = ("cat-file", "--batch", "--buffer")


class GitFailed(Exception):
    """git ended with another code than 0; `output` is what it printed."""

    def __init__(self, arguments: Iterable[str], code: int, output: str) -> None:
        self.command = next((word for word in arguments if not word.startswith("-")), "git")
        self.code = code
        self.output = _shortened(output).strip()
        super().__init__(f"git {self.command} ended with {code}: {self.output}")


def _shortened(output: str) -> str:
    """Returns the beginning and the end of what git printed, where its reasons are."""
    if len(output) <= MAX_OUTPUT:
        return output
    half = MAX_OUTPUT // 2
    return f"{output[:half]}\n…\n{output[-half:]}"


class Location(NamedTuple):
    """Where git runs, and with which environment."""

    directory: Path
    env: Mapping[str, str]


def run(location: Location, arguments: Iterable[str], stdin: bytes) -> bytes:
    """Returns the standard output of a git command.

    Raises:
        GitFailed: it ended with another code than 0.
        RepositoryError: git is missing, or did not end in time.
    """
    command = tuple(arguments)
    try:
        done = subprocess.run(
            ["git", *command],
            cwd=location.directory,
            env=location.env,
            input=stdin,
            capture_output=True,
            timeout=TIMEOUT,
        )
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(location.directory) from None
    except subprocess.TimeoutExpired:
        raise _too_slow(command[0]) from None
    if done.returncode:
        # `push --porcelain` reports on stdout why each branch was refused
        output = done.stderr + b"\n" + done.stdout[-4096:]
        raise GitFailed(command, done.returncode, output.decode("utf-8", "replace"))
    return done.stdout


def stream(location: Location, arguments: Iterable[str]) -> Iterator[bytes]:
    """Yields the standard output of a git command in chunks; the process ends with the iterator.

    Raises:
        GitFailed: it ended with another code than 0.
        RepositoryError: git is missing, or was silent for too long.
    """
    command = tuple(arguments)
    process = _start(location, command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with process, contextlib.closing(_TimeoutReader(cast(io.FileIO, process.stdout))) as output:
        try:
            while chunk := output.read(CHUNK):
                yield chunk
            errors = cast(io.FileIO, process.stderr).readall()
        except BaseException:
            process.kill()  # its output is no longer read
            raise
    if process.returncode:
        raise GitFailed(command, process.returncode, errors.decode("utf-8", "replace"))


class BatchReader:
    """Reads what `git cat-file --batch` writes, one blob after another.

    `names` and `errors` are files and no pipes, so that nothing has to be fed or drained meanwhile.
    """

    def __init__(self, location: Location, names: IO[bytes], errors: IO[bytes]) -> None:
        self._errors = errors
        self._process = _start(location, _BATCH, stdin=names, stderr=errors)
        self._stream = io.BufferedReader(_TimeoutReader(cast(io.FileIO, self._process.stdout)), CHUNK)

    def next(self, max_bytes: int) -> bytes | None:
        """Returns the next blob's content, or `None` if it is larger than `max_bytes`."""
        head = self._stream.readline()
        if head.endswith(b" missing\n"):
            raise GitFailed(("cat-file",), 0, f"bad object {head.decode().strip()}")
        if not head.endswith(b"\n"):
            raise self._failure()
        size = int(head.rsplit(b" ", 1)[1])
        if size > max_bytes:
            self._skip(size + 1)
            return None
        content = self._stream.read(size)
        if len(content) < size or not self._stream.read(1):
            raise self._failure()
        return content

    def close(self) -> None:
        """Kills the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._stream.close()

    def _skip(self, size: int) -> None:
        while size:
            chunk = self._stream.read(min(size, CHUNK))
            if not chunk:
                raise self._failure()
            size -= len(chunk)

    def _failure(self) -> GitFailed:
        """Returns the error of a process that ended too early."""
        code = self._process.wait()
        self._errors.seek(0)
        return GitFailed(_BATCH, code, self._errors.read(4096).decode("utf-8", "replace"))


class _TimeoutReader(io.RawIOBase):
    """Reads git's output, and raises if git is silent for too long, as when a lazy fetch hangs."""

    def __init__(self, pipe: io.FileIO) -> None:
        self._pipe = pipe

    def readable(self) -> bool:
        """Returns True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Reads into the buffer and returns the number of bytes, like io.RawIOBase."""
        if not select.select([self._pipe], [], [], TIMEOUT)[0]:
            raise _too_slow("cat-file")
        return self._pipe.readinto(buffer) or 0

    def close(self) -> None:
        """Closes the pipe too."""
        self._pipe.close()
        super().close()


def _start(
    location: Location, arguments: Iterable[str], *, stdin: IO[bytes] | int, stderr: IO[bytes] | int
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            ["git", *arguments],
            cwd=location.directory,
            env=location.env,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            bufsize=0,
            pipesize=CHUNK,
        )
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(location.directory) from None


def _too_slow(command: str) -> RepositoryError:
    return RepositoryError(
        f"git {command} did not end within {TIMEOUT:.0f} s",
        why="the network or the server is slow",
        fix="run again",
    )


def _missing(directory: Path) -> RepositoryError:
    if not directory.is_dir():
        return RepositoryError(
            f"there is no folder {str(directory)!r}",
            why="a typing error in the path",
            fix="name the folder of a git repository",
        )
    return RepositoryError(
        "the git command was not found",
        why="git is not installed, or not on PATH",
        fix="install git 2.31 or later",
    )
