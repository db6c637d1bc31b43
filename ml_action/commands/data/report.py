"""What is shown of judged datasets: the report for a reader, and the comment on a pull request. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ml_action.commands.data.findings import DatasetFinding, FindingStatus, Inspection
from ml_action.core.formatting import count_of, percent
from ml_action.reports.blocks import (
    Block,
    Blocks,
    Code,
    Heading,
    Inline,
    Labelled,
    Link,
    Paragraph,
    Small,
    Table,
    Untrusted,
    joined,
    text,
)
from ml_action.reports.render import markdown
from ml_action.reports.sections import data

GOOD_ONES = 50  # listed by name in the report
LISTED = 40  # datasets in the comment, whose length is limited
CHARACTERS = 60_000
CUT = "\n\n*Cut here: the job summary has the rest.*\n"
ICONS = {FindingStatus.GOOD: "✅", FindingStatus.BAD: "❌", FindingStatus.COPY: "👯"}
NONE = "no dataset to judge"
CORRECT = (
    "correct the file, or state in [contract.COLUMN] of ml-auto-update.toml what the column may hold "
    "(check = false asks nothing of it)"
)


def sentence(inspection: Inspection) -> str:
    """Returns how many datasets are good, bad or copies."""
    total = len(inspection.findings)
    if not total:
        return NONE
    bad, copies = len(inspection.bad), len(inspection.with_status(FindingStatus.COPY))
    if bad:
        return f"{bad} of {_datasets(total)} {_is(bad)} bad" + (f", {copies} {_is(copies)} a copy" if copies else "")
    good = total - copies
    if not good:
        return f"nothing new: {_datasets(copies)} {_is(copies)} a copy of what is there"
    return f"{_datasets(good)} {_is(good)} good" + (f", {copies} {_is(copies)} a copy" if copies else "")


def _datasets(count: int) -> str:
    return count_of(count, "datasets")


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def next_step(inspection: Inspection) -> str:
    """Returns what the user can do next."""
    if inspection.bad:
        return CORRECT
    if inspection.with_status(FindingStatus.GOOD):
        if inspection.warnings:
            return "look at the warnings first; the datasets count once they are on the base branch"
        return "nothing: they count once they are on the base branch"
    return "nothing"


def _verdict(inspection: Inspection) -> str:
    return ICONS[FindingStatus.BAD if inspection.bad else FindingStatus.GOOD]


# --- the report -------------------------------------------------------------------------------------------------


def report(inspection: Inspection) -> Iterator[Block]:
    """Yields every dataset with its verdict, what it was judged against, what drifted, and the sentence."""
    good = inspection.with_status(FindingStatus.GOOD)
    named = {item.path for item in good[:GOOD_ONES]}
    listed = [item for item in inspection.findings if item.status is not FindingStatus.GOOD or item.path in named]
    rows = ((Code(item.path), str(item.line or ""), str(item.status), Untrusted(item.reason)) for item in listed)
    yield Table(("dataset", "line", "verdict", "reason"), tuple(rows))
    more = len(good) - GOOD_ONES
    yield Paragraph(f"… and {more:,} more good ones" if more > 0 else "")
    if inspection.source:
        yield Paragraph(text("judged against {}", Untrusted(inspection.source)))
    drifted = tuple(
        text("{} ({})", Code(item.column), percent(item.effect, 0)) for item in inspection.shifts if item.drifted
    )
    if drifted:
        yield Paragraph(text("drifted: {}", joined(", ", drifted)))
    yield Paragraph(f"{_verdict(inspection)} {sentence(inspection)}")
    yield from _warnings(inspection)
    yield Labelled("Next", next_step(inspection))


# --- the comment ------------------------------------------------------------------------------------------------


def comment(inspection: Inspection, commit: str, run_url: str) -> str:
    """Returns the comment on a pull request: the verdict, then every dataset that is not simply good."""
    blocks = _comment(inspection) if inspection.findings else _nothing_left()
    content = markdown.render((*blocks, _place(commit, run_url)))
    return content if len(content) <= CHARACTERS else content[:CHARACTERS].rpartition("\n")[0] + CUT


def _nothing_left() -> Blocks:
    return Heading("Datasets"), Paragraph("This pull request no longer adds or changes a dataset.")


def _comment(inspection: Inspection) -> Iterator[Block]:
    yield Heading(f"{_verdict(inspection)} Datasets: {sentence(inspection)}")
    yield _table(inspection.bad + inspection.with_status(FindingStatus.COPY))
    if inspection.bad:
        step = Untrusted(next_step(inspection))
        yield Labelled("Next", text("{}. A corrected push edits this comment.", step))
    yield from _warnings(inspection)
    if any(shift.drifted for shift in inspection.shifts):
        yield from data.drift(inspection.shifts)
    if inspection.source:
        yield Paragraph(text("Judged against {}.", Untrusted(inspection.source)))


def _warnings(inspection: Inspection) -> Iterator[Block]:
    for warning in inspection.warnings:
        yield Paragraph(text("⚠️ {}", Untrusted(warning)))


def _table(findings: Sequence[DatasetFinding]) -> Table:
    rows = tuple(
        (f"{ICONS[item.status]} {item.status}", Code(item.path), f"{item.line or '–'}", Untrusted(item.reason))
        for item in findings[:LISTED]
    )
    return Table(("", "dataset", "line", "reason"), rows, more=len(findings) - LISTED)


def failure_comment(what: str, fix: str, commit: str, run_url: str) -> str:
    """Returns the comment when the datasets could not be judged at all."""
    return markdown.render(
        (
            Heading(f"{ICONS[FindingStatus.BAD]} Datasets: not judged"),
            Paragraph(Untrusted(what)),
            *([Labelled("Next", Untrusted(fix))] if fix else []),
            _place(commit, run_url),
        )
    )


def _place(commit: str, run_url: str) -> Small:
    """Returns which commit was judged, with a link to the run."""
    run: Inline = text(", {}", Link("the run", run_url)) if run_url else ""
    return Small(text("ml-auto-update, at {}{}", Code(commit[:12]), run) if commit else "")
