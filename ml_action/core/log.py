"""Where a run reports its progress: a small protocol, and its plain implementation for a terminal or a file."""

from __future__ import annotations

import re
from typing import Protocol, TextIO

from ml_action.core.dataclass import dataclass

ZERO_WIDTH = "\u200b"


class Log(Protocol):
    """Receives the messages of a run."""

    def info(self, text: str) -> None:
        """Logs one line of progress."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """Reports how far a long stage is. Called often; the implementation decides how much of it is shown."""

    def warn(self, text: str, *, path: str = "", line: int = 0) -> None:
        """Logs something that the user should look at, with its file and line if they are known."""

    def error(self, text: str, *, path: str = "", line: int = 0) -> None:
        """Logs why the run failed, with the file and line if they are known."""


@dataclass(frozen=True)
class PlainLog:
    """Writes lines of text, for a terminal without colours or a log file."""

    stream: TextIO

    def info(self, text: str) -> None:
        """Writes one line."""
        self.stream.write(f"{text}\n")
        self.stream.flush()

    def progress(self, stage: str, done: int, total: int) -> None:
        """Writes only the end of a stage: a log file is no progress bar."""
        if done == total:
            self.info(f"{stage}: {total} of {total}")

    def warn(self, text: str, *, path: str = "", line: int = 0) -> None:
        """Writes `warning: path:line: text`."""
        self.info(f"warning: {location(path, line)}{text}")

    def error(self, text: str, *, path: str = "", line: int = 0) -> None:
        """Writes `error: path:line: text`."""
        self.info(f"error: {location(path, line)}{text}")


@dataclass(frozen=True)
class QuietLog:
    """A log that drops information messages and passes progress, warnings and errors on to another log."""

    log: Log

    def info(self, text: str) -> None:
        """Drops the message."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """Passes it on."""
        self.log.progress(stage, done, total)

    def warn(self, text: str, *, path: str = "", line: int = 0) -> None:
        """Passes it on."""
        self.log.warn(text, path=path, line=line)

    def error(self, text: str, *, path: str = "", line: int = 0) -> None:
        """Passes it on."""
        self.log.error(text, path=path, line=line)


def escaped(name: str) -> str:
    """Returns the name with escapes for control and direction characters and odd bytes: a terminal would obey them."""
    return name if name.isprintable() else name.encode("unicode_escape", "surrogateescape").decode()


def escape_commands(text: str) -> str:
    """Returns the text with every workflow command in it broken, and no other visible change.

    The runner reads `::name ::` at the start of a line and `##[name]` anywhere in it (github.md A10).
    """
    text = re.sub(r"##\[", f"#{ZERO_WIDTH}#[", text)
    return re.sub(r"(?m)^([^\S\n]*)::", rf"\1{ZERO_WIDTH}::", text.replace("\r", " "))


def location(path: str, line: int) -> str:
    """Returns `path:line: `, without the parts that are unknown."""
    name = escaped(path)
    return (f"{name}:{line}: " if line else f"{name}: ") if path else ""
