"""Values of cells in sentences: shown where the data are in the repository, and withheld where they are not.

Reasons, warnings and messages of libraries quote cells. They end in annotations, the journal and a pull request, which
are read by more people than data that are not in the repository (`untracked: true`). So a sentence that quotes a cell
keeps it apart from its own words until it is known whose data it is about. What is withheld: docs/privacy.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, NoReturn, TypeAlias

WITHHELD = "[private]"
_NO_STRING = "the value of a cell is not a string: build the sentence with core.cells.Sentence"


class Cell(NamedTuple):
    """What came from a cell. It has no string form, so that no f-string can mix it into our own words."""

    content: str

    def __str__(self) -> NoReturn:
        raise TypeError(_NO_STRING)

    def __format__(self, _spec: str) -> NoReturn:
        raise TypeError(_NO_STRING)


@dataclass(frozen=True, init=False)
class Sentence:
    """Our own words and cells in a row."""

    parts: tuple[str | Cell, ...]

    def __init__(self, *parts: str | Cell) -> None:
        object.__setattr__(self, "parts", parts)


Reason: TypeAlias = str | Sentence


def with_value(template: str, value: str) -> Sentence:
    """Returns the sentence with a cell's value in place of the first `{}`, if there is one."""
    before, place, after = template.partition("{}")
    return Sentence(before, Cell(value), after) if place else Sentence(template)


def of_error(error: BaseException | Warning, message: str) -> Sentence:
    """Returns what a library says; its message may quote a cell."""
    return Sentence(f"{type(error).__name__}: ", Cell(message))


def joined(*reasons: Reason) -> Sentence:
    """Returns several sentences as one."""
    return Sentence(*(part for one in reasons for part in ((one,) if isinstance(one, str) else one.parts)))


def written(reason: Reason, *, private: bool) -> str:
    """Returns the text of a sentence; of private data without the values of cells."""
    if isinstance(reason, str):
        return reason
    return "".join(part if isinstance(part, str) else WITHHELD if private else part.content for part in reason.parts)


class UnexpectedError(Exception):
    """Replaces an exception whose message may quote a cell."""


@contextmanager
def unexpected_withheld(*, private: bool, expected: tuple[type[Exception], ...]) -> Iterator[None]:
    """Replaces the message of an exception that is a bug: its report is printed, to be pasted into an issue."""
    try:
        yield
    except expected:
        raise
    except Exception as error:
        if not private:
            raise
        raise UnexpectedError(f"{type(error).__name__}: {WITHHELD}").with_traceback(error.__traceback__) from None
