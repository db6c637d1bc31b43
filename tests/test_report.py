import html
import re

import pytest
from factories import make_attempt, make_comparison, make_outcome, make_trial, make_version
from hypothesis import given
from hypothesis import strategies as st

from ml_action import report
from ml_action.decision import Policy, decide
from ml_action.records import Check, Decision, Outcome, SetAside, Verdict

DECISION = decide(make_comparison(), Policy(0.95, 0.005))
HOSTILE = (
    "<img src=x onerror=alert(1)> @octocat fixes #12 [link](https://evil.example) ![x](y) | cell | `code` **bold** "
    "::error::pwned ##[warning]x <!-- comment --> &lt; www.evil.example http://evil.example\n# heading\n- item\r\n"
    "| a |\n"
    "\u202egnp.exe\x1b[31m\0 \udcff ~~s~~ $x$ mail@evil.example \\"
)
any_text = st.text(st.characters()) | st.text("<>&@#|`*_[]()!~$:-\\ \n\r\twx.a1/", max_size=40)


def raw(text):
    """Markdown text with its escapes taken out: what is left could mean something."""
    return re.sub(r"\\[!-/:-@\[-`{-~]", "", text)


@given(any_text)
def test_nothing_that_was_escaped_is_markup(text):
    shown = report.escape(text)
    left = raw(shown)
    assert shown.splitlines() in ([shown], [])
    assert not set(left) & set("<>|`*_[]()!~$:{}+\\")
    assert not re.search(r"&(?!amp;|lt;|gt;)", left)
    assert not re.search(r"[@#](?!\u200b)", shown)
    assert "www." not in shown
    assert all(character.isprintable() or character in "\u200b\ufffd" for character in shown)


@given(any_text)
def test_what_was_escaped_reads_as_it_was(text):
    shown = html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", report.escape(text))).replace("\u200b", "")
    printable = "".join(character if character.isprintable() else "\ufffd" for character in " ".join(text.split()))
    assert shown == (printable if len(printable) <= 500 else printable[:499] + "…")


@given(any_text)
def test_a_code_span_is_one_span_in_one_cell(text):
    span = report.code(text)
    assert span.startswith("`")
    assert span.endswith("`")
    assert len(span) >= 3
    assert not set(span[1:-1]) & set("`|\n\r\x0b\x0c\u2028\u2029\x85")
    assert all(character.isprintable() for character in span)


def test_long_text_is_cut():
    assert report.escape("x" * 1000) == "x" * 499 + "…"
    assert report.code("x" * 1000) == "`" + "x" * 199 + "…`"


def test_examples_of_escaping():
    assert report.escape("a@b.c") == "a@\u200bb.c"
    assert report.escape("R&D <3") == "R&amp;D &lt;3"
    assert report.escape("1.5 | 2") == r"1.5 \| 2"
    assert report.code("a|`b`") == "`a¦\u02cbb\u02cb`"
    assert report.code("") == report.code(" \n") == "` `"


def every_page():
    """Every page, with hostile text wherever a stranger's text can get in."""
    aside = (SetAside(f"data/{HOSTILE}.csv", "1", HOSTILE, 3),)
    decision = Decision(Verdict.INCOMPARABLE, HOSTILE, (Check("finite", False, HOSTILE),))
    trial = make_trial(notes=(HOSTILE,), comparison=make_comparison(challenger={"r2": 0.1, HOSTILE: 0.2}))
    attempt = make_attempt(reason=HOSTILE)
    version = make_version(target=HOSTILE, features=(HOSTILE, "a"), estimator=HOSTILE, params={HOSTILE: HOSTILE})
    outcome = make_outcome(
        reason=HOSTILE, next_step=HOSTILE, decision=decision, trial=trial, attempt=attempt, set_aside=aside,
        notes=(HOSTILE,),
    )  # fmt: skip
    return {
        "summary": report.summary(outcome),
        "pull request": report.pull_request_body(version, attempt, trial, decision, aside),
        "model card": report.model_card(version, attempt, trial, decision),
    }


@pytest.mark.parametrize("page", ["summary", "pull request", "model card"])
def test_hostile_text_stays_text_on_every_page(page):
    text = every_page()[page]
    outside = re.sub(r"`[^`\n]*`", "", text)  # GitHub finds nothing inside code spans
    left = raw(outside)
    assert "<" not in left
    assert not re.search(r"@\w", outside)
    assert not re.search(r"#\d", outside.replace("[#7]", ""))
    assert "evil.example)" not in left
    assert "](" not in left.replace("[#7](", "").replace("](https://github.com/o/r/", "")
    assert "**bold**" not in left
    assert "www." not in outside
    for line in text.splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in re.sub(r"`[^`\n]*`", "", line)
        assert all(character.isprintable() or character == "\u200b" for character in line)


