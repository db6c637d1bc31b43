"""Everything that is found against one dataset, for the person who is to mend it: judging many stops at the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ml_action.config.column_rules import ColumnRule
from ml_action.core.records.contract import ColumnProfile, DataContract
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.modelling.contract import checks
from ml_action.modelling.reading import table as frames
from ml_action.modelling.reading.limits import ReadLimits
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation import column_rules, datasets
from ml_action.modelling.validation.rejections import Rejections


def all_findings(
    dataset: Dataset, content: bytes | None, contract: DataContract, rules: Sequence[ColumnRule], limits: ReadLimits
) -> tuple[RejectedDataset, ...]:
    """Each finding once, column by column; what only shows beside other datasets (their rows again) is not among them.

    Raises:
        DataError: it is a Git LFS pointer.
    """
    table, unreadable = frames.read((dataset,), (content,), limits)
    if unreadable:
        return unreadable
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
    """Against one column: its absence, text or infinity in it, each of the user's demands."""
    rule = next((rule for rule in rules if rule.name == profile.name), ColumnRule(profile.name))
    verdicts = Rejections(table)
    if profile.name not in table.frame.columns:
        if rule.required is not False or is_target:
            datasets.judge_presence(verdicts, profile.name)
        yield from verdicts.set_aside
        return
    kind = rule.type or profile.kind
    free = rule.check is False and not rule.type and not is_target
    datasets.judge_values(verdicts, profile.name, kind == "number" and not free)
    yield from verdicts.set_aside
    for name in ("type", "min", "max", "categories", "missing"):
        verdicts = Rejections(table)
        column_rules.apply_rule(verdicts, ColumnRule(profile.name, **{name: getattr(rule, name)}))
        yield from verdicts.set_aside


def _learned(
    table: Table, contract: DataContract, columns: Sequence[ColumnProfile], rules: Sequence[ColumnRule]
) -> tuple[RejectedDataset, ...]:
    """Against what was learned of these columns."""
    has_target = any(profile.name in contract.outputs for profile in columns)
    asked = replace(contract, columns=tuple(columns), constant=contract.constant if has_target else 1.0)
    if len(columns) < len(contract.columns):  # rows repeat in a part of their columns, and mean nothing by it
        asked = replace(asked, repeated=1.0, shared=1.0)
    return checks.check_against_contract(table, asked, rules, np.ones(1, dtype=bool), np.zeros(1, dtype=bool))
