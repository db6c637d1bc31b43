"""Whole texts that are kept with the tests: read them to know how the product speaks.

A change of them is meant: `GOLDENS=write make test TESTS=...` writes them again, and the diff is what a reviewer reads.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden_texts"


def assert_golden(name: str, text: str) -> None:
    """Holds the text against the file of this name."""
    path = FOLDER / name
    if os.environ.get("GOLDENS") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
