"""Blocks as Markdown. Pure; standard library only.

No text from outside becomes markup, a link or a mention, nor a workflow command where a step prints the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ml_action.core.log import escape_commands
from ml_action.core.markdown import code, escape, fenced, link, printable
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


def render(blocks: Iterable[Block]) -> str:
    """Returns the page; blocks without content are left out."""
    return "\n\n".join(_block(block) for block in blocks if block.content) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {inline(block.content)}"
        case Paragraph():
            return inline(block.content)
        case Labelled():
            return f"**{block.label}:** {inline(block.content)}"
        case Small():
            return f"<sub>{inline(block.content)}</sub>"
        case Marker():
            return f"<!-- {block.content} -->"
        case Task():
            return f"- [{'x' if block.ticked else ' '}] {_block(block.marker)} {inline(block.content)}"
        case _:
            return _rows(block)


def _rows(block: Rows) -> str:
    match block:
        case Bullets():
            return "\n".join(f"- {inline(item)}" for item in block.content)
        case Numbered():
            items = ("<br>".join(map(inline, lines)) for lines in block.content)
            return "\n".join(f"{number}. {item}" for number, item in enumerate(items, 1))
        case Facts():
            return _table((block.head, ""), block.content)
        case Table():
            return _table(block.heads, block.content) + (f"\n\n… and {block.more:,} more" if block.more > 0 else "")
        case Verbatim():
            return fenced([escape_commands(printable(line.expandtabs())) for line in block.content])


def inline(part: Inline) -> str:
    """Returns one line, or one cell, of Markdown."""
    match part:
        case str():
            return part
        case Untrusted():
            return escape(part.content)
        case Code():
            return escape_commands(code(part.content))
        case Strong():
            return f"**{inline(part.content)}**"
        case Link():
            return link(inline(part.content), part.address)
        case Text():
            return "".join(map(inline, part.parts))


def _table(heads: Sequence[Inline], rows: Sequence[Sequence[Inline]]) -> str:
    return "\n".join([_row(heads), "|---" * len(heads) + "|", *map(_row, rows)])


def _row(cells: Sequence[Inline]) -> str:
    return f"| {' | '.join(map(inline, cells))} |"
