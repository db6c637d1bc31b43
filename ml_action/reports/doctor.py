"""The doctor's report: which autonomy works in a repository, what stops the others, and how to fix it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ml_action.core.codec import encode
from ml_action.core.formatting import count_of
from ml_action.core.records.choices import Autonomy
from ml_action.core.records.diagnosis import Diagnosis, Finding, Severity
from ml_action.core.records.repository_facts import TokenInfo
from ml_action.doctor.checks import GITHUB
from ml_action.doctor.diagnosis import CheckTable
from ml_action.reports.blocks import Blocks, Code, Facts, Inline, Numbered, Strong, Untrusted, text

HEADS = {
    Severity.BLOCKS: "stops",
    Severity.MAY_BLOCK: "may stop",
    Severity.INFO: "good to know for",
}
MARKS = {True: "yes", False: "no", None: "unknown"}


def report(found: Diagnosis, table: CheckTable = GITHUB) -> Blocks:
    """Returns the whole report: the tokens, what each autonomy can expect, and the findings."""
    facts = found.facts
    approver: Inline = Untrusted(_token(facts.approver)) if facts.approver else "none"
    return (
        Facts(
            (
                ("repository", Code(facts.repository)),
                ("base branch", Code(facts.base.branch)),
                ("`token`", Untrusted(_token(facts.author))),
                ("`approver-token`", approver),
            )
        ),
        Facts(tuple((_level(found, level), Untrusted(_answer(found, level))) for level in Autonomy), head="autonomy"),
        Numbered(tuple(_items(found, table))),
    )


def to_json(found: Diagnosis) -> dict[str, Any]:
    """Returns the same for a program."""
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


def _items(found: Diagnosis, table: CheckTable) -> Iterator[tuple[Inline, ...]]:
    """Yields the lines of each finding, from its templates: the names in them are text from outside."""
    checks = {check.name: check for check in table.checks}
    untrusted = {name: Untrusted(value) for name, value in table.untrusted_values(found.facts, found.goal).items()}
    values: dict[str, Inline] = {**untrusted, **table.values(found.facts)}
    for one in found.findings:
        check = checks[one.name]
        yield (
            text("{} {}.", Strong(f"{HEADS[one.severity].capitalize()} {one.level}:"), text(check.what, **values)),
            text("What happens: {}.", text(check.consequence, **values)),
            text("Fix: {}.", text(check.fix, **values)),
        )


def _level(found: Diagnosis, level: Autonomy) -> Inline:
    return text("{} (asked for)", Strong(Code(str(level)))) if level is found.goal.autonomy else Code(str(level))


def _token(token: TokenInfo) -> str:
    """Returns whose token it is, of which kind, and whether it may write."""
    login = f" ({token.login})" if token.login else ""
    scopes = f", scopes: {', '.join(token.scopes) or 'none'}" if token.scopes is not None else ""
    return f"{token.kind}{login}, may write contents: {MARKS[token.push]}{scopes}"


def _answer(found: Diagnosis, level: Autonomy) -> str:
    """Returns whether an autonomy works, and if not, the numbers of the findings that stop it."""
    numbered = tuple(enumerate(found.findings, 1))
    stops = [number for number, one in numbered if _holds(one, level, Severity.BLOCKS)]
    doubts = [number for number, one in numbered if _holds(one, level, Severity.MAY_BLOCK)]
    if stops:
        return f"does not work: {_listed(stops)}"
    return f"works, as far as can be known: see {_listed(doubts)}" if doubts else "works"


def _holds(one: Finding, level: Autonomy, severity: Severity) -> bool:
    return one.severity is severity and one.affects(level)


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))
