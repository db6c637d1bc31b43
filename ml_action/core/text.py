"""Text from datasets and libraries, made fit to stand in a one-line reason."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

_SHOWN = 6


def sanitised(text: object, limit: int = 60) -> str:
    """The text on one line, without control, format or unassigned characters, at most `limit` long.

    Cells and column names are written by strangers: a newline would start a workflow command, an escape
    sequence would paint the terminal, a bidirectional mark would reverse the sentence around it.
    """
    # A first cut bounds the work on a cell of a gigabyte.
    head = " ".join(str(text)[: limit * 8].split())
    kept = "".join(sign for sign in head if not unicodedata.category(sign).startswith("C"))
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def quoted_list(names: Iterable[object]) -> str:
    """The first few names, quoted, and how many more there are."""
    quoted = [f"'{sanitised(name)}'" for name in names]
    more = f" and {len(quoted) - _SHOWN} more" if len(quoted) > _SHOWN else ""
    return ", ".join(quoted[:_SHOWN]) + more


def nearest(name: str, choices: Iterable[object]) -> str:
    """The choice that the name is most likely a slip of; empty when none is near."""
    known = {str(choice).lower(): str(choice) for choice in choices}
    found = difflib.get_close_matches(name.lower()[:200], list(known), n=1, cutoff=0.5)
    return known[found[0]] if found else ""
