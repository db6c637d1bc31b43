"""What the doctor found, as lines for a terminal, as Markdown, and as data. Pure.

Names of branches, checks and workflows are other people's words: in Markdown they are escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ml_action.core.codec import encode
from ml_action.core.markdown import code, escape, table
from ml_action.core.records.choices import Autonomy
from ml_action.core.records.diagnosis import Diagnosis, Finding, Severity
from ml_action.core.records.repository_facts import TokenInfo
from ml_action.doctor.checks import run_checks
from ml_action.doctor.diagnosis import sentence

HEADS = {
    Severity.STOPS: "stops",
    Severity.MAY: "may stop",
    Severity.NOTE: "good to know for",
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
        asked = "  <- asked for" if rung is found.aim.autonomy else ""
        yield f"  {rung:<8} {_answer(found, rung)}{asked}"
    for number, one in enumerate(found.findings, 1):
        yield ""
        yield f"{number}. {HEADS[one.weight]} {one.rung}: {one.what}"
        yield f"   what happens: {one.happens}"
        yield f"   mend it:      {one.fix}"


def markdown(found: Diagnosis) -> Iterator[str]:
    """The same for the job summary."""
    facts = found.facts
    who = [("`token`", escape(_bearer(facts.author)))]
    who += [("`approver-token`", escape(_bearer(facts.approver) if facts.approver else "none"))]
    yield table(("", ""), [("repository", code(facts.repository)), ("base branch", code(facts.base.branch)), *who])
    rungs = ((_rung(found, rung), escape(_answer(found, rung))) for rung in Autonomy)
    yield table(("autonomy", ""), rungs)
    shown = run_checks(facts, found.aim, escape).findings  # the same, with other people's words escaped
    yield "\n".join(f"{number}. {_item(one)}" for number, one in enumerate(shown, 1))


def to_json(found: Diagnosis) -> dict[str, Any]:
    """The same for a program."""
    return {
        "works": str(found.works) if found.works else "",
        "asked": str(found.aim.autonomy),
        "enough": found.enough,
        "reason": sentence(found),
        "findings": [encode(one) for one in found.findings],
        "facts": encode(found.facts),
    }


def _item(one: Finding) -> str:
    head = f"**{HEADS[one.weight].capitalize()} {one.rung}:** {one.what}."
    return f"{head}<br>What happens: {one.happens}.<br>Mend it: {one.fix}."


def _rung(found: Diagnosis, rung: Autonomy) -> str:
    return f"**`{rung}`** (asked for)" if rung is found.aim.autonomy else f"`{rung}`"


def _bearer(bearer: TokenInfo) -> str:
    """Whose token it is, of which kind, and whether it may write."""
    who = f" ({bearer.login})" if bearer.login else ""
    scopes = f", scopes: {', '.join(bearer.scopes) or 'none'}" if bearer.scopes is not None else ""
    return f"{bearer.kind}{who}, may write contents: {MARKS[bearer.push]}{scopes}"


def _answer(found: Diagnosis, rung: Autonomy) -> str:
    """Whether a rung works, and if not, because of which finding."""
    numbered = tuple(enumerate(found.findings, 1))
    stops = [number for number, one in numbered if _holds(one, rung, Severity.STOPS)]
    doubts = [number for number, one in numbered if _holds(one, rung, Severity.MAY)]
    if stops:
        return f"does not work: {_listed(stops)}"
    return f"works, as far as can be known: see {_listed(doubts)}" if doubts else "works"


def _holds(one: Finding, rung: Autonomy, weight: Severity) -> bool:
    return one.weight is weight and one.concerns(rung)


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))
