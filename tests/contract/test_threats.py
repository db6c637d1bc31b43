"""docs/threats.md promises tests by name: every one of them is there, and every attack scenario is in the list."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = ROOT / "tests"
PAGE = (ROOT / "docs/threats.md").read_text()
NAMED = re.findall(r"`(test_\w+)`", PAGE)
ROWS = [line for line in PAGE.partition("## The list")[2].splitlines() if line.startswith("| ")][1:]


def named_in(path: Path) -> set[str]:
    return set(re.findall(r"(?m)^def (test_\w+)\(", path.read_text()))


def test_every_test_that_the_page_names_exists() -> None:
    there = set().union(*map(named_in, HERE.rglob("test_*.py")))
    assert [name for name in NAMED if name not in there] == []
    assert len(ROWS) > 40
    assert all(re.search(r"\| `test_\w+`(, `test_\w+`)* \|$", row) for row in ROWS)


def test_every_attack_scenario_is_on_the_page() -> None:
    scenarios = named_in(HERE / "scenarios/test_attacks.py")
    assert sorted(scenarios - set(NAMED) - {"test_the_scan_would_find_a_token"}) == []


def test_the_page_is_found_from_those_that_speak_of_security() -> None:
    for page in ("SECURITY.md", "docs/github.md"):
        assert "threats.md" in (ROOT / page).read_text(), page
