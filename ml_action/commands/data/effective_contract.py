"""The effective contract: what was learned of each column, with the user's rules laid over it.

A rule is hard, one value outside it sets a dataset aside; what was learned is soft, and looks at shares of rows. So the
rules that are made of what was learned leave room.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ml_action.config.column_rules import ColumnRule
from ml_action.config.settings import CONFIG_FILE, Settings
from ml_action.core.records.contract import ColumnProfile, DataContract

ROOM = 0.5  # of the range that was seen, on each side
RULE = CONFIG_FILE


@dataclass(frozen=True)
class ColumnRequirement:
    """What is asked of one column, and who asks it."""

    column: str
    type: str
    low: float | None
    high: float | None
    categories: tuple[str, ...]
    missing: float | None  # share of a dataset's rows
    source: str
    asked: bool = True  # False: the user asks nothing of the column


@dataclass(frozen=True)
class EffectiveContract:
    """The effective contract of a model's datasets."""

    learned: DataContract
    source: str  # of what was learned, in words
    demands: tuple[ColumnRequirement, ...]
    unit: str = "datasets"  # of which so many taught it


@dataclass(frozen=True)
class LearnedContract:
    """What the data taught, and where it was learned, in words."""

    contract: DataContract
    source: str


def effective_contract(learned: LearnedContract, settings: Settings) -> EffectiveContract:
    """Returns the contract that the next attempt will check datasets against."""
    demands = merge_rules(learned.contract, settings.data.contract, learned.source)
    return EffectiveContract(learned.contract, learned.source, demands, unit_name(settings))


def unit_name(settings: Settings) -> str:
    """Returns the name of what the counts of a contract count."""
    return "groups of rows" if settings.data.unit == "rows" else "datasets"


def merge_rules(contract: DataContract, rules: Iterable[ColumnRule], source: str) -> tuple[ColumnRequirement, ...]:
    """Column by column; a rule takes the place of what was learned about the same thing."""
    stated = {rule.name: rule for rule in rules}
    known = [_demand(profile, stated.get(profile.name), source) for profile in contract.columns]
    named = {profile.name for profile in contract.columns}
    return (*known, *(_ruled(rule) for rule in stated.values() if rule.name not in named))


def _demand(profile: ColumnProfile, rule: ColumnRule | None, source: str) -> ColumnRequirement:
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


def _ruled(rule: ColumnRule) -> ColumnRequirement:
    """A column that only the user knows."""
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


# --- rules made of what was learned -----------------------------------------------------------------------


def proposals(contract: DataContract, stated: Collection[str]) -> dict[str, dict[str, object]]:
    """A table for each column that the user has stated nothing of; in the order of the contract."""
    return {profile.name: _proposal(profile) for profile in contract.columns if profile.name not in stated}


def _proposal(profile: ColumnProfile) -> dict[str, object]:
    table: dict[str, object] = {"type": profile.kind}
    if profile.kind == "number" and profile.sketch:
        low, high = widen(profile.sketch[0], profile.sketch[-1])
        table |= {name: value for name, value in (("min", low), ("max", high)) if math.isfinite(value)}
    if profile.kind == "text" and profile.categories:
        table["categories"] = sorted(profile.categories)
    return table


def widen(low: float, high: float) -> tuple[float, float]:
    """The range widened by half on each side, in round numbers; what was never negative (or positive) stays so."""
    room = ROOM * ((high - low) or abs(high) or 1.0)
    step = 10.0 ** math.floor(math.log10(room)) / 2 if 0 < room < math.inf else 0.0
    ends = [(low - room) / step, (high + room) / step] if step else [math.inf]
    if not all(math.isfinite(end * step) for end in ends):
        return low, high  # the smallest and the largest numbers of all
    down, up = _plain(math.floor(ends[0]) * step), _plain(math.ceil(ends[1]) * step)
    if not math.isfinite(down) or not math.isfinite(up):
        return low, high
    down, up = max(down, 0) if low >= 0 else down, min(up, 0) if high <= 0 and low < 0 else up
    return _whole(min(low, down)), _whole(max(high, up))


def _plain(value: float) -> float:
    """Without the last bits of a division."""
    return float(f"{value:.12g}")


def _whole(value: float) -> float:
    """A whole number as such."""
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else value
