"""Text of strangers as Markdown, and the few shapes that our pages are made of. Pure; standard library only.

Untrusted text (file names, column names, cell values, messages) only gets into a page through `escape` or `code`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

ZERO_WIDTH = "\u200b"
_ADDRESS = re.compile(r"https?://[\w.:/?=&%~+-]+")


def escape(text: str) -> str:
    """Untrusted text as plain Markdown text: one line, no markup, no HTML, no mention, no link."""
    line = re.sub(r"([\\`*_{}\[\]()#+!|~$:-])", r"\\\1", one_line(text, 500))
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("www.", "www\\.")
    line = re.sub(r"^(\s*[0-9]+)\.(?=\s|$)", r"\1\\.", line)  # at the start of a line it would begin a numbered list
    # GitHub finds mentions and issues in the rendered page, where an escape is gone: they are parted invisibly
    return re.sub(r"([@#])", rf"\1{ZERO_WIDTH}", line)


def code(text: str) -> str:
    """Untrusted text as a code span that also fits into a table cell."""
    return f"`{one_line(text, 200).replace('`', chr(0x2CB)).replace('|', '¦') or ' '}`"


def one_line(text: str, limit: int) -> str:
    """Returns the text in one line of at most `limit` printable characters, with single spaces."""
    shown = printable(" ".join(text.split()))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def printable(text: str) -> str:
    """Returns the text with a replacement mark for every control and direction character, line ends included."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def link(text: str, address: str) -> str:
    """A link whose text is no stranger's; where the address is none, the text alone."""
    return f"[{text}]({address})" if _ADDRESS.fullmatch(address) else text


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. The cells are Markdown already."""
    return "\n".join([_row(heads), "|---" * len(heads) + "|", *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def bullets(items: Iterable[str]) -> str:
    """A list. The items are Markdown already."""
    return "\n".join(f"- {item}" for item in items)


def section(heading: str, *parts: str) -> str:
    """A heading with what stands under it; empty when nothing does."""
    under = [part for part in parts if part]
    return "\n\n".join([f"### {heading}", *under]) if under else ""


def fenced(lines: Sequence[str]) -> str:
    """Text that Markdown shows as it is: no mention, link or HTML in it works."""
    text = "\n".join(lines)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"
