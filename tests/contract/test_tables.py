"""Pages that promise a behaviour name the test that holds them to it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def defined() -> set[str]:
    """Every test of the project by its name."""
    sources = (path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    return {name for source in sources for name in re.findall(r"^def (test_\w+)\(", source, re.MULTILINE)}


@pytest.mark.parametrize(("page", "least"), [("accounting", 40), ("lifecycle", 60)])
def test_every_test_that_a_table_names_exists(page, least):
    table = [line for line in (ROOT / f"docs/{page}.md").read_text().splitlines() if line.startswith("| ")]
    named = {name for line in table for name in re.findall(r"`(test_\w+)`", line)}
    assert len(named) > least
    assert named - defined() == set()
