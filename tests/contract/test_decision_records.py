"""Each decision record has the same headings, a number of its own, and a line in the index."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "adr"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_record_has_its_parts_and_is_listed(record):
    text = record.read_text(encoding="utf-8")
    number, title = re.match(r"# (\d+)\. (.+)\n", text).groups()
    assert int(record.name[:4]) == int(number)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences", "Sources"]
    assert re.search(r"^Status: (accepted|replaced by \[\d{4}\])", text, re.MULTILINE)
    assert f"| [{record.name[:4]}]({record.name}) | {title} |" in (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [*RECORDS, FOLDER / "README.md"], ids=lambda path: path.stem)
def test_a_record_refers_to_what_exists(page):
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if not link.startswith("http")]
    modules = re.findall(r"`(ml_action/[\w/]+\.py)`", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
    assert [path for path in modules if not (FOLDER.parents[1] / path).exists()] == []


def test_the_numbers_have_no_gap():
    assert [int(record.name[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))
