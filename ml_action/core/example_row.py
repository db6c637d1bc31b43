"""A synthetic request, made from a data contract: what records, pages and descriptions show as an example.

A row of the training data is private even where the model is public. So no row is looked at: a number is a round one
in the middle of its range, a text is a common category, and a column without either has a placeholder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ml_action.core import rounding
from ml_action.core.records.contract import LEVELS, ColumnProfile, DataContract
from ml_action.core.records.model import Version

WORD = "unknown"  # the pipeline takes a category that it does not know for none of those that it knows
PARTS = 10  # of the usual range: a value is rounded to one of them


def example_row(features: Iterable[str], contract: DataContract | None) -> dict[str, object]:
    """Returns a value for each feature; None where the contract knows nothing of it."""
    profiles = {profile.name: profile for profile in contract.columns} if contract else {}
    return {name: example_value(profiles[name]) if name in profiles else None for name in features}


def example_value(profile: ColumnProfile) -> object:
    """Returns a value that is usual in the column, as JSON has it."""
    if profile.kind == "boolean":
        return True
    if profile.kind == "number" and profile.sketch:
        return middle_of(profile.sketch[0], profile.sketch[LEVELS // 2], profile.sketch[-1])
    if profile.kind == "text":
        return max(profile.categories, key=lambda name: profile.categories[name], default=WORD)
    return None


def middle_of(low: float, middle: float, high: float) -> float:
    """Returns a round number near the middle and inside of the range; a whole one as an integer."""
    round_one = rounding.nearest(middle, rounding.step_within(high / PARTS - low / PARTS))
    found = round_one if low <= round_one <= high else low / 2 + high / 2
    return int(found) if found.is_integer() and abs(found) < rounding.MAX_WHOLE else found


def shown_sample(version: Version) -> Mapping[str, object]:
    """Returns a request to show: the recorded one if it is made up, since older records hold a row of the data."""
    return version.sample if version.synthetic else example_row(version.features, version.contract)
