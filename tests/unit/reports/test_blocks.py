"""Blocks, and what the renderers make of them."""

from __future__ import annotations

import pytest

from ml_action.reports.blocks import (
    Blocks,
    Bullets,
    Code,
    Facts,
    Heading,
    Labelled,
    Link,
    Marker,
    Numbered,
    Paragraph,
    Small,
    Strong,
    Table,
    Task,
    Text,
    Untrusted,
    Verbatim,
    joined,
    redacted,
    section,
    text,
)
from ml_action.reports.render import console, markdown
from tests.unit.reports.test_untrusted import every_block

# --- text and blocks --------------------------------------------------------------------------------------------


def test_text_formats_strings_and_numbers_and_keeps_other_parts():
    assert text("{} of {:,} rows, {gain:.1f} {{x}}", Untrusted("a"), 2000, gain=0.25) == Text(
        (Untrusted("a"), " of ", "2,000", " rows, ", "0.2", " ", "{", "x", "}")
    )
    assert text("{}{}", Strong("a"), "b") == Text((Strong("a"), "b"))


@pytest.mark.parametrize("part", [Untrusted("x"), Code("x")])
def test_text_from_outside_has_no_string_form(part):
    for mix in (str, format, "{}".format, ", ".join):
        with pytest.raises(TypeError):
            mix([part] if mix == ", ".join else part)
    with pytest.raises(TypeError, match="text from outside is not a string"):
        f"{part}"


def test_joined_parts_have_the_separator_between_them():
    assert joined(", ", (Code("a"), "b", Untrusted("c"))) == Text((Code("a"), ", ", "b", ", ", Untrusted("c")))
    assert joined(", ", ()) == Text(())


def test_section_leaves_out_what_is_empty():
    assert section("Notes", Bullets(())) == ()
    assert section("Notes", Bullets(()), Paragraph("x")) == (Heading("Notes"), Paragraph("x"))


def test_redaction_reaches_every_text_of_every_block():
    page = tuple(every_block("secret"))
    hidden = redacted(page, lambda content: content.replace("secret", "***"))
    assert "secret" in repr(page)
    assert "secret" not in repr(hidden)
    assert [type(block) for block in hidden] == [type(block) for block in page]


def test_pages_without_content_are_empty():
    page = (Bullets(()), Paragraph(""), Table(("a",), ()), Facts(()), Verbatim(()), Numbered(()))
    assert markdown.render(page) == "\n"
    assert list(console.lines(page)) == []


# --- rendering --------------------------------------------------------------------------------------------------

PAGE: Blocks = (
    Heading(text("a {}", Untrusted("b_c")), level=2),
    Labelled("Next", Untrusted("go_on")),
    Facts((("name", Code("a_b")), ("link", Link("run", "https://x.example/1")))),
    *section("Part", Paragraph(text("{} x", Strong("s"))), Table(("h", "i"), (("1", Untrusted("<")),), more=1200)),
    Bullets(("one", Untrusted("*two*"))),
    Numbered((("first:", "line"), ("second",))),
    Verbatim(("│ ▁", "x"), drawn=True),
    Small("small"),
    Task("box", Marker("m"), ticked=True),
)  # fmt: skip


def test_page_as_markdown():
    assert markdown.render(PAGE) == (
        "## a b\\_c\n\n**Next:** go\\_on\n\n|  |  |\n|---|---|\n| name | `a_b` |\n| link | [run](https://x.example/1) |"
        "\n\n### Part\n\n**s** x\n\n| h | i |\n|---|---|\n| 1 | &lt; |\n\n… and 1,200 more\n\n- one\n- \\*two\\*\n\n"
        "1. first:<br>line\n2. second\n\n```text\n│ ▁\nx\n```\n\n<sub>small</sub>\n\n- [x] <!-- m --> box\n"
    )


def test_page_as_lines():
    assert list(console.lines(PAGE)) == [
        "a b_c", "   next: go_on", "", "name  a_b", "link  run https://x.example/1", "", "Part", "s x", "h  i", "1  <",
        "… and 1,200 more", "one", "*two*", "", "1. first:", "   line", "2. second", "", "│ ▁", "x", "small", "[x] box",
    ]  # fmt: skip


def test_terminal_of_ascii_gets_no_drawing():
    assert list(console.render([Verbatim(("▁",), drawn=True), Verbatim(("a",))], ascii_only=True)) == ["a"]
