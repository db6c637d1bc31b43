"""The user's rules for a column: one value against them rejects its dataset, with the line."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.config.column_rules import ColumnRule
from ml_action.core.formatting import percent, sanitised
from ml_action.modelling.reading import column_statistics
from ml_action.modelling.reading.columns import is_string
from ml_action.modelling.validation.rejections import Rejections, RowRejections

_BOOLEANS = ("true", "false", "1", "0", "1.0", "0.0")


def apply_rule(rejections: Rejections | RowRejections, rule: ColumnRule) -> None:
    """Rejects the datasets, or rows, that break the rule; `check = false` switches it off."""
    if rule.check is False:
        return
    name, column = rule.name, rejections.table.frame[rule.name]
    where = f"the column '{sanitised(name)}'"
    if rule.type == "boolean":
        rejections.reject_rows(~_is_boolean(column), f"holds '{{}}' in {where}, which has to hold true or false", name)
    numbers = _numbers(column)
    if rule.min is not None:
        rejections.reject_rows(numbers < rule.min, f"holds {{}} in {where}, less than min = {rule.min:.15g}", name)
    if rule.max is not None:
        rejections.reject_rows(numbers > rule.max, f"holds {{}} in {where}, more than max = {rule.max:.15g}", name)
    if rule.categories is not None:
        unknown = column.notna() & ~column_statistics.as_text(column).isin(rule.categories)
        rejections.reject_rows(unknown.to_numpy(), f"holds '{{}}' in {where}, which is none of its categories", name)
    if rule.missing is not None:
        missing = column_statistics.missing_shares(rejections.table, name)
        allowed = f"of its rows; missing = {rule.missing:.15g} is the most"
        rejections.reject(
            missing > rule.missing,
            lambda place: f"lacks the value of '{sanitised(name)}' in {percent(missing[place])} {allowed}",
        )


def _numbers(column: pd.Series) -> npt.NDArray[np.float64]:
    """Per row: the number; NaN where there is no number."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64)
    values = column.where(~is_string(column))
    return np.asarray(pd.to_numeric(values, errors="coerce"), dtype=np.float64)


def _is_boolean(column: pd.Series) -> npt.NDArray[np.bool_]:
    """Per row: whether it is true, false, 0, 1 or missing; also as text, since one word makes text of a whole file."""
    written = column_statistics.as_text(column).str.strip().str.lower().isin(_BOOLEANS)
    return np.asarray(column.isna() | written, dtype=bool)
