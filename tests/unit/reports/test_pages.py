import html
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_action.core.markdown import code, escape, link
from ml_action.core.records.choices import Verdict
from ml_action.core.records.contract import ColumnDrift
from ml_action.core.records.dataset import RejectedDataset
from ml_action.core.records.evaluation import Check, Decision, GuardrailResult, Screening, SliceResult
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.policy import Guardrail, Policy
from ml_action.core.records.promotion import Publication
from ml_action.loop.gate import decide, forced
from ml_action.reports import commit_messages, pages
from ml_action.reports.render.markdown import render
from ml_action.reports.sections import data, gate
from ml_action.reports.sections.comparison import scores_table
from ml_action.reports.summary import summary
from tests.support.factories import (
    make_attempt,
    make_comparison,
    make_evidence,
    make_outcome,
    make_screening,
    make_trial,
    make_version,
)
from tests.support.goldens import assert_golden

DECISION = decide(make_comparison(), Policy(0.95, 0.005))
HOSTILE = (
    "<img src=x onerror=alert(1)> @octocat fixes #12 [link](https://evil.example) ![x](y) | cell | `code` **bold** "
    "::error::pwned ##[warning]x <!-- comment --> &lt; www.evil.example http://evil.example\n# heading\n- item\r\n"
    "| a |\n"
    "\u202egnp.exe\x1b[31m\0 \udcff ~~s~~ $x$ mail@evil.example \\"
)
GAINS = tuple((place - 14) / 100 for place in range(41))
any_text = st.text(st.characters()) | st.text("<>&@#|`*_[]()!~$:-\\ \n\r\twx.a1/", max_size=40)


def raw(text):
    """Markdown text with its escapes taken out: what is left could mean something."""
    return re.sub(r"\\[!-/:-@\[-`{-~]", "", text)


@given(any_text)
def test_escaped_text_is_no_markup(text):
    shown = escape(text)
    left = raw(shown)
    assert shown.splitlines() in ([shown], [])
    assert not set(left) & set("<>|`*_[]()!~$:{}+\\")
    assert not re.search(r"&(?!amp;|lt;|gt;)", left)
    assert not re.search(r"[@#](?!\u200b)", shown)
    assert "www." not in shown
    assert all(character.isprintable() or character in "\u200b\ufffd" for character in shown)


@given(any_text)
def test_escaped_text_reads_unchanged(text):
    shown = html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escape(text))).replace("\u200b", "")
    printable = "".join(character if character.isprintable() else "\ufffd" for character in " ".join(text.split()))
    assert shown == (printable if len(printable) <= 500 else printable[:499] + "…")


@given(any_text)
def test_code_span_is_one_span_in_one_cell(text):
    span = code(text)
    assert span.startswith("`")
    assert span.endswith("`")
    assert len(span) >= 3
    assert not set(span[1:-1]) & set("`|\n\r\x0b\x0c\u2028\u2029\x85")
    assert all(character.isprintable() for character in span)


def test_long_text_is_cut():
    assert escape("x" * 1000) == "x" * 499 + "…"
    assert code("x" * 1000) == "`" + "x" * 199 + "…`"


def test_examples_of_escaping():
    assert escape("a@b.c") == "a@\u200bb.c"
    assert escape("R&D <3") == "R&amp;D &lt;3"
    assert escape("1.5 | 2") == r"1.5 \| 2"
    assert code("a|`b`") == "`a¦\u02cbb\u02cb`"
    assert code("") == code(" \n") == "` `"


