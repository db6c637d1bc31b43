"""Text from outside: in any block, and in any field of any record, it means nothing in Markdown or in a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ml_action.commands.data import report as data_report
from ml_action.commands.data import views as data_views
from ml_action.commands.data.effective_contract import ColumnRequirement, EffectiveContract
from ml_action.commands.data.explanation import Explanation
from ml_action.commands.data.findings import DatasetFinding, FindingStatus, Inspection
from ml_action.core.records.attempt import WatchResult
from ml_action.core.records.choices import Autonomy, Verdict
from ml_action.core.records.contract import ColumnDrift, DataContract
from ml_action.core.records.dataset import RejectedDataset
from ml_action.core.records.diagnosis import Goal
from ml_action.core.records.evaluation import Check, Decision, GuardrailResult, SliceResult
from ml_action.core.records.policy import Guardrail, Policy
from ml_action.core.records.promotion import Publication
from ml_action.core.records.repository_facts import BranchProtection, DisabledWorkflow
from ml_action.doctor.checks import run_checks
from ml_action.reports import dashboard, doctor, pages, status
from ml_action.reports.blocks import (
    Block,
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
    Untrusted,
    Verbatim,
    joined,
    text,
)
from ml_action.reports.render import console, markdown
from ml_action.reports.summary import summary, verdict
from tests.support import benign_files
from tests.support.factories import (
    make_attempt,
    make_evidence,
    make_facts,
    make_history,
    make_outcome,
    make_pull,
    make_screening,
    make_trial,
    make_version,
)
from tests.support.properties import examples

HOSTILE = (
    "<img src=x onerror=alert(1)> @octocat fixes #12 [link](https://evil.example) ![x](y) | cell | `code` **bold** "
    "::error::pwned ##[warning]x <!-- comment --> &lt; www.evil.example http://evil.example\n# heading\n- item\r\n"
    "| a |\n\u202egnp.exe\x1b[31m\0 \udcff ~~s~~ $x$ mail@evil.example \\"
)
any_text = st.text(min_size=1) | st.text("<>&@#|`*_[]()!~$:-\\ \n\r\twx.a1/\x1b", min_size=1)
any_text = any_text.filter(lambda content: content.split() != [])


# --- text from outside ------------------------------------------------------------------------------------------


def every_block(content: str) -> Iterator[Block]:
    """Each block, with the text in every place that takes text from outside."""
    parts = (Untrusted(content), Code(content), Strong(Untrusted(content)), Link(Code(content), content))
    for part in (*parts, text("{} and {}", *parts[:2]), joined(", ", parts)):
        yield Heading(part)
        yield Paragraph(part)
        yield Paragraph(text("a {}: b", part))
        yield Labelled("Next", part)
        yield Small(part)
        yield Bullets((part, "x", part))
        yield Numbered(((part, part), (part,)))
        yield Facts(((part, part), ("x", part)))
        yield Table((part, "x"), ((part, "x"), ("x", part)), more=2)
        yield Task(part, Marker("ours"), ticked=False)
    yield Verbatim((content, "x", content))


@cache
def reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def structure(page: str) -> list[str]:
    """What a page is made of, without its text: blocks, emphasis, links, code, and what GitHub would link."""
    found = []
    for token in reader().parse(page):
        children, source = token.children or [], token.content
        found.append(token.type)
        found += [child.type for child in children if child.type not in ("text", "softbreak")]
        for child in children:
            source = source.replace(f"`{child.content}`", "") if child.type == "code_inline" else source
        found += [match[0] for match in benign_files.MEANT.finditer(source)] if children else []
    return found


@given(any_text)
@example(HOSTILE)
@settings(max_examples=examples(60), deadline=None)
def test_no_text_in_any_block_is_markup_or_a_command_or_an_escape(content):
    for block, harmless in zip(every_block(content), every_block("x"), strict=True):
        page = markdown.render([block])
        assert structure(page) == structure(markdown.render([harmless])), (block, page)
        assert list(benign_files.log_faults(page)) == []
        assert list(benign_files.log_faults("\n".join(console.lines([block])))) == []
        assert not isinstance(block, Bullets | Numbered | Facts) or "\n" not in "".join(console.lines([block]))


# --- every page -------------------------------------------------------------------------------------------------

OURS = {"libraries", "model_format"}  # fields that the running code fills: names of its own dependencies and formats


def poisoned(value: Any, content: str) -> Any:
    """Returns a record with every text in it replaced."""
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value) if field.name not in OURS]
        return replace(value, **{name: poisoned(getattr(value, name), content) for name in names})
    if isinstance(value, dict):
        return {poisoned(key, content): poisoned(item, content) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return getattr(value, "_make", type(value))(poisoned(item, content) for item in value)
    return content if type(value) is str else value


@cache
def records() -> dict[str, Any]:
    """Records in which every field is filled."""
    rejected = (RejectedDataset("a.csv", "1", "bad", 3), RejectedDataset("b.csv", "2", "worse"))
    checks = (Check("finite", False, "a"), Check("slice a = b", False, "c"), Check("guardrail c", True, "d"))
    guardrails = (GuardrailResult("m", 0.02, -9.0, -12.0, -0.3, 0.9),)
    comparison = make_evidence(slices=(SliceResult("a", "b", 30, -0.08, True),), guardrails=guardrails)
    watched = WatchResult("v2", "v1", True, "worse", comparison, ("note",))
    decision = Decision(Verdict.HOLD, "reason", checks, "outlook", "overruled")
    screening = make_screening(suspicious=9, suspects=rejected, found=("found",), moved=("moved",))
    policy = Policy(slices=("a",), guardrails=(Guardrail("m", 0.01),))
    attempt = make_attempt(
        comparison=comparison, decision=decision, screening=screening, policy=policy, watched=watched, notes=("note",),
        pull_request=7, pull_request_url="https://github.com/o/r/pull/7", state="open",
    )  # fmt: skip
    shifts = (ColumnDrift("a", 0.3, 0.2, True),)
    trial = make_trial(
        comparison=comparison, screening=screening, notes=("note",), shifts=shifts, model_format="skops",
        types=("a.B",), champion_types=("c.D",),
    )  # fmt: skip
    outcome = make_outcome(
        decision=decision, trial=trial, attempt=attempt, set_aside=rejected, notes=("note",), shifts=shifts,
        publication=Publication(make_pull(), notes=("note",)),
    )  # fmt: skip
    base = BranchProtection("main", checks=("tests",), reviews=3, code_owners=True, refused=("rule",), methods=("x",))
    facts = make_facts(
        base=base, state=base, approver=None, disabled=(DisabledWorkflow("a.yml", "disabled_manually"),), methods=("m",)
    )
    findings = tuple(DatasetFinding(f"{mark}.csv", "1", mark, "reason", 2) for mark in FindingStatus)
    return {
        "attempt": attempt, "trial": trial, "decision": decision, "outcome": outcome, "rejected": rejected,
        "version": make_version(weight="w"), "history": make_history(make_version(), make_version(version="v2")),
        "facts": facts, "inspection": Inspection(findings, "source", shifts, ("note",)),
        "contract": EffectiveContract(
            DataContract("target", 5, 9, 0.0, 0.0, 0.0, ()), "source",
            (
                ColumnRequirement("a", "number", 1.0, 2.0, (), 0.1, "s"),
                ColumnRequirement("b", "category", None, None, ("x",), None, "s"),
            ),
        ),
        "explanation": Explanation("a.csv", True, "why", "next", (("name", "value"),), findings[0]),
    }  # fmt: skip


def every_page(content: str) -> Iterator[tuple[str, Blocks]]:
    """Every page of the product, from records whose every text is the given one."""
    one = {name: poisoned(record, content) for name, record in records().items()}
    attempt, trial, decision, outcome = one["attempt"], one["trial"], one["decision"], one["outcome"]
    forced, drafted = replace(attempt, forced=content, draft=False), replace(attempt, forced="", draft=True)
    for kind, made in (("usual", replace(attempt, forced="")), ("forced", forced), ("draft", drafted)):
        yield f"{kind} summary", summary(replace(outcome, attempt=made))
        yield f"{kind} explanation", pages.explanation(made, one["history"])
        yield f"{kind} pull request", pages.pull_request(one["version"], made, trial, decision, one["rejected"])
        yield f"{kind} model card", pages.model_card(one["version"], made, trial, decision)
    back = replace(attempt, verdict=Verdict.ROLLBACK, watched=None)
    yield "rollback", pages.rollback_request(back, one["version"], content)
    yield "explained rollback", pages.explanation(back, None)
    yield "old attempt", pages.explanation(replace(attempt, decision=None, comparison=None), None)
    yield "rolled back", summary(replace(outcome, verdict=Verdict.ROLLBACK, attempt=back, decision=None, trial=None))
    yield "verdict", verdict(outcome)
    yield "versions", tuple(status.versions(one["history"], {content: back}))
    found = run_checks(one["facts"], Goal(Autonomy.MERGE, content, content))
    yield "doctor", (*doctor.report(found), Paragraph(Untrusted(doctor.sentence(found))))
    yield "data check", tuple(data_report.report(one["inspection"]))
    yield "data contract", data_views._contract(one["contract"])
    yield "data explain", data_views._explanation(one["explanation"])


PAGES = [name for name, _ in every_page("x")]


@given(any_text)
@example(HOSTILE)
@settings(max_examples=15, deadline=None)
def test_no_text_of_any_record_is_markup_on_any_page(content):
    """A builder that put a record's text into our own words would be found here."""
    for (name, blocks), (_, harmless) in zip(every_page(content), every_page("x"), strict=True):
        page = markdown.render(blocks)
        assert structure(page) == structure(markdown.render(harmless)), name
        assert list(benign_files.log_faults(page)) == [], name
        assert list(benign_files.log_faults("\n".join(console.lines(blocks)))) == [], name


