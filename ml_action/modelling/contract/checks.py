"""Each new dataset by itself, compared with the learned data contract: what is bad in it, in words with numbers.

The contract is soft and cautious: drift is what the loop is for, so only what drift does not explain is bad: a column
scaled by a usual factor, two columns in each other's place, most values far outside every range seen, a target that
never varies, rows that were there before. The user's rules for a column are hard, and were applied before
(`validation.column_rules`).

No validation library does this per dataset: pandera and Great Expectations check one frame by rules that the user
writes, and bring a second of start and more packages than this action has. Here ten thousand datasets are checked
together, in milliseconds, by what was learned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.config.column_rules import ColumnRule
from ml_action.core.category_digest import digest
from ml_action.core.cells import Cell, Reason, Sentence
from ml_action.core.formatting import percent, quoted_list, sanitised
from ml_action.core.records.contract import ColumnProfile, DataContract
from ml_action.core.records.dataset import RejectedDataset
from ml_action.modelling.contract import unit_errors
from ml_action.modelling.reading import column_statistics
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation.duplicates import RepeatedRows, find_repeated_rows
from ml_action.modelling.validation.rejections import Rejections

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

MIN_REFERENCE = 20  # datasets from which a contract can be learned
OUT_OF_RANGE, UNKNOWN, UNKNOWN_CLASS = 0.2, 0.5, 0.2  # shares of a dataset's rows that are too many
EMPTY, REPEATED, LEAKED = 0.5, 0.5, 0.2
MORE_EMPTY, DEVIATIONS = 0.25, 3  # ... and by so much more than usual, and than few rows reach by chance
FEW = 3  # rows that may repeat by chance
MOST = 0.9  # of few datasets, some of which may be bad: what this share does not exceed is usual
RARELY = 0.01  # share of the datasets
LEAK = "has {n} of its {rows} rows from {origin}, which no model may learn from (holdout): a leak"
SHARED = "has {n} of its {rows} rows from {origin}; if files grow by design, set unit to rows"
REPEATING = "repeats itself: {n} of {rows} rows are copies of earlier ones in it"


def check_against_contract(
    table: Table, contract: DataContract, rules: Sequence[ColumnRule], new: Flags, holdout: Flags
) -> tuple[RejectedDataset, ...]:
    """Returns the bad ones among the datasets that `new` marks, with reasons.

    `holdout` marks the datasets that no version trains on: others may not hold their rows. A rule replaces what was
    learned about the same thing.
    """
    rejections = Rejections(table, new)
    rule_of = {rule.name: rule for rule in rules}
    if contract.datasets >= MIN_REFERENCE:
        checked = [
            profile
            for profile in contract.columns
            if profile.name in table.frame and not _is_unchecked(profile.name, rule_of)
        ]
        unit_errors.reject_unit_errors(rejections, checked, contract)
        for profile in checked:
            _check_column(rejections, profile, rule_of.get(profile.name), is_target=profile.name in contract.outputs)
        for name in contract.outputs:
            if not _is_unchecked(name, rule_of):
                _check_target(rejections, contract, name)
    _check_repeats(rejections, contract, new, holdout)
    return rejections.rejected


def _is_unchecked(name: str, rule_of: Mapping[str, ColumnRule]) -> bool:
    return name in rule_of and rule_of[name].check is False


def _check_column(rejections: Rejections, profile: ColumnProfile, rule: ColumnRule | None, *, is_target: bool) -> None:
    """Checks missing values, range and categories, as far as no rule does."""
    rule = rule or ColumnRule(profile.name)
    if rule.missing is None and not is_target:
        _check_missing(rejections, profile)
    if rule.min is None and rule.max is None and profile.sketch:
        _check_range(rejections, profile)
    if rule.categories is None and profile.shares:
        _check_categories(rejections, profile, UNKNOWN_CLASS if is_target else UNKNOWN)


def _check_missing(rejections: Rejections, profile: ColumnProfile) -> None:
    found = column_statistics.missing_shares(rejections.table, profile.name)
    chance = np.sqrt(profile.missing * (1 - profile.missing) / np.maximum(rejections.table.counts, 1))
    bad = (found > max(EMPTY, profile.most_missing)) & (found - profile.missing > MORE_EMPTY + DEVIATIONS * chance)
    bad &= rejections.table.has(profile.name)  # whether the column may be absent depends on the user's rule
    usual = f"of its rows (usually {percent(profile.missing, 0)})"
    what = f"lacks the value of '{sanitised(profile.name)}' in"
    rejections.reject(bad, lambda place: f"{what} {percent(found[place], 0)} {usual}")


def _check_range(rejections: Rejections, profile: ColumnProfile) -> None:
    column = rejections.table.frame[profile.name]
    low, high = profile.sketch[0], profile.sketch[-1]
    if high <= low or not column_statistics.is_number(column):
        return
    values = column.to_numpy(dtype=np.float64)
    span = high - low
    outside = (values < low - span) | (values > high + span)
    found = column_statistics.shares(rejections.table, outside)
    what = f"of its values of '{sanitised(profile.name)}' far outside {low:.6g} to {high:.6g}, the range so far"

    def reason(place: int) -> Reason:
        rows = rejections.rows_of(place)
        first = values[rows][outside[rows]][0]
        return Sentence(f"has {percent(found[place], 0)} {what}: the first is ", Cell(f"{first:.6g}"))

    rejections.reject(found > OUT_OF_RANGE, reason)


def _check_categories(rejections: Rejections, profile: ColumnProfile, limit: float) -> None:
    if profile.novel > RARELY:
        return  # a new dataset often brings a category of its own, such as the town of a user
    column = rejections.table.frame[profile.name]
    unknown = (column.notna() & ~_category_names(column, profile).isin(list(profile.shares))).to_numpy()
    found = column_statistics.shares(rejections.table, unknown)
    known = quoted_list(name for name, _ in sorted(profile.categories.items(), key=lambda item: -item[1]))
    known = known or f"{len(profile.digests)} that are not stored as text"
    what = f"of its values of '{sanitised(profile.name)}' unknown,"

    def reason(place: int) -> Reason:
        rows = rejections.rows_of(place)
        first = Cell(sanitised(column.iloc[rows][unknown[rows]].iloc[0], 40))
        return Sentence(f"has {percent(found[place], 0)} {what} such as '", first, f"'; known are {known}")

    rejections.reject(found > limit, reason)


def _category_names(column: pd.Series, profile: ColumnProfile) -> pd.Series:
    """Returns the categories as the profile names them: as text, or as digests of it."""
    text = column_statistics.as_text(column)
    return text.map({value: digest(profile.key, value) for value in text.dropna().unique()}) if profile.key else text


def _check_target(rejections: Rejections, contract: DataContract, name: str) -> None:
    """Rejects a target that never varies within a dataset, if it nearly always did before."""
    if contract.constant <= RARELY:
        same = column_statistics.is_constant(rejections.table, name)
        usual = f"usual for {percent(contract.constant)} of the datasets"
        rejections.reject(same, f"has the same value of the target '{sanitised(name)}' in every row ({usual})")


def _check_repeats(rejections: Rejections, contract: DataContract, new: Flags, holdout: Flags) -> None:
    table, columns = rejections.table, [profile.name for profile in contract.columns]
    found = find_repeated_rows(table, ~new, columns)
    held = find_repeated_rows(table, holdout, columns)  # whatever a file is called, the holdout counts as earlier
    shared = max(contract.shared, _usual(column_statistics.shares(table, found.across), contract, new))
    repeated = max(contract.repeated, _usual(column_statistics.shares(table, found.within), contract, new))
    leaked = held.across & holdout[held.source] & ~holdout[table.cluster]
    for repeats, rows, limit, reason in (
        (held, leaked, max(LEAKED, 2 * shared), LEAK),
        (found, found.across, max(REPEATED, 2 * shared), SHARED),
        (found, found.within, max(REPEATED, 2 * repeated), REPEATING),
    ):
        marked = column_statistics.shares(table, rows)
        bad = (marked > limit) & (marked * table.counts > FEW - 0.5)
        rejections.reject(bad, partial(_repeats_reason, reason, rejections, repeats, rows))


def _usual(shares: Floats, contract: DataContract, new: Flags) -> float:
    """Returns the share that today's datasets rarely exceed: the more there are, the more rows are alike by chance."""
    if contract.datasets >= MIN_REFERENCE and not new.all():
        return float(np.quantile(shares[~new], 1 - RARELY))
    return 0.0 if contract.datasets >= MIN_REFERENCE else float(np.quantile(shares, MOST))


def _repeats_reason(reason: str, rejections: Rejections, repeats: RepeatedRows, rows: Flags, place: int) -> str:
    """Fills in the numbers, and the dataset from which most of the rows come."""
    own = rejections.rows_of(place)
    sources, times = np.unique(repeats.source[own][rows[own]], return_counts=True)
    origin = rejections.table.datasets[int(sources[times.argmax()])].path
    others = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    return reason.format(n=times.sum(), rows=own.stop - own.start, origin=f"'{sanitised(origin, 120)}'{others}")