def every_page():
    """Every page, with hostile text wherever text from outside can get in."""
    aside = (RejectedDataset(f"data/{HOSTILE}.csv", "1", HOSTILE, 3),)
    suspects = (RejectedDataset(f"data/{HOSTILE}!.csv", "2", HOSTILE, 0),)
    checks = (Check("finite", False, HOSTILE), Check(f"slice {HOSTILE} = {HOSTILE}", False, HOSTILE))
    decision = Decision(Verdict.INCOMPARABLE, HOSTILE, checks, HOSTILE)
    rail = GuardrailResult(HOSTILE, 0.02, -9.0, -12.0, -0.3, 0.9)
    comparison = make_comparison(
        challenger={"r2": 0.1, HOSTILE: 0.2}, slices=(SliceResult(HOSTILE, HOSTILE, 30, -0.08,
        True),), guardrails=(rail,),
        gains=GAINS, unit=HOSTILE,
    )  # fmt: skip
    screening = Screening(judged=9, suspicious=1, suspects=suspects, found=(HOSTILE,), moved=(HOSTILE,))
    trial = make_trial(notes=(HOSTILE,), comparison=comparison, screening=screening)
    attempt = make_attempt(reason=HOSTILE, run_url=f"https://github.com/o/r/{HOSTILE}", id=HOSTILE)
    by_force = replace(attempt, forced=HOSTILE)
    overruled = forced(decision, HOSTILE)
    version = make_version(target=HOSTILE, features=(HOSTILE, "a"), estimator=HOSTILE, params={HOSTILE: HOSTILE})
    outcome = make_outcome(
        reason=HOSTILE, next_step=HOSTILE + "!", decision=decision, trial=trial, attempt=attempt, set_aside=aside,
        notes=(HOSTILE,),
    )  # fmt: skip
    return {
        "summary": render(summary(outcome)),
        "summary of what was forced": render(summary(replace(outcome, attempt=by_force, decision=overruled))),
        "pull request": render(pages.pull_request(version, attempt, trial, decision, aside)),
        "forced pull request": render(pages.pull_request(version, by_force, trial, overruled, aside)),
        "draft": render(pages.pull_request(version, replace(attempt, draft=True), trial, decision, aside)),
        "model card": render(pages.model_card(version, attempt, trial, decision)),
        "forced model card": render(pages.model_card(version, by_force, trial, overruled)),
    }


PAGES = list(every_page())


@pytest.mark.parametrize("page", PAGES)
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


@pytest.mark.parametrize("page", PAGES)
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


def test_summary_begins_with_the_verdict_and_the_next_step():
    lines = render(summary(make_outcome())).splitlines()
    assert lines[0] == "## 🚀 promote: better by far"
    assert lines[2] == "**Next:** a person reviews"


def test_summary_lists_what_was_found():
    text = render(summary(make_outcome()))
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


def test_failed_run_has_a_summary():
    text = render(summary(Outcome(Verdict.FAILED, "git refused", "try again")))
    assert text.startswith("## ❌ failed: git refused\n\n**Next:** try again\n")


def test_scores_without_a_champion_have_no_column_for_it():
    table = render([scores_table(make_comparison(champion={}), "", "v1")])
    assert table.splitlines()[0] == "| metric | challenger v1 | dummy |"


def test_missing_metric_is_a_dash():
    table = render([scores_table(make_comparison(challenger={"r2": 0.5, "mse": 12345.678}), "v1", "v2")])
    assert "| `mse` | 40.0000 | 12,345.7 | 200.0000 |" in table
    assert "–" in render([scores_table(make_comparison(champion={"r2": 0.1}), "v1", "v2")])


def test_only_the_first_fifty_rejected_datasets_are_listed():
    table = render([data.rejected_table([RejectedDataset(f"{n}.csv", str(n), "empty") for n in range(60)])])
    assert table.count("| `") == 50
    assert table.endswith("… and 10 more\n")


def test_notes_of_run_and_publication_are_listed():
    text = render(summary(make_outcome(notes=("first",), publication=Publication(notes=("second",)))))
    assert "### Notes\n\n- first\n- second" in text


def test_pull_request_lists_its_contents():
    set_aside = (RejectedDataset("bad.csv", "1", "empty"),)
    text = render(pages.pull_request(make_version(), make_attempt(), make_trial(notes=("note",)), DECISION, set_aside))
    assert text.startswith("**v1** is better by 25.0 %")
    assert "| trained on | 180 datasets, 2,700 rows |" in text
    assert "| never trained on | 40 datasets |" in text
    assert "`sklearn.linear_model.Ridge` `{'alpha': 0.5}`" in text
    assert "](https://github.com/o/r/actions/runs/1) |" in text
    assert "### Quarantine: 1 dataset set aside" in text
    assert "- note" in text
    assert text.count("✅") == 7


def test_pull_request_of_a_local_run_links_to_no_run():
    text = render(pages.pull_request(make_version(params={}), make_attempt(run_url=""), make_trial(), DECISION, ()))
    assert "| attempt | `20260301T120000Z-abcdef12` |" in text
    assert "Set aside" not in text


