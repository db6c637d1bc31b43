"""What a page is made of: frozen records of text without markup, which `render` turns into Markdown, lines or JSON.

A plain `str` in a block is our own words. Text from outside (names of files and columns, values of cells, messages,
and every stored sentence that may quote one) is `Untrusted` or `Code`: every renderer escapes it. A sentence with both
is built from parts, by `text`. Pure; standard library only.

The records are named tuples: a dataclass takes seven times as long to define, and the hourly check loads these.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn, TypeAlias, cast

_FIELD = re.compile(r"\{(\w*)(?::([^{}]*))?\}|(\{\{|\}\})")  # of a template: its name and format; or an escaped brace
_NO_STRING = "text from outside is not a string: build the line with reports.blocks.text"

# --- parts of a line --------------------------------------------------------------------------------------------


class Untrusted(NamedTuple):
    """Text from outside. It has no string form, so that no f-string and no `format` can mix it into our own words."""

    content: str

    def __str__(self) -> NoReturn:
        raise TypeError(_NO_STRING)

    def __format__(self, _spec: str) -> NoReturn:
        raise TypeError(_NO_STRING)


class Code(NamedTuple):
    """A name, a path, a digest or a value, shown character by character. As untrusted as `Untrusted`."""

    content: str

    def __str__(self) -> NoReturn:
        raise TypeError(_NO_STRING)

    def __format__(self, _spec: str) -> NoReturn:
        raise TypeError(_NO_STRING)


class Strong(NamedTuple):
    """Emphasised text."""

    content: Inline


class Link(NamedTuple):
    """Text that leads to an address. An address that is not one, or that could leave its link, is left out."""

    content: Inline
    address: str


class Text(NamedTuple):
    """Parts in a row."""

    parts: tuple[Inline, ...]


Inline: TypeAlias = str | Untrusted | Code | Strong | Link | Text


def text(template: str, *parts: Inline | float, **named: Inline | float) -> Text:
    """A line from a template and its parts, like `str.format`: `text("{} of {:,} rows", Untrusted(name), 2000)`.

    Our own strings and numbers are formatted; every other part stays what it is.
    """
    found: list[Inline] = []
    following, start = iter(parts), 0
    for field in _FIELD.finditer(template):
        found.append(template[start : field.start()])
        start = field.end()
        name, spec, brace = field.groups()
        part = brace[0] if brace else named[name] if name else next(following)
        found.append(format(part, spec or "") if isinstance(part, str | int | float) else part)
    found.append(template[start:])
    return Text(tuple(part for part in found if part != ""))


def joined(separator: str, parts: tuple[Inline, ...]) -> Text:
    """Returns the parts with a separator, our own words, between them."""
    between: list[Inline] = []
    for part in parts:
        between += [separator, part] if between else [part]
    return Text(tuple(between))


# --- blocks -----------------------------------------------------------------------------------------------------


class Heading(NamedTuple):
    """The title of a page (level 1 or 2) or of a section (level 3)."""

    content: Inline
    level: int = 3


class Paragraph(NamedTuple):
    """One line of text."""

    content: Inline


class Labelled(NamedTuple):
    """One line of text after a few words that name it, such as `Next`."""

    label: str
    content: Inline


class Small(NamedTuple):
    """A line in small print."""

    content: Inline


class Bullets(NamedTuple):
    """A list without an order."""

    content: tuple[Inline, ...]


class Numbered(NamedTuple):
    """A list whose items have numbers and consist of one line or several."""

    content: tuple[tuple[Inline, ...], ...]


class Fact(NamedTuple):
    """A name with its value."""

    name: Inline
    value: Inline


class Facts(NamedTuple):
    """Names with their values. `head` says what the names are, where that is not plain."""

    content: tuple[tuple[Inline, Inline], ...]
    head: str = ""


class Table(NamedTuple):
    """Rows of cells under their heads; `more` rows were left out."""

    heads: tuple[Inline, ...]
    content: tuple[tuple[Inline, ...], ...]
    more: int = 0


class Verbatim(NamedTuple):
    """Lines whose spaces matter, from outside or drawn by us. What is `drawn` needs more than ASCII."""

    content: tuple[str, ...]
    drawn: bool = False


class Marker(NamedTuple):
    """Text that a program finds again and no reader sees. It is ours."""

    content: str


class Task(NamedTuple):
    """A box to tick, with a marker by which it is found."""

    content: Inline
    marker: Marker
    ticked: bool


Rows: TypeAlias = Bullets | Numbered | Facts | Table | Verbatim
Block: TypeAlias = Heading | Paragraph | Labelled | Small | Marker | Task | Rows
Blocks: TypeAlias = tuple[Block, ...]


def section(heading: Inline, *under: Block) -> Blocks:
    """A heading with the blocks that are not empty; nothing where all of them are."""
    found = tuple(block for block in under if block.content)
    return (Heading(heading), *found) if found else ()


def redacted(blocks: Blocks, redact: Callable[[str], str]) -> Blocks:
    """Returns the same blocks with `redact` applied to every text: once escaped, a secret would no longer be found."""
    return cast(Blocks, _redacted(blocks, redact))


def _redacted(part: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(part, str):
        return redact(part)
    if not isinstance(part, tuple):
        return part
    parts = [_redacted(item, redact) for item in part]
    return type(part)(*parts) if hasattr(part, "_fields") else tuple(parts)
