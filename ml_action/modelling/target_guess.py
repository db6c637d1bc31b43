"""Guesses which column of a table is to be predicted, and says what the guess rests on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ml_action.core.formatting import quoted_list, sanitised

SURE_TARGETS = ("target", "label", "y", "outcome", "class")  # a column of such a name is nothing else
LIKELY_TARGETS = ("score", "price", "result", "quality", "churn", "default", "sales")
CLASSES = 20  # distinct texts: a column of more is no likely target


@dataclass(frozen=True)
class TargetGuess:
    """A column that may be the target, and why."""

    target: str
    reason: str
    certain: bool  # whether more than the place of the column speaks for it


def guess_target(names: Sequence[str], frame: pd.DataFrame) -> TargetGuess:
    """Returns the column that is named like a target, else the last one that can be predicted."""
    for likely, words_of in ((SURE_TARGETS, _whole), (LIKELY_TARGETS, _whole), (LIKELY_TARGETS, _last_word)):
        named = [name for word in likely for name in names if words_of(name) == word]
        found = [name for name in named if frame[name].nunique() > 1]  # noqa: PD101  gaps do not count
        if len(found) == 1 or (found and likely is SURE_TARGETS):
            return TargetGuess(found[0], f"'{sanitised(found[0])}' sounds like it", certain=True)
        if found:
            return TargetGuess(found[0], f"{quoted_list(found)} sound like it", certain=False)
    usual = [name for name in names if _can_be_predicted(frame[name])]
    if not usual or usual[-1] == names[-1]:
        return TargetGuess(names[-1], "the last column is the usual place", certain=False)
    reason = "the last column that is mostly filled, and neither free text nor always the same"
    return TargetGuess(usual[-1], reason, certain=False)


def _whole(name: str) -> str:
    return name.casefold()


def _last_word(name: str) -> str:
    """Returns the last word of SalePrice, sale_price or "Sale Price": price."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+", name)
    return words[-1].casefold() if words else ""


def _can_be_predicted(column: pd.Series) -> bool:
    count = column.nunique()
    is_number = pd.api.types.is_numeric_dtype(column.dtype)
    return bool(2 * column.notna().sum() >= len(column) and count > 1 and (is_number or count <= CLASSES))
