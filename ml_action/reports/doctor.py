"""What the doctor found, as lines for a terminal, as Markdown, and as data. Pure.

Names of branches, checks and workflows are other people's words: in Markdown they are escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ml_action.core.codec import encode
from ml_action.core.formatting import count_of
from ml_action.core.markdown import code, escape, table
from ml_action.core.records.choices import Autonomy
from ml_action.core.records.diagnosis import Diagnosis, Finding, Severity
from ml_action.core.records.repository_facts import TokenInfo
from ml_action.doctor.checks import run_checks

HEADS = {
    Severity.BLOCKS: "stops",
    Severity.MAY_BLOCK: "may stop",
    Severity.INFO: "good to know for",
}
MARKS = {True: "yes", False: "no", None: "not told"}


def lines(found: Diagnosis) -> Iterator[str]:
    """The whole report as plain text."""
    facts = found.facts
    yield f"{facts.repository}, base branch {facts.base.branch}"
    yield f"  token           {_bearer(facts.author)}"
    yield f"  approver-token  {_bearer(facts.approver) if facts.approver else 'none'}"
    yield ""
    for rung in Autonomy:
        asked = "  <- asked for" if rung is found.goal.autonomy else ""
        yield f"  {rung:<8} {_answer(found, rung)}{asked}"
    for number, one in enumerate(found.findings, 1):
        yield ""
        yield f"{number}. {HEADS[one.severity]} {one.level}: {one.what}"
        yield f"   what happens: {one.consequence}"
        yield f"   mend it:      {one.fix}"


def markdown(found: Diagnosis) -> Iterator[str]:
    """The same for the job summary."""
    facts = found.facts
    who = [("`token`", escape(_bearer(facts.author)))]
    who += [("`approver-token`", escape(_bearer(facts.approver) if facts.approver else "none"))]
    yield table(("", ""), [("repository", code(facts.repository)), ("base branch", code(facts.base.branch)), *who])
    rungs = ((_rung(found, rung), escape(_answer(found, rung))) for rung in Autonomy)
    yield table(("autonomy", ""), rungs)
    shown = run_checks(facts, found.goal, escape).findings  # the same, with other people's words escaped
    yield "\n".join(f"{number}. {_item(one)}" for number, one in enumerate(shown, 1))


def to_json(found: Diagnosis) -> dict[str, Any]:
    """The same for a program."""
    return {
        "works": str(found.achievable) if found.achievable else "",
        "asked": str(found.goal.autonomy),
        "enough": found.sufficient,
        "reason": sentence(found),
        "findings": [_finding(one) for one in found.findings],
        "facts": encode(found.facts),
    }


def _finding(found: Finding) -> dict[str, Any]:
    """Returns a finding under the names that programs read."""
    return {
        "name": found.name,
        "rung": str(found.level),
        "weight": str(found.severity),
        "what": found.what,
        "happens": found.consequence,
        "fix": found.fix,
        "alone": found.this_level_only,
        "loses": found.loses_training,
    }


def sentence(diagnosis: Diagnosis) -> str:
    """Returns the result of a diagnosis as one sentence."""
    achievable, goal = diagnosis.achievable, diagnosis.goal.autonomy
    if achievable is None:
        return f"no autonomy will work here: {diagnosis.fatal[0].what}"
    if not diagnosis.sufficient:
        return f"autonomy {goal} will not work here, {achievable} will: {diagnosis.obstacles[0].what}"
    unknown = sum(_holds(one, goal, Severity.MAY_BLOCK) for one in diagnosis.findings)
    if unknown:
        things = count_of(unknown, "things")
        return f"autonomy {goal} may work here: nothing known stops it, {things} cannot be known beforehand"
    return f"autonomy {goal} will work here" + (f", and so would {achievable}" if achievable is not goal else "")


def next_step(diagnosis: Diagnosis) -> str:
    """Returns what to do next."""
    if diagnosis.sufficient:
        return "nothing has to be done; each finding below says what would change it"
    return diagnosis.obstacles[0].fix


def _item(one: Finding) -> str:
    head = f"**{HEADS[one.severity].capitalize()} {one.level}:** {one.what}."
    return f"{head}<br>What happens: {one.consequence}.<br>Mend it: {one.fix}."


def _rung(found: Diagnosis, rung: Autonomy) -> str:
    return f"**`{rung}`** (asked for)" if rung is found.goal.autonomy else f"`{rung}`"


def _bearer(bearer: TokenInfo) -> str:
    """Whose token it is, of which kind, and whether it may write."""
    who = f" ({bearer.login})" if bearer.login else ""
    scopes = f", scopes: {', '.join(bearer.scopes) or 'none'}" if bearer.scopes is not None else ""
    return f"{bearer.kind}{who}, may write contents: {MARKS[bearer.push]}{scopes}"


def _answer(found: Diagnosis, rung: Autonomy) -> str:
    """Whether a rung works, and if not, because of which finding."""
    numbered = tuple(enumerate(found.findings, 1))
    stops = [number for number, one in numbered if _holds(one, rung, Severity.BLOCKS)]
    doubts = [number for number, one in numbered if _holds(one, rung, Severity.MAY_BLOCK)]
    if stops:
        return f"does not work: {_listed(stops)}"
    return f"works, as far as can be known: see {_listed(doubts)}" if doubts else "works"


def _holds(one: Finding, rung: Autonomy, weight: Severity) -> bool:
    return one.severity is weight and one.affects(rung)


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))