def test_model_card_has_scores_contents_and_limits():
    text = render(pages.model_card(make_version(), make_attempt(), make_trial(), DECISION))
    assert text.startswith("# v2: `score` from 2 columns\n")
    for heading in ("## Scores on unseen rows", "## Contents", "## Limits"):
        assert heading in text


def test_commit_message_ends_with_trailers():
    message = commit_messages.of_promotion(make_version(), make_attempt(), DECISION)
    subject, _, rest = message.partition("\n\n")
    assert subject == "Promote model v1"
    assert rest.splitlines()[-3:] == [
        f"Fingerprint: {'f' * 64}", "Attempt: 20260301T120000Z-abc", f"Model-SHA256: {'a' * 64}",
    ]  # fmt: skip


# --- the evidence -------------------------------------------------------------------------------------------


POLICY = Policy(slices=("school",), guardrails=(Guardrail("neg_mean_absolute_error", 0.01),))


def shown(comparison=None, screening=None, policy=POLICY, **changes):
    """What is written of an attempt: its outcome, and the proposal's parts."""
    trial = make_trial(comparison=comparison or make_evidence(), screening=screening or make_screening())
    decision = decide(trial.comparison, policy, trial.screening)
    attempt = make_attempt(
        verdict=decision.verdict, reason=decision.reason, decision=decision, comparison=trial.comparison,
        screening=trial.screening, policy=policy, **changes,
    )  # fmt: skip
    return trial, decision, attempt


def test_whole_summary():
    trial, decision, attempt = shown()
    aside = (*trial.screening.suspects, RejectedDataset("data/new_data/batch-07-200.csv", "9" * 40, "is empty"))
    outcome = make_outcome(
        verdict=decision.verdict, reason=decision.reason, trial=trial, decision=decision, attempt=attempt,
        set_aside=aside, notes=("trained early: 'sleep_hours' drifted",),
        shifts=(ColumnDrift("sleep_hours", 0.31, 0.28, True), ColumnDrift("attendance", 0.06, 0.01, False)),
        next_step="pull request #7 is open: GitHub merges it when its requirements are met",
    )  # fmt: skip
    assert_golden("summary.md", render(summary(outcome)))


@pytest.mark.parametrize("page", ["summary", "pull request", "model card", "explanation"])
def test_every_page_has_the_picture_the_parts_and_the_suspicious_ones(page):
    trial, decision, attempt = shown()
    text = {
        "summary": render(summary(make_outcome(trial=trial, decision=decision, attempt=attempt))),
        "pull request": render(pages.pull_request(make_version(), attempt, trial, decision, trial.screening.suspects)),
        "model card": render(pages.model_card(make_version(), attempt, trial, decision)),
        "explanation": render(pages.explanation(attempt, None)),
    }[page]
    assert "```text\ngain of each dataset, sorted (share of the champion's error)\n" in text
    assert "┊ asked for: 0.5 %\n```\n" in text
    assert "### Slices\n\n| column | value | datasets | gain |  |" in text
    assert "| `school` | `online` | 41 | 1.8 % |  |" in text
    assert "### Guardrails\n\n" in text
    assert "| `mean_absolute_error` | 5.2140 | 5.0210 | 3.7 % | 1.0 % | 0.0003 | kept |" in text
    assert "### Suspicious: 3 datasets of 217" in text
    assert text.count("batch-07-008.csv") == 1  # not in quarantine as well


def test_conditions_with_a_table_are_counted_or_named_if_they_failed():
    _, decision, _ = shown()
    listed = render([gate.conditions(decision)])
    assert "- ✅ **slices**: none of 2 is worse" in listed
    assert "- ✅ **guardrails**: none of 1 may be worse" in listed
    worse = SliceResult("school", "online", 41, -0.081, True)
    _, decision, attempt = shown(make_evidence(slices=(SliceResult("school", "town", 173, 0.07, False), worse)))
    listed = render([gate.conditions(decision)]).replace("\\", "")
    assert "- ❌ **slice school = online**: where school is online the gain is -8.1 % on 41 datasets" in listed
    assert "town" not in listed
    assert "- ✅ **slices**" not in listed
    table = render([gate.slices_table(attempt.comparison)]).splitlines()
    assert table[2] == "| `school` | `online` | 41 | -8.1 % | worse |"


