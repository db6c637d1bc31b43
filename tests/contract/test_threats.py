"""docs/threats.md promises tests by name: each is there, every attack file is on the page, every row has its test."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = ROOT / "tests"
ATTACKS = HERE / "attacks"
PAGE = (ROOT / "docs/threats.md").read_text()
NAMED = re.findall(r"`(test_\w+)`", PAGE)
HELPERS = {  # of attack tests: that the attack is one, that a measurement finds what it looks for, pure decisions
    "test_a_canary_is_found_whole_or_as_its_first_digits",
    "test_a_journal_that_only_grew_is_believed",
    "test_a_journal_that_was_changed_is_not_believed",
    "test_a_pattern_of_the_search_is_a_row_of_the_page",
    "test_every_pattern_is_found_or_measured_by_hand",
    "test_linear_patterns_match_the_same_texts",
    "test_measurement_finds_patterns_that_are_slow",
    "test_no_page_and_no_message_advises_a_pattern_that_covers_nothing",
    "test_rule_of_the_sandbox_is_as_fast_on_any_name_of_a_branch",
    "test_settings_without_feedback_collect_nothing",
    "test_the_scan_would_find_a_token",
    "test_the_usual_names_of_this_machine_are_allowed",
    "test_a_service_for_others_answers_under_every_name_and_learns_under_its_own",
    "test_which_runs_may_write",
    "test_who_may_have_written_the_journal",
    "test_workers_wait_for_each_other_but_not_for_one_that_has_ended",
}


def section(title: str) -> str:
    return re.split(r"(?m)^## ", PAGE.partition(f"## {title}\n")[2])[0]


def rows_of(title: str) -> list[str]:
    """The rows of every table of a section, without its heads."""
    lines = section(title).splitlines()
    return [line for line, before in zip(lines[1:], lines, strict=False) if line.startswith("| ") and before[:1] == "|"]


def named_in(path: Path) -> set[str]:
    return set(re.findall(r"(?m)^(?:async )?def (test_\w+)\(", path.read_text()))


def test_every_test_that_the_page_names_exists() -> None:
    there = set().union(*map(named_in, HERE.rglob("test_*.py")))
    assert [name for name in NAMED if name not in there] == []


def test_every_row_of_the_list_names_its_tests() -> None:
    rows = rows_of("The list")
    assert len(rows) > 100
    assert [row for row in rows if not re.search(r"\| `test_\w+`(, `test_\w+`)* \|$", row)] == []


def test_every_attack_of_the_first_review_has_its_result_and_its_test() -> None:
    rows = rows_of("The first review: T1 to T15")
    assert [row.split("|")[1].strip() for row in rows] == [f"T{number}" for number in range(1, 16)]
    assert [row.split("|")[1].strip() for row in rows if not re.search(r"`test_\w+`", row)] == ["T9"]


def test_every_attack_of_the_second_review_has_its_result_and_its_test() -> None:
    rows = rows_of("The second review")
    assert [row.split("|")[1].strip() for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    assert len(rows) >= 30
    assert [row for row in rows if not re.search(r"\| `test_\w+` \|$", row)] == []


def test_every_file_of_attacks_and_every_attack_in_it_is_on_the_page() -> None:
    files = sorted(ATTACKS.glob("test_*.py"))
    assert len(files) > 12
    assert [path.name for path in files if f"../tests/attacks/{path.name}" not in PAGE] == []
    tests = set().union(*map(named_in, files))
    assert sorted(tests - set(NAMED) - HELPERS) == []
    assert sorted(HELPERS - tests) == []


def test_the_page_is_found_from_those_that_speak_of_security() -> None:
    for page in ("SECURITY.md", "docs/github.md"):
        assert "threats.md" in (ROOT / page).read_text(), page
