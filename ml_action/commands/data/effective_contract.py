"""The effective contract: what was learned about each column, overridden by the user's rules.

A rule is hard: a single value outside of it sets a dataset aside. A learned contract is soft: it allows a share of the
rows. So the rules that are proposed from a learned contract are wider than the data.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ml_action.config.column_rules import ColumnRule
from ml_action.config.settings import CONFIG_FILE, Settings
from ml_action.core.records.contract import ColumnProfile, DataContract

ROOM = 0.5  # of the range that was seen, on each side
RULE = CONFIG_FILE


@dataclass(frozen=True)
class ColumnRequirement:
    """What a column has to hold, and where that comes from."""

    column: str
    type: str
    low: float | None
    high: float | None
    categories: tuple[str, ...]
    missing: float | None  # share of a dataset's rows
    source: str
    asked: bool = True  # False: a rule of the user turns the checks of the column off


@dataclass(frozen=True)
class EffectiveContract:
    """The effective contract of a model's datasets."""

    learned: DataContract
    source: str  # of the learned part, in words
    requirements: tuple[ColumnRequirement, ...]
    unit: str = "datasets"  # that the counts of the learned part count


@dataclass(frozen=True)
class LearnedContract:
    """A learned contract, and what it was learned from, in words."""

    contract: DataContract
    source: str


def effective_contract(learned: LearnedContract, settings: Settings) -> EffectiveContract:
    """Returns the contract that the next attempt will check datasets against."""
    requirements = merge_rules(learned.contract, settings.data.contract, learned.source)
    return EffectiveContract(learned.contract, learned.source, requirements, unit_name(settings))


def unit_name(settings: Settings) -> str:
    """Returns the name of what the counts of a contract count."""
    return "groups of rows" if settings.data.unit == "rows" else "datasets"


def merge_rules(contract: DataContract, rules: Iterable[ColumnRule], source: str) -> tuple[ColumnRequirement, ...]:
    """Returns the requirements, column by column. A rule replaces what was learned about the same property."""
    stated = {rule.name: rule for rule in rules}
    known = [_requirement(profile, stated.get(profile.name), source) for profile in contract.columns]
    named = {profile.name for profile in contract.columns}
    return (*known, *(_of_rule(rule) for rule in stated.values() if rule.name not in named))


def _requirement(profile: ColumnProfile, rule: ColumnRule | None, source: str) -> ColumnRequirement:
    low, high = (profile.sketch[0], profile.sketch[-1]) if profile.sketch else (None, None)
    found = ColumnRequirement(
        profile.name, profile.kind, low, high, tuple(profile.categories), profile.most_missing, source
    )
    if rule is None:
        return found
    if rule.check is False:
        return ColumnRequirement(profile.name, rule.type or profile.kind, None, None, (), None, RULE, asked=False)
    ranged = rule.min is not None or rule.max is not None
    return ColumnRequirement(
        profile.name,
        rule.type or profile.kind,
        rule.min if ranged else low,
        rule.max if ranged else high,
        found.categories if rule.categories is None else rule.categories,
        found.missing if rule.missing is None else rule.missing,
        f"{RULE}, {source}",
    )


def _of_rule(rule: ColumnRule) -> ColumnRequirement:
    """Returns the requirement for a column that only the user's rules name."""
    return ColumnRequirement(
        rule.name,
        rule.type or "",
        rule.min,
        rule.max,
        rule.categories or (),
        rule.missing,
        RULE,
        rule.check is not False,
    )


# --- rules proposed from a learned contract -----------------------------------------------------------------------


def proposals(contract: DataContract, stated: Collection[str]) -> dict[str, dict[str, object]]:
    """Returns a table for each column without a rule of the user, in the order of the contract."""
    return {profile.name: _proposal(profile) for profile in contract.columns if profile.name not in stated}


def _proposal(profile: ColumnProfile) -> dict[str, object]:
    table: dict[str, object] = {"type": profile.kind}
    if profile.kind in ("date", "number") and len(profile.forms) == 1:
        table["format"] = profile.forms[0]
    if profile.kind == "number" and profile.sketch:
        low, high = widen(profile.sketch[0], profile.sketch[-1])
        table |= {name: value for name, value in (("min", low), ("max", high)) if math.isfinite(value)}
    if profile.kind == "text" and profile.categories:
        table["categories"] = sorted(profile.categories)
    return table


class ValueRange(NamedTuple):
    """The least and the largest value."""

    low: float
    high: float


def widen(low: float, high: float) -> ValueRange:
    """Returns the range widened by half on each side, in round numbers; it does not cross zero."""
    room = ROOM * ((high - low) or abs(high) or 1.0)
    step = 10.0 ** math.floor(math.log10(room)) / 2 if 0 < room < math.inf else 0.0
    ends = [(low - room) / step, (high + room) / step] if step else [math.inf]
    if not all(math.isfinite(end * step) for end in ends):
        return ValueRange(low, high)  # near the limits of floating point
    down, up = _plain(math.floor(ends[0]) * step), _plain(math.ceil(ends[1]) * step)
    if not math.isfinite(down) or not math.isfinite(up):
        return ValueRange(low, high)
    down, up = max(down, 0) if low >= 0 else down, min(up, 0) if high <= 0 and low < 0 else up
    return ValueRange(_whole(min(low, down)), _whole(max(high, up)))


def _plain(value: float) -> float:
    """Returns the value without the last bits of a division."""
    return float(f"{value:.12g}")


def _whole(value: float) -> float:
    """Returns a whole number as an integer."""
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else value
