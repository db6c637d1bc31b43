"""The request that is recorded with a version, so that any consumer can try it. It is made up, and no row of the data.

The pipeline accepts whatever a service sends (`pipeline`): a category that it does not know is none of those that it
knows, and a date is a number of days. So the request has a value of the right kind for each feature, and nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ml_action.core.example_row import WORD, example_row, middle_of
from ml_action.core.records.contract import DataContract
from ml_action.modelling.training import pipeline


def sample_request(frame: pd.DataFrame, features: Sequence[str], contract: DataContract) -> dict[str, object]:
    """Returns a value of JSON for each feature.

    Args:
        frame: The rows of the training; no cell of it is in the result, but for what the contract lists.
        features: The columns.
        contract: What was learned of the columns, of the first thousand at least.
    """
    found, kinds = example_row(features, contract), pipeline.kinds(frame, features)
    found |= {name: _new_year(frame[name]) for name in kinds["date"]}
    unknown = set(features).difference(profile.name for profile in contract.columns)
    found |= {name: _round_number(frame[name]) for name in kinds["number"] if name in unknown}
    return found | {name: WORD for name in kinds["category"] if name in unknown}


def _new_year(column: pd.Series) -> str:
    """Returns the first day of a year in the middle of a column of dates."""
    years = pd.to_datetime(column, errors="coerce", format="ISO8601", utc=True).dt.year
    return f"{int(years.median()):04d}-01-01"


def _round_number(column: pd.Series) -> object:
    """Returns a number in the middle of a column of numbers, or of booleans."""
    if pd.api.types.infer_dtype(column, skipna=True) == "boolean":
        return True
    values = column.dropna().astype(float)
    return middle_of(float(values.min()), float(values.median()), float(values.max()))
