"""The user's demands on a column: one value outside them sets the dataset aside, with its line."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.config.column_rules import ColumnRule
from ml_action.core.formatting import percent, sanitised
from ml_action.modelling.reading import column_statistics
from ml_action.modelling.reading.columns import texts
from ml_action.modelling.validation.rejections import Rejections, RowRejections

_BOOLEANS = ("true", "false", "1", "0", "1.0", "0.0")


def apply_rule(verdicts: Rejections | RowRejections, rule: ColumnRule) -> None:
    """Sets the datasets aside that break the rule; `check = false` switches it off."""
    if rule.check is False:
        return
    column = verdicts.table.frame[rule.name]
    said = f"the column '{sanitised(rule.name)}'"
    if rule.type == "boolean":
        verdicts.against_rows(
            ~_is_boolean(column), f"holds '{{}}' in {said}, which has to hold true or false", rule.name
        )
    numbers = _numbers(column)
    if rule.min is not None:
        verdicts.against_rows(numbers < rule.min, f"holds {{}} in {said}, less than min = {rule.min:.15g}", rule.name)
    if rule.max is not None:
        verdicts.against_rows(numbers > rule.max, f"holds {{}} in {said}, more than max = {rule.max:.15g}", rule.name)
    if rule.categories is not None:
        strange = column.notna() & ~column_statistics.words(column).isin(rule.categories)
        verdicts.against_rows(strange.to_numpy(), f"holds '{{}}' in {said}, which is none of its categories", rule.name)
    if rule.missing is not None:
        missing = column_statistics.missing_shares(verdicts.table, rule.name)
        allowed = f"of its rows; missing = {rule.missing:.15g} is the most"
        verdicts.against(
            missing > rule.missing,
            lambda place: f"lacks the value of '{sanitised(rule.name)}' in {percent(missing[place])} {allowed}",
        )


def _numbers(column: pd.Series) -> npt.NDArray[np.float64]:
    """The column as numbers; NaN where it holds none."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64)
    values = column.where(~texts(column))
    return np.asarray(pd.to_numeric(values, errors="coerce"), dtype=np.float64)


def _is_boolean(column: pd.Series) -> npt.NDArray[np.bool_]:
    """Per row: true, false, 0, 1 or nothing; also as text, since one word makes text of every cell of its file."""
    written = column_statistics.words(column).str.strip().str.lower().isin(_BOOLEANS)
    return np.asarray(column.isna() | written, dtype=bool)
