"""What is said of judged datasets: one sentence, and the comment on a pull request. Pure text from records.

Untrusted text (file names, column names, cell values) only gets in through `markdown.code` and `markdown.escape`.
"""

from __future__ import annotations

from ml_action.commands.data.findings import FindingStatus, Inspection
from ml_action.core.formatting import count_of
from ml_action.core.markdown import code, escape
from ml_action.reports.sections import drift_table

LISTED = 40  # datasets in the comment: GitHub takes 65,536 characters
CHARACTERS = 60_000
CUT = "\n\n*Cut here: the job summary has the rest.*\n"
ICONS = {FindingStatus.GOOD: "✅", FindingStatus.BAD: "❌", FindingStatus.COPY: "👯"}
NONE = "no dataset to judge"
CORRECT = (
    "correct the file, or state in [contract.COLUMN] of ml-auto-update.toml what the column may hold "
    "(check = false asks nothing of it)"
)


def sentence(inspection: Inspection) -> str:
    """How many datasets are what."""
    total = len(inspection.findings)
    if not total:
        return NONE
    bad, copies = len(inspection.bad), len(inspection.marked(FindingStatus.COPY))
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
    """What a person does next."""
    if inspection.bad:
        return CORRECT
    if inspection.marked(FindingStatus.GOOD):
        return "nothing: they count once they are on the base branch"
    return "nothing"


def comment(inspection: Inspection, commit: str, run_url: str) -> str:
    """The comment on a pull request: the verdict, then every dataset that is not simply good."""
    if not inspection.findings:
        return f"### Datasets\n\nThis pull request no longer adds or changes a dataset.\n\n{_place(commit, run_url)}\n"
    icon = ICONS[FindingStatus.BAD if inspection.bad else FindingStatus.GOOD]
    parts = [f"### {icon} Datasets: {sentence(inspection)}", _table(inspection)]
    if inspection.bad:
        parts.append(f"**Next:** {escape(next_step(inspection))}. A corrected push edits this comment.")
    if any(shift.drifted for shift in inspection.shifts):
        parts.append(drift_table(inspection.shifts))
    parts.append(f"Judged against {escape(inspection.source)}." if inspection.source else "")
    parts.append(_place(commit, run_url))
    text = "\n\n".join(part for part in parts if part) + "\n"
    return text if len(text) <= CHARACTERS else text[:CHARACTERS].rpartition("\n")[0] + CUT


def failure_comment(what: str, fix: str, commit: str, run_url: str) -> str:
    """The comment when the datasets could not be judged at all."""
    told = f"### {ICONS[FindingStatus.BAD]} Datasets: not judged\n\n{escape(what)}\n\n"
    return told + (f"**Next:** {escape(fix)}\n\n" if fix else "") + _place(commit, run_url) + "\n"


def _table(inspection: Inspection) -> str:
    """Bad ones and copies, one a line; empty when all are good."""
    listed = inspection.bad + inspection.marked(FindingStatus.COPY)
    if not listed:
        return ""
    lines = ["| | dataset | line | reason |", "|---|---|---|---|"]
    lines += [
        f"| {ICONS[item.mark]} {item.mark} | {code(item.path)} | {item.line or '–'} | {escape(item.reason)} |"
        for item in listed[:LISTED]
    ]
    lines += [f"\n… and {len(listed) - LISTED} more"] if len(listed) > LISTED else []
    return "\n".join(lines)


def _place(commit: str, run_url: str) -> str:
    """Which commit was looked at, with the way to its run."""
    run = f", [the run]({run_url})" if run_url else ""
    return f"<sub>ml-auto-update, at {code(commit[:12])}{run}</sub>" if commit else ""
