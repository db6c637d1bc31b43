"""Conditions under which a batch ends the run: so much is bad that the source must be broken, or nothing is left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ml_action.config.column_rules import ColumnRule
from ml_action.core.errors import DataError
from ml_action.core.formatting import apart, percent, quoted_list, sanitised
from ml_action.core.records.dataset import Dataset, Inventory, RejectedDataset
from ml_action.core.records.model import Recipe
from ml_action.datasets.survey import Snapshot
from ml_action.modelling.contract import enforcement
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation import datasets as validation


def too_many_bad(bad: tuple[RejectedDataset, ...], found: Inventory, max_quarantine: float) -> bool:
    """Whether more than `max-quarantine` of the new datasets are bad, and more than two.

    A few bad datasets are left out; many mean that their source is broken. Those that earlier runs rejected since the
    last attempt count, too: a source may break bit by bit.
    """
    many, new = len(bad) + found.bad, len(found.new) + found.bad
    return bool(bad) and enforcement.too_many(many, new, max_quarantine)


def too_many(bad: tuple[RejectedDataset, ...], found: Inventory, max_quarantine: float) -> DataError:
    """So many datasets are bad that their only source must be broken, or all of their sources."""
    many, new = len(bad) + found.bad, len(found.new) + found.bad
    share, allowed = apart(many / new, max_quarantine)
    return DataError(
        f"{many} of {new} new datasets are bad ({share}; max-quarantine allows {allowed})",
        why=f"so many mean that their source is broken; the first, {sanitised(bad[0].path, 120)}, {bad[0].reason}",
        fix="fix the source and the listed files; if the files are correct, describe the allowed values in "
        "[contract.COLUMN] of ml-auto-update.toml (check = false turns all checks off), or raise max-quarantine",
        path=bad[0].path,
        line=bad[0].line,
        set_aside=bad,
    )


def stop_if_broken(bad: tuple[RejectedDataset, ...], snapshot: Snapshot) -> None:
    """If rows are the unit, the next version of a file cannot be compared with a broken one.

    Raises:
        DataError: a file is bad whose earlier version was not.
    """
    rejected = snapshot.rejected_before
    known = {item.path for item in snapshot.inventory.before if item.blob not in rejected}
    broken = tuple(item for item in bad if item.path in known)
    if broken:
        first = broken[0]
        raise DataError(
            f"{sanitised(first.path, 120)} can no longer be used: it {first.reason}",
            why="an earlier version of the file was read, and rows cannot be counted against a broken one: all of "
            "them would be new once it is repaired",
            fix="correct the file; if it may lack a column, set required = false in [contract.COLUMN] of "
            "ml-auto-update.toml",
            path=first.path,
            line=first.line,
            set_aside=broken,
        )


def stop_if_too_many_rows(bad: int, good: int, rejected: tuple[RejectedDataset, ...], max_quarantine: float) -> None:
    """As `too_many_bad`, by the share of the new rows: old ones say nothing about today's source."""
    if not enforcement.too_many(bad, bad + good, max_quarantine):
        return
    first = rejected[0]
    raise DataError(
        f"{bad:,} of {bad + good:,} new rows are bad (max-quarantine allows {percent(max_quarantine)})",
        why=f"so many mean that their source is broken; the first, in {sanitised(first.path, 120)}, {first.reason}",
        fix="fix the source, describe the allowed values in [contract.COLUMN] of ml-auto-update.toml, or raise "
        "max-quarantine",
        path=first.path,
        line=first.line,
        set_aside=rejected,
    )


MAX_WITHOUT_TARGET = 0.5  # share of the new rows; a `missing` of the target's own contract takes its place


@dataclass(frozen=True)
class LostRows:
    """How many of the new rows were left out, and of how many."""

    lost: int
    rows: int


def lost_rows(read: Table, accepted: Table, new: frozenset[str]) -> LostRows:
    """Returns what the accepted ones among the new datasets (blob ids or keys) have lost since they were read."""
    kept = {item.key for item in accepted.datasets if item.blob in new or item.key in new}
    before, after = (int(table.counts[enforcement.is_one_of(table, kept)].sum()) for table in (read, accepted))
    return LostRows(before - after, before)


def note_without_target(left_out: LostRows, recipe: Recipe, rules: Iterable[ColumnRule]) -> str:
    """Returns a note on the new rows that were left out because they have no target; empty if there are none.

    Raises:
        DataError: they are so many that the source of the target must be broken.
    """
    if not left_out.lost:
        return ""
    found = f"{left_out.lost:,} of {left_out.rows:,} new rows have no value in the target {quoted_list(recipe.outputs)}"
    allowed = [rule.missing for rule in rules if rule.name in recipe.outputs and rule.missing is not None]
    if left_out.lost <= max(allowed, default=MAX_WITHOUT_TARGET) * left_out.rows:
        return f"{found}: they were left out"
    raise DataError(
        found,
        why="only rows with a target can be learned from, and so many without one mean that it is not filled yet, is "
        "the wrong column, or is written in a way that counts as missing",
        fix="fill the column, check `target`, or allow it: missing = 0.9 in its [contract.NAME] of ml-auto-update.toml",
    )


def no_rows(set_aside: tuple[RejectedDataset, ...]) -> DataError:
    """No row can be used."""
    if set_aside:
        return validation.nothing_left(set_aside)
    return DataError(
        "no row can be used", why="no row has a value in the target", fix="check `target`, and fill the column"
    )


def nothing_readable(count: int, unreadable: tuple[RejectedDataset, ...]) -> DataError:
    """No dataset can be read."""
    return DataError(
        "the only dataset cannot be read" if count == 1 else f"none of the {count} datasets can be read",
        why=unreadable[0].reason if unreadable else "the data path holds no dataset",
        fix="correct the files; the first one is named here",
        path=unreadable[0].path if unreadable else "",
        set_aside=unreadable,
    )


def lfs_pointer(dataset: Dataset) -> DataError:
    """Returns the error for a Git LFS pointer in the place of a dataset that was read before."""
    return DataError(
        "A dataset that was read before is a Git LFS pointer now.",
        why="The repository keeps its datasets in Git LFS and the checkout did not fetch them.",
        fix="Set `lfs: true` on actions/checkout, or keep small CSV files in git itself.",
        path=dataset.path,
        line=1,
    )
