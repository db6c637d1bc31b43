"""The datasets of a run: the suspicious ones, those that were rejected, and how far the columns have moved. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ml_action.core.formatting import count_of, percent
from ml_action.core.records.contract import ColumnDrift
from ml_action.core.records.dataset import RejectedDataset
from ml_action.core.records.evaluation import Screening
from ml_action.reports.blocks import Block, Blocks, Bullets, Code, Paragraph, Table, Untrusted, section

LISTED = 50  # rejected datasets in one table
MOVED = 8  # columns in the table of drift
SUSPECTED = (
    "To the champion they look wrong, so the challenger was neither trained nor judged on them. A corrected file "
    "counts as new."
)
REJECTED = "Neither counted nor trained on, and left as they are. A corrected file counts as new."
DRIFT = "The share of rows that lies elsewhere than in the champion's training data, at least."


def screening(found: Screening | None) -> Iterator[Block]:
    """Yields what the champion finds in the new datasets: the suspicious ones, and columns that moved as a whole."""
    if found and found.suspicious:
        total = max(len(found.suspects), found.suspicious)  # the journal names only the first few
        yield from section(
            f"Suspicious: {count_of(found.suspicious, 'datasets')} of {found.judged:,}",
            Paragraph(SUSPECTED),
            Bullets(tuple(map(Untrusted, found.found))),
            rejected_table(found.suspects, total),
        )
    if found:
        yield from section("Moved as a whole", Bullets(tuple(map(Untrusted, found.moved))))


def rejected_table(rejected: Sequence[RejectedDataset], total: int = 0) -> Table:
    """Returns the first fifty datasets with their reasons, and how many more of a `total` there are."""
    rows = ((Code(item.path), f"{item.line or '–'}", Untrusted(item.reason)) for item in rejected[:LISTED])
    more = max(total, len(rejected)) - min(len(rejected), LISTED)
    return Table(("dataset", "line", "reason"), tuple(rows), more)


def quarantine(rejected: Sequence[RejectedDataset], found: Screening | None = None) -> Blocks:
    """Returns the section on the datasets that were set aside, without the suspicious ones, which have their own."""
    suspects = {item.blob for item in found.suspects} if found else set()
    others = [item for item in rejected if item.blob not in suspects]
    if not others:
        return ()
    heading = f"Quarantine: {count_of(len(others), 'datasets')} set aside"
    return section(heading, Paragraph(REJECTED), rejected_table(others))


def drift(shifts: Sequence[ColumnDrift]) -> Blocks:
    """Returns the section on drift: the columns that moved most, with what chance does not explain."""
    rows = tuple(
        (Code(item.column), percent(item.effect, 0), percent(item.least, 0), "drifted" if item.drifted else "")
        for item in shifts[:MOVED]
    )
    table = Table(("column", "moved by", "beyond chance", ""), rows)
    return section("Drift of the new datasets", Paragraph(DRIFT), table) if rows else ()