@pytest.mark.parametrize("page", ["summary", "pull request", "model card"])
def test_every_row_of_every_table_has_as_many_cells_as_its_head(page):
    width = 0
    rows = 0
    for line in every_page()[page].splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        cells = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line))
        width = width or cells
        rows += 1
        assert cells == width, line
    assert rows > 5


def test_the_summary_begins_with_the_verdict_and_what_happens_next():
    lines = report.summary(make_outcome()).splitlines()
    assert lines[0] == "## 🚀 promote: better by far"
    assert lines[2] == "**Next:** a person reviews"


def test_the_summary_tells_what_was_found():
    text = report.summary(make_outcome())
    for row in (
        "| new datasets | 220 of 200, 200 of them sound |",
        "| not counted | 3 renamed or copied, 1 set aside, 2 removed |",
        f"| data tree | `{'1' * 40}` |",
        "| champion | `v1` of 2026-03-01 |",
        "| pull request | [#7](https://github.com/o/r/pull/7), enabled |",
        "| metric | champion v1 | challenger v2 | dummy |",
        "| `r2` (decides) | 0.8000 | 0.8500 | 0.0000 |",
        "- sign-flip test over 100 datasets (1,500 rows): p 0.0001",
        "- r2: +0.0500, interval [+0.0300, +0.0700] at 95 % confidence",
    ):
        assert row in text


def test_a_run_that_came_nowhere_has_a_summary_all_the_same():
    text = report.summary(Outcome(Verdict.FAILED, "git refused", "try again"))
    assert text.startswith("## ❌ failed: git refused\n\n**Next:** try again\n")


def test_without_a_champion_there_is_no_column_for_it():
    table = report.scores_table(make_comparison(champion={}), "", "v1")
    assert table.splitlines()[0] == "| metric | challenger v1 | dummy |"


def test_a_metric_that_is_missing_on_one_side_is_a_dash():
    table = report.scores_table(make_comparison(challenger={"r2": 0.5, "mse": 12345.678}), "v1", "v2")
    assert "| `mse` | 40.0000 | 12,345.7 | 200.0000 |" in table
    assert "–" in report.scores_table(make_comparison(champion={"r2": 0.1}), "v1", "v2")


def test_only_the_first_fifty_set_aside_datasets_are_listed():
    table = report.set_aside_table([SetAside(f"{n}.csv", str(n), "empty") for n in range(60)])
    assert table.count("| `") == 50
    assert table.endswith("… and 10 more")


def test_notes_of_run_and_publication_are_listed():
    from ml_action.records import Publication

    text = report.summary(make_outcome(notes=("first",), publication=Publication(notes=("second",))))
    assert "### Notes\n\n- first\n- second" in text


def test_the_pull_request_tells_what_is_in_it():
    set_aside = (SetAside("bad.csv", "1", "empty"),)
    text = report.pull_request_body(make_version(), make_attempt(), make_trial(notes=("note",)), DECISION, set_aside)
    assert text.startswith("**v1** is better by 25.0 %")
    assert "| trained on | 180 datasets, 2,700 rows |" in text
    assert "| never trained on | 40 datasets |" in text
    assert "`sklearn.linear_model.Ridge` `{'alpha': 0.5}`" in text
    assert "](https://github.com/o/r/actions/runs/1) |" in text
    assert "### Quarantine: 1 dataset set aside" in text
    assert "- note" in text
    assert text.count("✅") == 7


def test_the_pull_request_of_a_run_on_a_laptop_links_to_no_run():
    text = report.pull_request_body(make_version(params={}), make_attempt(run_url=""), make_trial(), DECISION, ())
    assert "| attempt | `20260301T120000Z-abcdef12` |" in text
    assert "Set aside" not in text


def test_the_model_card_tells_scores_contents_and_limits():
    text = report.model_card(make_version(), make_attempt(), make_trial(), DECISION)
    assert text.startswith("# v2: `score` from 2 columns\n")
    for heading in ("## Scores on unseen rows", "## Contents", "## Limits"):
        assert heading in text


def test_the_commit_message_ends_with_trailers():
    message = report.commit_message(make_version(), DECISION)
    subject, _, rest = message.partition("\n\n")
    assert subject == "Promote model v1"
    assert rest.splitlines()[-3:] == [
        f"Fingerprint: {'f' * 64}", "Attempt: 20260301T120000Z-abc", f"Model-SHA256: {'a' * 64}",
    ]  # fmt: skip
