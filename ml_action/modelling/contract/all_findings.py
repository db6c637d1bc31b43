"""All findings about one dataset, for the user who fixes it. Checks of many datasets stop at the first finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ml_action.config.column_rules import ColumnRule
from ml_action.core.records.contract import ColumnProfile, DataContract
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.modelling.contract import checks
from ml_action.modelling.kinds import typed_table
from ml_action.modelling.kinds.learning import known_kinds
from ml_action.modelling.reading.limits import ReadLimits
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation import column_rules, datasets
from ml_action.modelling.validation.rejections import Rejections
from ml_action.modelling.validation.requirements import Requirements


def all_findings(
    dataset: Dataset, content: bytes | None, contract: DataContract, rules: Sequence[ColumnRule], limits: ReadLimits
) -> tuple[RejectedDataset, ...]:
    """Returns each finding once, in the order of lines.

    Findings that need other datasets, such as repeated rows of theirs, are not included.
    """
    table, rejected = typed_table.read((dataset,), lambda: (content,), limits, known=known_kinds(contract, rules))
    if rejected:
        return rejected
    found: dict[str, RejectedDataset] = {}
    clean = []
    for profile in contract.columns:
        own = list(_in_column(table, profile, rules, is_target=profile.name in contract.outputs))
        found |= {item.reason: item for item in reversed(own)}
        clean += [] if own or profile.name not in table.frame.columns else [profile]
    for columns in (clean, *([profile] for profile in clean)) if clean else ():
        found = {item.reason: item for item in _learned(table, contract, columns, rules)} | found
    return tuple(sorted(found.values(), key=lambda item: item.line))


def _in_column(
    table: Table, profile: ColumnProfile, rules: Sequence[ColumnRule], *, is_target: bool
) -> Iterator[RejectedDataset]:
    """Yields what is wrong with one column: its absence, text or infinity in it, each of the user's rules."""
    rule = next((rule for rule in rules if rule.name == profile.name), ColumnRule(profile.name))
    rejections = Rejections(table)
    if profile.name not in table.frame.columns:
        if rule.required is not False or is_target:
            datasets.check_presence(rejections, profile.name)
        yield from rejections.rejected
        return
    kind = rule.type or profile.kind
    unchecked = rule.check is False and not rule.type and not is_target
    holds_numbers = kind == "number" and not unchecked
    known = Requirements((), rules=[ColumnRule(profile.name, type="number")] if holds_numbers else [])
    parsed = datasets.parse_numbers(table, known, (profile.name,)) if holds_numbers else {}
    datasets.check_values(rejections, profile.name, parsed.get(profile.name), holds_numbers=holds_numbers)
    datasets.check_dates(rejections, profile.name)
    yield from rejections.rejected
    for name in ("type", "min", "max", "categories", "missing"):
        rejections = Rejections(table)
        column_rules.apply_rule(rejections, ColumnRule(profile.name, **{name: getattr(rule, name)}))
        yield from rejections.rejected


def _learned(
    table: Table, contract: DataContract, columns: Sequence[ColumnProfile], rules: Sequence[ColumnRule]
) -> tuple[RejectedDataset, ...]:
    """Returns what does not fit the contract in these columns."""
    has_target = any(profile.name in contract.outputs for profile in columns)
    part = replace(contract, columns=tuple(columns), constant=contract.constant if has_target else 1.0)
    if len(columns) < len(contract.columns):  # in a part of their columns, rows repeat by chance
        part = replace(part, repeated=1.0, shared=1.0)
    return checks.check_against_contract(table, part, rules, np.ones(1, dtype=bool), np.zeros(1, dtype=bool))
