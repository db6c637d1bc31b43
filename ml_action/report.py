"""What a run says, as Markdown: job summary, pull request body, model card, commit message. Pure text from records.

Untrusted text (file names, column names, cell values, messages) only gets in through `code` or `escape`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ml_action.arrivals import Outcome, SetAside, Trigger, Verdict
from ml_action.figures import percent, percents, probability

if TYPE_CHECKING:
    from ml_action.contract import Shift
    from ml_action.records import Attempt, Comparison, Decision, Trial, Version

LIMITS = (
    "Scores hold for data like the datasets it was judged on. The file is a joblib pickle: load it only after "
    "comparing its sha256 with `model_metadata.json`, with the libraries above."
)
LISTED = 50  # set-aside datasets in one table
MOVED = 8  # columns in the table of drift
ZERO_WIDTH = "\u200b"
ICONS = {
    Verdict.WAITING: "⏳",
    Verdict.READY: "✅",
    Verdict.HOLD: "✋",
    Verdict.REJECT: "⛔",
    Verdict.PROMOTE: "🚀",
    Verdict.REVIEW: "🔎",
    Verdict.INCOMPARABLE: "❓",
    Verdict.BLOCKED: "🚧",
    Verdict.STOOD_DOWN: "↩️",
    Verdict.FAILED: "❌",
}


def escape(text: str) -> str:
    """Untrusted text as plain Markdown text: one line, no markup, no HTML, no mention, no link."""
    line = re.sub(r"([\\`*_{}\[\]()#+!|~$:-])", r"\\\1", _one_line(text, 500))
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("www.", "www\\.")
    line = re.sub(r"^(\s*[0-9]+)\.(?=\s|$)", r"\1\\.", line)  # at the start of a line it would begin a numbered list
    # GitHub finds mentions and issues in the rendered page, where an escape is gone: they are parted invisibly
    return re.sub(r"([@#])", rf"\1{ZERO_WIDTH}", line)


def code(text: str) -> str:
    """Untrusted text as a code span that also fits into a table cell."""
    return f"`{_one_line(text, 200).replace('`', chr(0x2CB)).replace('|', '¦') or ' '}`"


def _one_line(text: str, limit: int) -> str:
    """Printable and short: control and direction characters become a replacement mark."""
    shown = "".join(character if character.isprintable() else "\ufffd" for character in " ".join(text.split()))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def headline(outcome: Outcome, show: Callable[[str], str] = str) -> str:
    """Icon, verdict and reason in one line; a reason that begins with the verdict says it once."""
    again = outcome.reason.startswith(f"{outcome.verdict} ")
    return f"{ICONS[outcome.verdict]} " + ("" if again else f"{outcome.verdict}: ") + show(outcome.reason)


# --- the pieces that every page is made of ----------------------------------------------------------------


def scores_table(comparison: Comparison, champion: str, challenger: str) -> str:
    """Every reported metric of champion, challenger and dummy on the same unseen rows."""
    names = list(comparison.challenger)
    heads = [(f"champion {champion}", comparison.champion)] if comparison.champion else []
    columns = [*heads, (f"challenger {challenger}", comparison.challenger), ("dummy", comparison.baseline)]
    lines = [
        "| metric | " + " | ".join(head for head, _ in columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for name in names:
        cells = " | ".join(number(scores.get(name)) for _, scores in columns)
        lines.append(f"| {code(name)}{' (decides)' if name == comparison.metric else ''} | {cells} |")
    return "\n".join(lines)


def number(value: float | None) -> str:
    """A score with four significant places."""
    return "–" if value is None else f"{value:,.4f}" if abs(value) < 1000 else f"{value:,.1f}"


def evidence_lines(comparison: Comparison) -> str:
    """The paired evidence in numbers."""
    low, high = comparison.improvement_interval.low, comparison.improvement_interval.high
    judged = f"{comparison.datasets} {comparison.unit} ({comparison.rows:,} rows)"
    sure = f"at {percent(comparison.confidence, 0)} confidence"
    lines = (
        f"{comparison.metric}: {comparison.improvement:+.4f}, interval [{low:+.4f}, {high:+.4f}] {sure}",
        f"error: {percent(comparison.gain)} less, interval {percents(comparison.gain_interval)}",
        f"sign-flip test over {judged}: p {probability(comparison.p_value)}",
        f"{percent(comparison.win_rate, 0)} of the {comparison.unit} are predicted no worse",
    )
    return "\n".join(f"- {line}" for line in lines)


def checks_list(decision: Decision) -> str:
    """Each condition of the gate."""
    return "\n".join(
        f"- {'✅' if check.passed else '❌'} **{check.name}**: {escape(check.text)}" for check in decision.checks
    )


def set_aside_table(set_aside: Sequence[SetAside]) -> str:
    """The datasets left out, with their reasons; the first fifty."""
    lines = ["| dataset | line | reason |", "|---|---|---|"]
    lines += [f"| {code(item.path)} | {item.line or '–'} | {escape(item.reason)} |" for item in set_aside[:LISTED]]
    lines += [f"\n… and {len(set_aside) - LISTED} more"] if len(set_aside) > LISTED else []
    return "\n".join(lines)


def quarantine(set_aside: Sequence[SetAside]) -> str:
    """The section on what was left out; empty when nothing was."""
    if not set_aside:
        return ""
    heading = f"### Quarantine: {len(set_aside)} {'dataset' if len(set_aside) == 1 else 'datasets'} set aside"
    told = "Neither counted nor trained on, and left as they are. A corrected file counts as new."
    return f"{heading}\n\n{told}\n\n{set_aside_table(set_aside)}"


def drift_table(shifts: Sequence[Shift]) -> str:
    """The section on drift: the columns that moved most, with what chance does not explain; empty without any."""
    if not shifts:
        return ""
    lines = ["| column | moved by | beyond chance | |", "|---|---|---|---|"]
    lines += [
        f"| {code(item.column)} | {percent(item.effect, 0)} | {percent(item.least, 0)} | "
        f"{'drifted' if item.drifted else ''} |"
        for item in shifts[:MOVED]
    ]
    told = "The share of rows that lies elsewhere than in the champion's training data, at least."
    return "\n".join([f"### Drift of the new datasets\n\n{told}\n", *lines])


def facts_table(facts: Mapping[str, object]) -> str:
    """Name and value, two columns."""
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())])


# --- the pages ---------------------------------------------------------------------------------------------


def summary(outcome: Outcome) -> str:
    """The job summary: the verdict first, then the numbers, then what happens next."""
    return "\n\n".join(part for part in _summary_parts(outcome) if part) + "\n"


def _summary_parts(outcome: Outcome) -> Iterator[str]:
    yield f"## {headline(outcome, escape)}"
    yield f"**Next:** {escape(outcome.next_step)}"
    facts = _facts(outcome)
    yield facts_table(facts) if facts else ""
    if outcome.trial and outcome.decision and outcome.attempt:
        champion = outcome.champion.version if outcome.champion else ""
        yield "### Scores on the same unseen rows"
        yield scores_table(outcome.trial.comparison, champion, outcome.attempt.version)
        yield evidence_lines(outcome.trial.comparison)
        yield "### The gate\n\n" + checks_list(outcome.decision)
    yield drift_table(outcome.shifts)
    yield quarantine(outcome.set_aside)
    notes = [*outcome.notes, *(outcome.publication.notes if outcome.publication else ())]
    if notes:
        yield "### Notes\n\n" + "\n".join(f"- {escape(note)}" for note in notes)


def _facts(outcome: Outcome) -> dict[str, object]:
    """What a run found, as far as it came."""
    facts: dict[str, object] = {}
    if outcome.trigger:
        facts[f"new {outcome.trigger.unit}"] = _counted(outcome, outcome.trigger)
    if outcome.inventory:
        found = outcome.inventory
        facts["not counted"] = f"{found.copies} renamed or copied, {found.set_aside} set aside, {found.removed} removed"
        facts["data tree"] = code(found.tree)
        facts["counted since"] = code(found.since)
    if outcome.champion:
        facts["champion"] = f"{code(outcome.champion.version)} of {outcome.champion.created[:10]}"
    if outcome.attempt:
        facts["attempt"] = code(outcome.attempt.id)
    if outcome.publication and outcome.publication.pull_request:
        pull = outcome.publication.pull_request
        facts["pull request"] = f"[#{pull.number}]({pull.url}), {outcome.publication.merge_state or pull.state}"
    return facts


def _counted(outcome: Outcome, trigger: Trigger) -> str:
    """The count, and how many of it were sound where that is known and another number."""
    sound = outcome.attempt.new if outcome.decision and outcome.attempt else trigger.count
    good = f", {sound:,} of them sound" if sound != trigger.count else ""
    return f"{trigger.count:,} of {trigger.threshold:,}{good}"


def pull_request_body(
    version: Version, attempt: Attempt, trial: Trial, decision: Decision, set_aside: Sequence[SetAside]
) -> str:
    """What a reviewer reads: the sentence, the numbers, the conditions, what was left out, how to check it."""
    parts = [
        f"**{version.version}** is {escape(decision.reason)}.",
        scores_table(trial.comparison, attempt.champion, version.version),
        evidence_lines(trial.comparison),
        "### The gate\n\n" + checks_list(decision),
        "### What is in it\n\n" + facts_table(_contents(version, attempt, trial)),
    ]
    parts += [drift_table(trial.shifts), quarantine(set_aside)]
    if trial.notes:
        parts.append("### Notes\n\n" + "\n".join(f"- {escape(note)}" for note in trial.notes))
    parts.append(
        "Merging puts this version into production; closing without merging is remembered, and the same data "
        "will not propose it again."
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _contents(version: Version, attempt: Attempt, trial: Trial) -> dict[str, object]:
    run = f"[{escape(attempt.id)}]({attempt.run_url})" if attempt.run_url else code(attempt.id)
    return {
        "trained on": f"{version.datasets:,} {trial.comparison.unit}, {version.rows:,} rows",
        "never trained on": f"{trial.holdout:,} {trial.comparison.unit}",
        "estimator": f"{code(version.estimator)} {code(str(dict(version.params))) if version.params else ''}",
        "target": code(version.target),
        "features": ", ".join(code(name) for name in version.features[:LISTED]),
        "sha256": code(version.sha256),
        "size": f"{version.size:,} bytes",
        "libraries": ", ".join(f"{name} {number}" for name, number in version.libraries.items()),
        "data tree": code(version.data_tree),
        "fingerprint": code(version.fingerprint),
        "attempt": run,
    }


def model_card(version: Version, attempt: Attempt, trial: Trial, decision: Decision) -> str:
    """The model card beside the model file."""
    made = f"A {version.task} model made by ml-auto-update on {version.created[:10]}."
    parts = (
        f"# {escape(attempt.version)}: {code(version.target)} from {len(version.features)} columns",
        f"{made} It was promoted because it is {escape(decision.reason)}.",
        "## Scores on unseen rows\n\n" + scores_table(trial.comparison, attempt.champion, version.version),
        evidence_lines(trial.comparison),
        "## Contents\n\n" + facts_table(_contents(version, attempt, trial)),
        f"## Limits\n\n{LIMITS}",
    )
    return "\n\n".join(parts) + "\n"


def commit_message(version: Version, decision: Decision) -> str:
    """The proposal's commit message: subject and body, no untrusted text."""
    return (
        f"Promote model {version.version}\n\n{decision.reason}\n\n"
        f"Fingerprint: {version.fingerprint}\nAttempt: {version.attempt}\nModel-SHA256: {version.sha256}\n"
    )
