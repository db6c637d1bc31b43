"""The sections that our pages are made of, as Markdown, each empty where there is nothing to tell. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ml_action.core.formatting import count_of, percent
from ml_action.core.markdown import bullets, code, escape, fenced, link, section, table
from ml_action.reports import chart, comparison_rows

if TYPE_CHECKING:
    from ml_action.core.records.attempt import Attempt, WatchResult
    from ml_action.core.records.contract import ColumnDrift
    from ml_action.core.records.dataset import RejectedDataset
    from ml_action.core.records.evaluation import Comparison, Decision, Screening
    from ml_action.core.records.model import Trial, Version
    from ml_action.core.records.policy import Policy

Heads = Callable[["Comparison", str, str], Sequence[str]]

LISTED = 50  # set-aside datasets in one table
MOVED = 8  # columns in the table of drift
SUSPECTED = (
    "To the champion they look wrong, so the challenger was neither trained nor judged on them. A corrected file "
    "counts as new."
)


# --- the comparison ---------------------------------------------------------------------------------------


def comparison(found: Comparison, champion: str, challenger: str, policy: Policy | None) -> Iterator[str]:
    """Scores, numbers and picture."""
    yield scores_table(found, champion, challenger)
    yield from _numbers(found, policy)


def _numbers(found: Comparison, policy: Policy | None) -> Iterator[str]:
    words = replace(found, metric=escape(found.metric), unit=escape(found.unit))
    yield bullets(comparison_rows.comparison_lines(words))
    yield chart_block(found, policy)


def remembered(attempt: Attempt) -> Iterator[str]:
    """The same from the journal alone."""
    heading = "Scores on the same unseen rows"
    if attempt.rolls_back:
        yield from rollback_scores(attempt)
    elif attempt.comparison:
        yield f"### {heading}"
        yield from comparison(attempt.comparison, attempt.champion, attempt.version, attempt.policy)
    elif not attempt.decision:
        yield section(heading, bullets(map(escape, comparison_rows.lines_of_old_attempt(attempt))))


def scores_table(found: Comparison, champion: str, challenger: str, heads: Heads = comparison_rows.score_heads) -> str:
    """Every reported metric of champion, challenger and dummy on the same unseen rows."""
    rows = (
        (f"{code(name)}{' (decides)' if name == found.metric else ''}", *cells)
        for name, *cells in comparison_rows.scores(found)
    )
    return table(heads(found, champion, challenger), rows)


def chart_block(found: Comparison, policy: Policy | None) -> str:
    """The picture as a code block."""
    picture_lines = chart.gain_chart(found, policy).splitlines()
    return fenced(picture_lines) if picture_lines else ""


# --- the gate ---------------------------------------------------------------------------------------------


def gate(decision: Decision, found: Comparison | None) -> Iterator[str]:
    """Each condition, then the parts and metrics that were guarded."""
    yield section("The gate", checks_list(decision))
    if found:
        yield from guarded(found)


def guarded(found: Comparison) -> Iterator[str]:
    """How the parts and the metrics fare that may not become worse."""
    yield section("Slices", slices_table(found))
    yield section("Guardrails", guardrails_table(found))


def checks_list(decision: Decision) -> str:
    """Each condition of the gate."""
    return bullets(
        f"{'✅' if check.passed else '❌'} **{escape(check.name)}**: {escape(check.text)}"
        for check in comparison_rows.conditions(decision)
    )


def slices_table(found: Comparison) -> str:
    """Each part of the rows by itself."""
    rows = [(code(column), code(value), *cells) for column, value, *cells in comparison_rows.slices(found)]
    return table(comparison_rows.SLICES, rows) + _more(found.slices, comparison_rows.LISTED) if rows else ""


def guardrails_table(found: Comparison) -> str:
    """Each metric that may not become worse."""
    rows = [(code(metric), *cells) for metric, *cells in comparison_rows.guardrails(found)]
    return table(comparison_rows.GUARDRAILS, rows) if rows else ""


# --- a rollback -------------------------------------------------------------------------------------------


def rollback_scores(attempt: Attempt) -> Iterator[str]:
    """The scores of both versions, which decide nothing."""
    if attempt.comparison:
        both = (
            f"{attempt.version} and {attempt.champion}" if attempt.comparison.champion else f"{attempt.version} alone"
        )
        yield f"### Scores of {both} on the same rows"
        yield scores_table(attempt.comparison, attempt.champion, attempt.version, comparison_rows.version_heads)
        yield from _numbers(attempt.comparison, None)
        if attempt.watched is None:
            yield "No score decides about a rollback: these are for the person who does."


def watched(found: WatchResult | None) -> str:
    """What the watch found, with the scores where it compared."""
    if found is None:
        return ""
    sign = "⚠️ " if found.worse else ""
    both = found.champion, found.before
    scores = scores_table(found.comparison, *both, comparison_rows.version_heads) if found.comparison else ""
    return section("Watch", f"{sign}{escape(found.text)}.", scores, bullets(map(escape, found.notes)))


def verified(attempt: Attempt, version: Version) -> str:
    """What was seen of the version that is to come back."""
    judged = attempt.comparison
    answers = f"it has answers for {count_of(judged.rows, 'rows')} of {_datasets(judged.datasets)}" if judged else ""
    made_with = ", ".join(f"{escape(name)} {escape(number)}" for name, number in version.libraries.items())
    told = (
        f"{code(version.file)} is on the base branch, and its sha256 is the recorded {code(version.sha256)}",
        f"it loads; it was made on {escape(version.created[:10])} with {made_with}",
        answers or "it has an answer to the request that its entry holds",
        f"attempt {link(code(attempt.id), attempt.run_url)}",
    )
    return bullets(told)


# --- the data ---------------------------------------------------------------------------------------------


def screening(found: Screening | None) -> Iterator[str]:
    """What the champion makes of the new datasets: the suspicious ones, and what moved as a whole."""
    if found and found.suspicious:
        named = f"Suspicious: {_datasets(found.suspicious)} of {found.judged:,}"
        yield section(named, SUSPECTED, bullets(map(escape, found.found)), _suspects(found))
    if found:
        yield section("Moved as a whole", bullets(map(escape, found.moved)))


def _suspects(found: Screening) -> str:
    """Those that are named; the journal names only the first few."""
    total = max(len(found.suspects), found.suspicious)
    return set_aside_table(found.suspects, total) if found.suspects else ""


def set_aside_table(set_aside: Sequence[RejectedDataset], total: int = 0) -> str:
    """The datasets left out, with their reasons; the first fifty, and how many more of a `total` there are."""
    rows = ((code(item.path), str(item.line or "–"), escape(item.reason)) for item in set_aside[:LISTED])
    named = min(len(set_aside), LISTED)
    more = max(total, len(set_aside)) - named
    return table(("dataset", "line", "reason"), rows) + (f"\n\n… and {more:,} more" if more > 0 else "")


def _more(found: Sequence[object], listed: int) -> str:
    return f"\n\n… and {len(found) - listed:,} more" if len(found) > listed else ""


def quarantine(set_aside: Sequence[RejectedDataset], found: Screening | None = None) -> str:
    """The section on what was left out, but for the suspicious ones, which have a section of their own."""
    suspects = {item.blob for item in found.suspects} if found else set()
    others = [item for item in set_aside if item.blob not in suspects]
    if not others:
        return ""
    told = "Neither counted nor trained on, and left as they are. A corrected file counts as new."
    return section(f"Quarantine: {_datasets(len(others))} set aside", told, set_aside_table(others))


def _datasets(count: int) -> str:
    return count_of(count, "datasets")


def drift_table(shifts: Sequence[ColumnDrift]) -> str:
    """The section on drift: the columns that moved most, with what chance does not explain; empty without any."""
    rows = [
        (code(item.column), percent(item.effect, 0), percent(item.least, 0), "drifted" if item.drifted else "")
        for item in shifts[:MOVED]
    ]
    told = "The share of rows that lies elsewhere than in the champion's training data, at least."
    made = table(("column", "moved by", "beyond chance", ""), rows)
    return section("Drift of the new datasets", told, made) if rows else ""


# --- what a person has to know first ----------------------------------------------------------------------


def notice(attempt: Attempt, decision: Decision) -> str:
    """What is unusual about a proposal: a person forced it, or it is a draft for one."""
    if attempt.forced:
        said = f"The gate said {decision.overruled}" if decision.overruled else f"The gate agrees: {decision.reason}"
        told = f"**A person forced this:** {escape(attempt.forced.rstrip('.'))}. {escape(said)}."
        return f"{told} The bot never approves or merges it."
    if attempt.draft:
        return (
            f"**This is a draft for a person to decide on:** {escape(decision.reason)}. The bot never approves or "
            "merges it: merge it if you find the data right, or close it."
        )
    return ""


def outlook(decision: Decision, next_step: str = "") -> str:
    """What would change the verdict, where the next step does not tell it already."""
    told = decision.outlook and decision.outlook not in next_step
    return f"**What would change it:** {escape(decision.outlook)}" if told else ""


def types(trial: Trial, version: str, champion: str) -> str:
    """The types in a skops file that skops does not trust by itself, against the champion's."""
    if trial.model_format != "skops":
        return ""
    former = trial.champion_types
    rows = [
        (code(name), "" if former is None else "as before" if name in former else "**new**") for name in trial.types
    ]
    rows += [(code(name), "gone") for name in former or () if name not in trial.types]
    told = (
        f"{code(f'{version}.skops')} holds, beside scikit-learn's estimators and NumPy's arrays:"
        if rows
        else (f"{code(f'{version}.skops')} holds nothing beside scikit-learn's estimators and NumPy's arrays.")
    )
    unlisted = f"{champion} has no list of types: it is a pickle." if champion and former is None else ""
    made = table(("type", f"against {champion}" if former is not None else ""), rows) if rows else ""
    return section("Types in the model file", told, made, unlisted)


def contents(version: Version, attempt: Attempt, trial: Trial) -> str:
    """What is in a proposal, and how to check it."""
    unit = escape(trial.comparison.unit)
    facts = {
        "trained on": f"{count_of(version.datasets, unit)}, {count_of(version.rows, 'rows')}",
        "never trained on": count_of(trial.holdout, unit),
        "estimator": f"{code(version.estimator)} {code(str(dict(version.params))) if version.params else ''}",
        "target": code(version.target),
        "features": ", ".join(code(name) for name in version.features[:LISTED]),
        **({"weight of a row": code(version.weight)} if version.weight else {}),
        "sha256": code(version.sha256),
        "size": f"{version.size:,} bytes",
        "libraries": ", ".join(f"{name} {number}" for name, number in version.libraries.items()),
        "data tree": code(version.data_tree),
        "fingerprint": code(version.fingerprint),
        "attempt": link(code(attempt.id), attempt.run_url),
    }
    return table(("", ""), facts.items())
