"""Our section of a pull request's body, and the fingerprint that finds the same work again."""

import math
import string

from hypothesis import given
from hypothesis import strategies as st

from ml_action.core.markdown import fenced
from ml_action.promotion.pull_request_text import (
    fingerprint_in,
    is_our_title,
    merge_body,
    title,
    wrap_body,
)

LIMIT = 65_536
OURS = wrap_body("## Report\n\nBetter.", "abc123", "Promote students v2")


def titled(*arguments, **keywords):
    return title(*arguments, **keywords, limit=256)


def merged(existing, ours):
    return merge_body(existing, ours, LIMIT)


def test_the_title_names_the_version_and_what_it_saves():
    assert titled("students", "v2", 0.0619, champion="v1") == "Promote students v2: 6.2% less error than v1"
    assert titled("students", "v1", 0.4).endswith("40.0% less error than the dummy baseline")
    assert titled("students", "v2", -0.031, champion="v1", verb="Promote (forced)") == (
        "Promote (forced) students v2: 3.1% more error than v1"
    )
    assert titled("students", "v2", math.nan, verb="Review") == "Review students v2"


def test_a_title_is_one_line_and_not_longer_than_github_takes():
    assert len(titled("x" * 300, "v2", 0.1)) == 256
    assert "\n" not in titled("a\nb", "v2", 0.1)


# --- our section ----------------------------------------------------------------------------------------


def test_section_stores_its_fingerprint_and_title():
    assert fingerprint_in(OURS) == "abc123"
    assert is_our_title("Promote students v2", OURS)
    assert not is_our_title("please wait!", OURS)


def test_body_without_our_section_has_no_fingerprint():
    assert fingerprint_in("hello") == ""
    assert not is_our_title("anything", "hello")


def test_report_with_our_marks_cannot_forge_a_section():
    forged = wrap_body(f"before\n{wrap_body('x', 'f' * 64, 't')}\nafter", "abc123", "t")
    assert fingerprint_in(forged) == "abc123"
    assert forged.count("<!--") == 2
    assert merged(forged, OURS) == OURS


def test_an_empty_body_becomes_our_section():
    assert merged("", OURS) == OURS
    assert merged(" \r\n", OURS) == OURS


def test_text_around_our_section_is_kept():
    before, after = "Please look at row 7.\n\n", "\n\n- [ ] checked"
    newer = wrap_body("newer", "def456", "t")
    assert merged(before + OURS + after, newer) == before + newer + after


def test_removed_section_is_appended():
    assert merged("only mine\n", OURS) == f"only mine\n\n{OURS}"


def test_section_without_end_is_replaced_at_its_beginning():
    begun = OURS.split("\n")[0]
    assert merged(f"{begun}\nmine", OURS) == f"{OURS}\nmine"


def test_body_saved_in_the_browser_is_the_same_body():
    assert merged(OURS.replace("\n", "\r\n"), OURS) == OURS


def test_a_long_report_is_cut_with_a_note_and_keeps_its_marks():
    long = wrap_body("\n".join(f"| row {n} | 1.0 |" for n in range(10_000)), "abc123", "t")
    cut = merged("mine\n\n", long)
    assert LIMIT - 100 < len(cut) <= LIMIT
    assert "The report was cut here" in cut
    assert cut.endswith("<!-- /ml-auto-update -->")
    assert merged(cut, OURS) == f"mine\n\n{OURS}"


def test_a_report_that_is_cut_inside_a_code_block_closes_the_block():
    long = wrap_body("intro\n```text\n" + "row\n" * 30_000 + "```\n", "abc123", "t")
    cut = merged("", long)
    assert cut.count("```") == 2
    assert len(cut) <= LIMIT


body_text = st.text(alphabet=string.printable + "`<>-!é🎓", max_size=300)


@given(existing=body_text, report=body_text, newer=body_text)
def test_merging_is_idempotent(existing, report, newer):
    ours = wrap_body(report, "a1", "t")
    once = merged(existing, ours)
    assert merged(once, ours) == once
    again = wrap_body(newer, "b2", "t")
    assert merged(merged(once, again), ours) == once
    assert fingerprint_in(once) == "a1"


# --- text that is not ours ------------------------------------------------------------------------------


def test_fenced_text_cannot_leave_its_fence():
    shown = fenced(["@everyone <img src=x>", "```", "````"])
    fence = shown.splitlines()[0].removesuffix("text")
    assert fence == "`````"
    assert shown.endswith(f"\n{fence}")
