"""Numbers, counts and untrusted names as short text, the same on every page."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml_action.core.records.evaluation import Interval

MAX_EXACT = 2**53  # beyond it a float is always whole, so its value does not show how it was written
_MAX_LISTED = 6
_COSTS = ("_loss", "_error", "_deviance")  # endings of the names of functions that are better smaller
_MOST_DIGITS = 4  # of a percentage
_SINGULAR = {"processes": "process"}  # where it takes more than to remove the s
_WHOLE_DECIMAL = re.compile(r"([+-]?[0-9]{1,16})\.0*")


# --- numbers ----------------------------------------------------------------------------------------------


def percent(share: float, digits: int = 1) -> str:
    """Returns `6.1 %` for 0.061."""
    return f"{_times_100(share, digits)} %"


def apart(one: float, other: float, digits: int = 1) -> tuple[str, str]:
    """Returns two shares as percentages, with so many digits that they differ if the shares do; four at most."""
    first, second = (percent(share, digits) for share in (one, other))
    return (
        apart(one, other, digits + 1) if first == second and one != other and digits < _MOST_DIGITS else (first, second)
    )


def percents(interval: Interval) -> str:
    """Returns `[3.9, 8.4]` for an interval of shares."""
    return f"[{_times_100(interval.low, 1)}, {_times_100(interval.high, 1)}]"


def _times_100(share: float, digits: int) -> str:
    return f"{round(100 * share, digits) + 0.0:.{digits}f}"  # adding zero turns "-0.0" into "0.0"


def count_of(count: int, things: str) -> str:
    """Returns `1 file`, `2,000 files` or `1 new group of rows`; `things` are given in their plural."""
    if count != 1:
        return f"{count:,} {things}"
    head, of, rest = things.partition(" of ")
    return f"1 {_SINGULAR.get(head, head.removesuffix('s'))}{of}{rest}"


def number(value: float | None) -> str:
    """Returns a score with four decimals, or with one if it is large."""
    return "–" if value is None else f"{value:,.4f}" if abs(value) < 1000 else f"{value:,.1f}"


def shown_metric(name: str) -> str:
    """Returns the name under which a metric is shown: a loss under its own, without `neg_`."""
    return name.removeprefix("neg_")


def shown_score(name: str, value: float | None) -> float | None:
    """Returns the value under which a metric is shown: a loss as it is, although records negate it."""
    return value if value is None or not is_negated(name) else 0.0 - value


def is_negated(name: str) -> bool:
    """Whether a metric of this name is a loss whose values are negated in records."""
    own = name.partition("(")[0]
    return own.startswith("neg_") or (own.endswith(_COSTS) and own != "log_loss")  # this one is recorded as it is


def probability(p: float) -> str:
    """Returns a probability with four decimals at most: the 10,000 flips behind it resolve no smaller one."""
    if math.isnan(p):
        return "unknown"
    return f"{p:.4f}".rstrip("0").rstrip(".") if p >= 0.0001 else "below 0.0001"


def cell_text(cell: object) -> str:
    """Returns a cell as text; a whole number as its digits, even if it is 12.0 because of a gap in its column."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) <= MAX_EXACT:
        return str(int(cell))
    decimal = _WHOLE_DECIMAL.fullmatch(cell) if isinstance(cell, str) else None
    if decimal and abs(int(decimal[1])) <= MAX_EXACT:
        return str(int(decimal[1]))
    return str(cell)


# --- untrusted names --------------------------------------------------------------------------------------


def sanitised(text: object, limit: int = 60) -> str:
    """Returns the text on one line, without control, format or unassigned characters, at most `limit` long.

    Cells and column names are untrusted: a newline would start a workflow command, an escape sequence would paint the
    terminal, a bidirectional mark would reverse the sentence around it.
    """
    # The first cut limits the work on a cell of a gigabyte.
    head = " ".join(str(text)[: limit * 8].split())
    kept = "".join(filter(str.isprintable, head))
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def quoted_list(names: Iterable[object]) -> str:
    """Returns the first names in quotes, and how many more there are."""
    quoted = [f"'{sanitised(name)}'" for name in names]
    more = f" and {len(quoted) - _MAX_LISTED} more" if len(quoted) > _MAX_LISTED else ""
    return ", ".join(quoted[:_MAX_LISTED]) + more


def nearest(name: str, choices: Iterable[object], cutoff: float = 0.5) -> str:
    """Returns the choice of which the name is most likely a misspelling; empty if none is at least `cutoff` similar."""
    import difflib  # late: the hourly check has nothing to correct

    known = {str(choice).lower(): str(choice) for choice in choices}
    found = difflib.get_close_matches(name.lower()[:200], list(known), n=1, cutoff=cutoff)
    return known[found[0]] if found else ""
