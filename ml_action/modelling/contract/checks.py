"""Each new dataset by itself, against the learned data contract: what is bad in it, in words with numbers.

The contract is soft and cautious: drift is what the loop is for, so only what no drift explains is bad: a column scaled
by a usual factor, two columns in each other's place, most values far out of every range seen, a target that says
nothing, rows that were there before. What a user demands of a column is hard, and judged before (`demands`).

No validation library does this per dataset: pandera and Great Expectations judge one frame by rules that somebody
wrote, and bring a second of start and more packages than this action has. Here ten thousand datasets are judged
together, in milliseconds, by what was learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from ml_action.config.column_rules import ColumnRule
from ml_action.core.formatting import percent, quoted_list, sanitised
from ml_action.core.records.contract import ColumnProfile, DataContract
from ml_action.core.records.dataset import RejectedDataset
from ml_action.modelling.contract import unit_errors
from ml_action.modelling.reading import column_statistics
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation import repeated_rows
from ml_action.modelling.validation.rejections import Rejections

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

MIN_REFERENCE = 20  # datasets from which a contract can be learned
OUT_OF_RANGE, UNKNOWN, UNKNOWN_CLASS = 0.2, 0.5, 0.2  # shares of a dataset's rows that are too many
EMPTY, REPEATED, LEAKED = 0.5, 0.5, 0.2
MORE_EMPTY, DEVIATIONS = 0.25, 3  # ... and by so much more than was usual, and than few rows reach by chance
FEW = 3  # rows that may repeat by chance
MOST = 0.9  # of few datasets, of which some may be bad: what this share does not exceed counts as usual
RARELY = 0.01  # share of the datasets
LEAK = "has {n} of its {rows} rows from {origin}, which no model may learn from (holdout): a leak"
SHARED = "has {n} of its {rows} rows from {origin}; if files grow by design, set unit to rows"
REPEATING = "repeats itself: {n} of {rows} rows are copies of earlier ones in it"


def check_against_contract(
    table: Table, contract: DataContract, rules: Sequence[ColumnRule], new: Flags, holdout: Flags
) -> tuple[RejectedDataset, ...]:
    """The bad ones among the marked datasets, with reasons.

    `holdout` marks the datasets that no version trains on: others may not hold their rows. A rule takes the place of
    what was learned about the same thing.
    """
    verdicts = Rejections(table, new)
    demanded = {rule.name: rule for rule in rules}
    if contract.datasets >= MIN_REFERENCE:
        asked = [item for item in contract.columns if item.name in table.frame and not _is_free(item.name, demanded)]
        unit_errors.judge(verdicts, asked, contract)
        for profile in asked:
            _judge_column(verdicts, profile, demanded.get(profile.name), is_target=profile.name in contract.outputs)
        for name in contract.outputs:
            if not _is_free(name, demanded):
                _judge_target(verdicts, contract, name)
    _judge_repeats(verdicts, contract, new, holdout)
    return verdicts.set_aside


def _is_free(name: str, demanded: dict[str, ColumnRule]) -> bool:
    return name in demanded and demanded[name].check is False


def _judge_column(verdicts: Rejections, profile: ColumnProfile, rule: ColumnRule | None, *, is_target: bool) -> None:
    """Missing values, range, categories: what no rule speaks of."""
    rule = rule or ColumnRule(profile.name)
    if rule.missing is None and not is_target:
        _judge_missing(verdicts, profile)
    if rule.min is None and rule.max is None and profile.sketch:
        _judge_range(verdicts, profile)
    if rule.categories is None and profile.categories:
        _judge_categories(verdicts, profile, UNKNOWN_CLASS if is_target else UNKNOWN)


def _judge_missing(verdicts: Rejections, profile: ColumnProfile) -> None:
    found = column_statistics.missing_shares(verdicts.table, profile.name)
    chance = np.sqrt(profile.missing * (1 - profile.missing) / np.maximum(verdicts.table.counts, 1))
    bad = (found > max(EMPTY, profile.most_missing)) & (found - profile.missing > MORE_EMPTY + DEVIATIONS * chance)
    bad &= verdicts.table.has(profile.name)  # whether it may lack the column is the user's rule
    said = f"of its rows (usually {percent(profile.missing, 0)})"
    named = f"lacks the value of '{sanitised(profile.name)}' in"
    verdicts.against(bad, lambda place: f"{named} {percent(found[place], 0)} {said}")


def _judge_range(verdicts: Rejections, profile: ColumnProfile) -> None:
    column = verdicts.table.frame[profile.name]
    low, high = profile.sketch[0], profile.sketch[-1]
    if high <= low or not column_statistics.is_number(column):
        return
    values = column.to_numpy(dtype=np.float64)
    span = high - low
    outside = (values < low - span) | (values > high + span)
    found = column_statistics.shares(verdicts.table, outside)
    said = f"of its values of '{sanitised(profile.name)}' far outside {low:.6g} to {high:.6g}, the range so far"

    def reason(place: int) -> str:
        rows = verdicts.rows_of(place)
        first = values[rows][outside[rows]][0]
        return f"has {percent(found[place], 0)} {said}: the first is {first:.6g}"

    verdicts.against(found > OUT_OF_RANGE, reason)


def _judge_categories(verdicts: Rejections, profile: ColumnProfile, limit: float) -> None:
    if profile.novel > RARELY:
        return  # a new dataset often brings a category of its own, such as the town of a user
    column = verdicts.table.frame[profile.name]
    strange = (column.notna() & ~column_statistics.words(column).isin(list(profile.categories))).to_numpy()
    found = column_statistics.shares(verdicts.table, strange)
    known = quoted_list(name for name, _ in sorted(profile.categories.items(), key=lambda item: -item[1]))
    said = f"of its values of '{sanitised(profile.name)}' unknown,"

    def reason(place: int) -> str:
        rows = verdicts.rows_of(place)
        first = sanitised(column.iloc[rows][strange[rows]].iloc[0], 40)
        return f"has {percent(found[place], 0)} {said} such as '{first}'; known are {known}"

    verdicts.against(found > limit, reason)


def _judge_target(verdicts: Rejections, contract: DataContract, name: str) -> None:
    """A target that never varies within a dataset, where it nearly always did."""
    if contract.constant <= RARELY:
        same = column_statistics.is_constant(verdicts.table, name)
        usual = f"usual for {percent(contract.constant)} of the datasets"
        verdicts.against(same, f"has the same value of the target '{sanitised(name)}' in every row ({usual})")


def _judge_repeats(verdicts: Rejections, contract: DataContract, new: Flags, holdout: Flags) -> None:
    table, columns = verdicts.table, [profile.name for profile in contract.columns]
    found = repeated_rows.find(table, ~new, columns)
    held = repeated_rows.find(table, holdout, columns)  # whatever a file is called, what is held out was there first
    shared = max(contract.shared, _usual(column_statistics.shares(table, found.across), contract, new))
    repeated = max(contract.repeated, _usual(column_statistics.shares(table, found.within), contract, new))
    leaked = held.across & holdout[held.source] & ~holdout[table.cluster]
    for where, rows, limit, reason in (
        (held, leaked, max(LEAKED, 2 * shared), LEAK),
        (found, found.across, max(REPEATED, 2 * shared), SHARED),
        (found, found.within, max(REPEATED, 2 * repeated), REPEATING),
    ):
        marked = column_statistics.shares(table, rows)
        bad = (marked > limit) & (marked * table.counts > FEW - 0.5)
        verdicts.against(bad, partial(_of_repeats, reason, verdicts, where, rows))


def _usual(shares: Floats, contract: DataContract, new: Flags) -> float:
    """What the datasets of today hardly exceed: the more of them there are, the more rows are alike by chance."""
    if contract.datasets >= MIN_REFERENCE and not new.all():
        return float(np.quantile(shares[~new], 1 - RARELY))
    return 0.0 if contract.datasets >= MIN_REFERENCE else float(np.quantile(shares, MOST))


def _of_repeats(reason: str, verdicts: Rejections, found: repeated_rows.RepeatedRows, rows: Flags, place: int) -> str:
    """The reason with its numbers, and where the rows come from: the dataset with most of them is named."""
    mine = verdicts.rows_of(place)
    sources, times = np.unique(found.source[mine][rows[mine]], return_counts=True)
    origin = verdicts.table.datasets[int(sources[times.argmax()])].path
    others = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    return reason.format(n=times.sum(), rows=mine.stop - mine.start, origin=f"'{sanitised(origin, 120)}'{others}")
