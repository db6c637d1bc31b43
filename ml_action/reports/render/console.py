"""Blocks as lines and tables of plain text, for a terminal or a log. Pure; standard library only.

No line holds a control character from outside, and none is a workflow command: a step of a workflow may print them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ml_action.core.log import escape_commands, escaped
from ml_action.core.markdown import one_line, printable
from ml_action.reports.blocks import (
    Block,
    Bullets,
    Code,
    Facts,
    Heading,
    Inline,
    Labelled,
    Link,
    Marker,
    Numbered,
    Paragraph,
    Rows,
    Small,
    Strong,
    Table,
    Task,
    Text,
    Untrusted,
    Verbatim,
)

LONGEST = 2_000  # characters of one text from outside


class TextTable(NamedTuple):
    """A table of plain text: the printer decides how wide its columns are."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def lines(blocks: Iterable[Block]) -> Iterator[str]:
    """Yields the page as lines, the columns of a table aligned."""
    for part in render(blocks):
        yield from _aligned((part.heads, *part.rows)) if isinstance(part, TextTable) else (part,)


def render(blocks: Iterable[Block], *, ascii_only: bool = False) -> Iterator[str | TextTable]:
    """Yields the page as lines, and each table as one item; with `ascii_only` without what is drawn."""
    before: Block | None = None
    for block in blocks:
        if not block.content or (ascii_only and isinstance(block, Verbatim) and block.drawn):
            continue
        if before and _needs_space(block, before):
            yield ""
        yield from _block(block)
        before = block


def _needs_space(block: Block, before: Block) -> bool:
    """Whether an empty line goes before the block."""
    if isinstance(block, Verbatim):
        return not isinstance(before, Heading)
    return isinstance(block, Heading | Facts | Numbered)


def inline(part: Inline) -> str:
    """Returns one line, or one cell, of plain text. An address follows the text that leads to it."""
    return escape_commands(_plain(part))


def _plain(part: Inline) -> str:
    match part:
        case str():
            return part
        case Untrusted():
            return one_line(part.content, LONGEST)
        case Code():
            return one_line(escaped(part.content), LONGEST)
        case Strong():
            return _plain(part.content)
        case Link():
            return f"{_plain(part.content)} {one_line(part.address, LONGEST)}".rstrip()
        case Text():
            return "".join(map(_plain, part.parts))


def _block(block: Block) -> Iterator[str | TextTable]:
    match block:
        case Heading() | Paragraph() | Small():
            yield inline(block.content)
        case Labelled():
            yield f"   {block.label[:1].lower()}{block.label[1:]}: {inline(block.content)}"
        case Marker():
            pass
        case Task():
            yield f"[{'x' if block.ticked else ' '}] {inline(block.content)}"
        case _:
            yield from _rows(block)


def _rows(block: Rows) -> Iterator[str | TextTable]:
    match block:
        case Bullets():
            yield from map(inline, block.content)
        case Numbered():
            yield from _numbered(block)
        case Facts():
            head = ((block.head, ""),) if block.head else ()
            yield from _aligned((*head, *map(_cells, block.content)))
        case Table():
            yield TextTable(_cells(block.heads), tuple(map(_cells, block.content)))
            yield from [f"… and {block.more:,} more"] if block.more > 0 else []
        case Verbatim():
            yield from (escape_commands(printable(line.expandtabs())) for line in block.content)


def _cells(row: Sequence[Inline]) -> tuple[str, ...]:
    return tuple(map(inline, row))


def _numbered(block: Numbered) -> Iterator[str]:
    """Yields the items with their numbers, and the lines of an item below each other."""
    for number, item in enumerate(block.content, 1):
        lead = f"{number}. "
        for line in item:
            yield lead + inline(line)
            lead = " " * len(lead)


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
