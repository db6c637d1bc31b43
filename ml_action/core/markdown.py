"""Text from outside as Markdown that means nothing. Pure; standard library only.

Pages do not call this: they are built from `reports.blocks`, and the renderer escapes what is marked there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

ZERO_WIDTH = "\u200b"
_REFERENCE = re.compile(r"([@#]|\b[Gg][Hh](?=\\-[0-9]))")  # @name, #12, and GH-12, whose hyphen is escaped already
_ADDRESS = re.compile(r"https?://[\w.:/?=&%~+-]+")


def escape(text: str) -> str:
    """Returns the text as plain Markdown text: one line, without markup, HTML, mentions or links."""
    line = re.sub(r"([\\`*_{}\[\]()#+!|~$:-])", r"\\\1", one_line(text, 500))
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("www.", "www\\.")
    line = re.sub(r"^(\s*[0-9]+)\.(?=\s|$)", r"\1\\.", line)  # at the start of a line it would begin a numbered list
    # GitHub finds mentions and issues in the rendered page, where an escape is gone: an invisible space breaks them
    return _REFERENCE.sub(rf"\1{ZERO_WIDTH}", line)


def code(text: str) -> str:
    """Returns the text as a code span that also fits into a table cell."""
    return f"`{one_line(text, 200).replace('`', chr(0x2CB)).replace('|', '¦') or ' '}`"


def one_line(text: str, limit: int) -> str:
    """Returns the text in one line of at most `limit` printable characters, with single spaces."""
    shown = printable(" ".join(text.split()))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def printable(text: str) -> str:
    """Returns the text with a replacement mark for every control and direction character, line ends included."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def link(text: str, address: str) -> str:
    """Returns a link, or the text alone if the address is not one. The text is Markdown already."""
    return f"[{text}]({address})" if _ADDRESS.fullmatch(address) else text


def fenced(lines: Sequence[str]) -> str:
    """Returns the lines in a code block, where no mention, link or HTML works."""
    text = "\n".join(lines)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"
