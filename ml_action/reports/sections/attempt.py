"""An attempt: when it was, what was asked of it, what became of it, and what a reader has to know first. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ml_action.core.formatting import count_of, percent
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import Decision
from ml_action.core.records.model import History
from ml_action.core.records.policy import Policy
from ml_action.reports.blocks import (
    Block,
    Bullets,
    Code,
    Facts,
    Heading,
    Inline,
    Labelled,
    Link,
    Strong,
    Text,
    Untrusted,
    section,
    text,
)
from ml_action.reports.sections import rollback
from ml_action.reports.sections.comparison import HEADING, comparison, numbers_of_old_attempt

# --- what a reader has to know first ----------------------------------------------------------------------------


def notice(attempt: Attempt, decision: Decision) -> Text | None:
    """Returns what is unusual about a proposal: a person forced it, or it is a draft for one. Else `None`."""
    if attempt.forced:
        agrees = f"The gate agrees: {decision.reason}"
        verdict = f"The gate's verdict was {decision.overruled}" if decision.overruled else agrees
        return text(
            "{} {}. {}. The bot never approves or merges it.",
            Strong("A person forced this:"), Untrusted(attempt.forced.rstrip(".")), Untrusted(verdict),
        )  # fmt: skip
    if attempt.draft:
        return text(
            "{} {}. The bot never approves or merges it: merge it if you find the data right, or close it.",
            Strong("This is a draft for a person to decide on:"), Untrusted(decision.reason),
        )  # fmt: skip
    return None


def outlook(decision: Decision, next_step: str = "") -> Iterator[Block]:
    """Yields what would change the verdict, unless the next step says so already."""
    if decision.outlook and decision.outlook not in next_step:
        yield Labelled("What would change it", Untrusted(decision.outlook))


# --- what it was ------------------------------------------------------------------------------------------------


def facts(attempt: Attempt, history: History | None) -> Facts:
    """Returns when it was, what was counted, what was asked, and what became of it."""
    details = _of_rollback(attempt) if attempt.rolls_back else _of_training(attempt)
    return Facts(
        (
            ("attempt", Code(attempt.id)),
            ("time", Untrusted(attempt.time.replace("T", " ").replace("Z", " UTC"))),
            ("run", _run(attempt.run_url)),
            *((name, Untrusted(value)) for name, value in details.items() if value),
            ("promotion", Untrusted(outcome_of_promotion(attempt, history))),
            *([("data tree", Code(attempt.data_tree))] if attempt.data_tree else []),
        )
    )


def _run(url: str) -> Inline:
    if url.startswith("https://"):
        return Link("the workflow's run", url)
    return Untrusted(url or "on a local machine")


def _of_training(attempt: Attempt) -> dict[str, str]:
    against = f", against {attempt.champion}" if attempt.champion else ", the first model"
    return {
        "challenger": f"{attempt.version}{against}",
        "new datasets": f"{attempt.new:,} sound, {attempt.set_aside:,} set aside",
        "trained on": _trained_on(attempt),
        "asked for": _asked(attempt.policy) if attempt.policy else "",
    }


def _of_rollback(attempt: Attempt) -> dict[str, str]:
    judged = attempt.comparison
    on = f"on {judged.datasets:,} {judged.unit}" if judged else "on no dataset"
    return {"rollback": f"from {attempt.champion} to {attempt.version}", "scored": on}


def _trained_on(attempt: Attempt) -> str:
    if not attempt.datasets:
        return "nothing"
    found = attempt.comparison
    judged = f", judged on {count_of(found.datasets, found.unit)}" if found else ""
    unit = found.unit if found else "datasets"
    return f"{count_of(attempt.datasets, unit)}, {count_of(attempt.rows, 'rows')}{judged}"


def _asked(policy: Policy) -> str:
    """Returns the policy in a few words."""
    gate = {
        "better": f"better by {percent(policy.min_improvement)} at least",
        "not-worse": f"not worse by {percent(policy.margin)}",
        "higher": "a higher score",
    }
    kept = [f"{rail.metric} within {percent(rail.margin)}" for rail in policy.guardrails]
    kept += [f"no {column} worse" for column in policy.slices]
    sure = f"{percent(policy.confidence, 0)} confidence"
    return ", ".join((gate.get(policy.gate, policy.gate), sure, *kept))


def outcome_of_promotion(attempt: Attempt, history: History | None) -> str:
    """Returns what became of its promotion."""
    if history and any(version.attempt == attempt.id for version in history.versions):
        now = (
            "in production" if history.current == attempt.version else f"it was in production, {history.current} is now"
        )
        return f"merged: {now}"
    if not attempt.commit:
        wanted = attempt.verdict in (Verdict.PROMOTE, Verdict.ROLLBACK)
        return "none: autonomy was report" if wanted else "none: nothing was proposed"
    pull = f"pull request #{attempt.pull_request}" if attempt.pull_request else "its branch"
    endings = {
        "merged": f"{pull} was merged",
        "closed": f"{pull} was closed by a person: the same data will not propose it again",
        "superseded": "superseded: another champion came before it was merged",
        "open": f"{pull} {'is a draft that waits for a person' if attempt.draft else 'is open'}",
    }
    ending = endings.get(attempt.state, f"{pull} is not merged")
    return f"{ending} ({attempt.pull_request_url})" if attempt.pull_request_url else ending


def scores(attempt: Attempt) -> Iterator[Block]:
    """Yields the scores from the journal alone, as far as it holds them."""
    if attempt.rolls_back:
        yield from rollback.scores(attempt)
    elif attempt.comparison:
        yield Heading(HEADING)
        yield from comparison(attempt.comparison, attempt.champion, attempt.version, attempt.policy)
    elif not attempt.decision:
        yield from section(HEADING, Bullets(tuple(numbers_of_old_attempt(attempt))))