@pytest.mark.parametrize("page", PAGES)
def test_terminal_and_markdown_show_the_same_headings_and_tables(page):
    blocks = dict(every_page("x"))[page]
    lines = list(console.lines(blocks))
    shown = Counter(type(block) for block in blocks)
    headings = [console.inline(block.content) for block in blocks if isinstance(block, Heading)]
    assert [line for line in lines if line in headings] == headings or shown[Heading] == 0
    tables = [part for part in console.render(blocks) if isinstance(part, console.TextTable)]
    assert len(tables) == sum(bool(block.content) for block in blocks if isinstance(block, Table))


def test_comments_and_dashboard_hold_no_markup():
    for content in (HOSTILE, "::x", "1. y", "- z", "<b>"):
        one = {name: poisoned(record, content) for name, record in records().items()}
        plain = {name: poisoned(record, "x") for name, record in records().items()}
        for make in (
            lambda record: data_report.comment(record["inspection"], "c" * 40, "https://github.com/o/r/actions/runs/1"),
            lambda record: dashboard.render("name", record["outcome"], (record["attempt"],)),
        ):
            assert structure(make(one)) == structure(make(plain))
            assert list(benign_files.log_faults(make(one))) == []
        failure = data_report.failure_comment(content, content, "", "")
        assert structure(failure) == structure(data_report.failure_comment("x", "x", "", ""))
