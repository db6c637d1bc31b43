"""Where a run tells what it is doing: one small protocol, and the plain implementation for a terminal or a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TextIO


class Log(Protocol):
    """What the stories say while they work."""

    def say(self, text: str) -> None:
        """One line of progress."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """How far a long stage is; called often, shown as the implementation sees fit."""

    def warn(self, text: str, *, path: str = "", line: int = 0) -> None:
        """Something a person should look at, at a file and line where there is one."""

    def error(self, text: str, *, path: str = "", line: int = 0) -> None:
        """Why the run failed."""


@dataclass(frozen=True)
class PlainLog:
    """Lines of text, for a terminal without colours or a log file."""

    stream: TextIO

    def say(self, text: str) -> None:
        """One line."""
        self.stream.write(f"{text}\n")
        self.stream.flush()

    def progress(self, stage: str, done: int, total: int) -> None:
        """Only the end of a stage: a log file is no progress bar."""
        if done == total:
            self.say(f"{stage}: {total} of {total}")

    def warn(self, text: str, *, path: str = "", line: int = 0) -> None:
        """`warning: path:line: text`."""
        self.say(f"warning: {_place(path, line)}{text}")

    def error(self, text: str, *, path: str = "", line: int = 0) -> None:
        """`error: path:line: text`."""
        self.say(f"error: {_place(path, line)}{text}")


@dataclass(frozen=True)
class QuietLog:
    """Another log without what is said in passing: how far it is, and what is wrong, are still told."""

    log: Log

    def say(self, text: str) -> None:
        """Nothing."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """As the other shows it."""
        self.log.progress(stage, done, total)

    def warn(self, text: str, *, path: str = "", line: int = 0) -> None:
        """As the other shows it."""
        self.log.warn(text, path=path, line=line)

    def error(self, text: str, *, path: str = "", line: int = 0) -> None:
        """As the other shows it."""
        self.log.error(text, path=path, line=line)


def escaped(name: str) -> str:
    """A name as it is, or with escapes where a terminal would obey it: control and direction characters, odd bytes."""
    return name if name.isprintable() else name.encode("unicode_escape", "surrogateescape").decode()


def _place(path: str, line: int) -> str:
    """`path:line: `, or what of it there is."""
    name = escaped(path)
    return (f"{name}:{line}: " if line else f"{name}: ") if path else ""