def test_columns_that_moved_as_a_whole_have_a_section():
    moved = "'hours_studied' has moved as a whole"
    trial, decision, attempt = shown(screening=make_screening(suspicious=0, suspects=(), found=(), moved=(moved,)))
    text = render(summary(make_outcome(trial=trial, decision=decision, attempt=attempt))).replace("\\", "")
    assert "### Moved as a whole\n\n- 'hours_studied' has moved as a whole" in text
    assert "Suspicious" not in text


def test_suspicious_datasets_that_the_journal_does_not_name_are_counted():
    text = render(data.screening(make_screening(suspicious=33)))
    assert "### Suspicious: 33 datasets of 217" in text
    assert text.endswith("… and 30 more\n")


def test_suspicious_datasets_are_listed_if_none_was_usable():
    _, decision, attempt = shown(screening=make_screening(suspicious=217))
    outcome = make_outcome(trial=None, decision=decision, attempt=attempt, set_aside=())
    assert "batch-07-008.csv" in render(summary(outcome))


def test_outlook_is_shown_once():
    trial, decision, attempt = shown(make_evidence(p_value=0.2, needed=90))
    outcome = make_outcome(trial=trial, decision=decision, attempt=attempt)
    line = "**What would change it:** about 90 more datasets of this kind would show a gain of this size"
    assert line in render(summary(outcome))
    repeated = replace(outcome, next_step=f"a person decides: {decision.outlook}")
    assert "What would change it" not in render(summary(repeated))


@pytest.mark.parametrize("page", ["summary", "pull request", "model card"])
def test_forced_promotion_begins_with_a_notice(page):
    trial, held, attempt = shown(make_evidence(p_value=0.2, needed=90), forced="the old sensor is gone.")
    decision = forced(held, attempt.forced)
    text = {
        "summary": render(summary(make_outcome(trial=trial, decision=decision, attempt=attempt))),
        "pull request": render(pages.pull_request(make_version(), attempt, trial, decision, ())),
        "model card": render(pages.model_card(make_version(), attempt, trial, decision)),
    }[page].replace("\\", "")
    verdict = "The gate's verdict was hold: not proven better: gain of"
    assert f"**A person forced this:** the old sensor is gone. {verdict}" in text
    assert "The bot never approves or merges it." in text


def test_forced_promotion_notes_that_the_gate_agrees():
    trial, decision, attempt = shown(forced="now")
    body = render(pages.pull_request(make_version(), attempt, trial, decision, ())).replace("\\", "")
    assert body.startswith("**A person forced this:** now. The gate agrees: better by 6.1 %")


def test_draft_begins_with_a_notice():
    trial, decision, attempt = shown(screening=make_screening(suspicious=33), draft=True)
    body = render(pages.pull_request(make_version(), attempt, trial, decision, ())).replace("\\", "")
    assert body.startswith("**This is a draft for a person to decide on:** the data look wrong: 33 of 217")
    assert "The bot never approves or merges it" in body
    card = render(pages.model_card(make_version(), attempt, trial, decision))
    assert "It was promoted" not in card
    assert "What would change it" not in render(summary(make_outcome(trial=trial, decision=decision, attempt=attempt)))


def test_commit_message_holds_no_word_that_github_would_obey():
    hostile = replace(DECISION, reason="where school is 'fixes #12 [skip ci]'")
    for changes, subject in (({"forced": "closes #3"}, "Promote model v1"), ({"draft": True}, "Propose model v1")):
        message = commit_messages.of_promotion(make_version(), make_attempt(**changes), hostile)
        assert message.startswith(subject)
        assert "#" not in message
        assert "skip" not in message


def test_attempt_of_an_earlier_release_is_explained_with_what_is_known():
    text = render(pages.explanation(make_attempt(verdict=Verdict.HOLD, reason="not proven better"), None))
    assert text.startswith("## ✋ hold: not proven better\n")
    assert "- r2: 0.8500 against 0.8000" in text.replace("\\", "")
    assert "the journal of that time held no more" in text
    assert "The gate" not in text


def test_link_leads_to_an_address_or_nowhere():
    assert link("run", "https://github.com/o/r/actions/runs/1") == "[run](https://github.com/o/r/actions/runs/1)"
    for address in ("", "javascript:alert(1)", "https://x/) [y](https://z", "https://x/<b>", "https://x/ y"):
        assert link("run", address) == "run"
