"""A model that was trained before, asked about rows: what it says of them, or why it has no answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core.formatting import quoted_list, sanitised
from ml_action.core.records.model import Recipe
from ml_action.modelling.evaluation.predictions import Array, Predictions, merged_classes, predict
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import estimators, fit

Flags = npt.NDArray[np.bool_]

CHAMPION = "the champion"


class Incomparable(Exception):
    """A model cannot be scored on the datasets at hand; the message says why. A person must look."""

    def __init__(self, who: str, why: str) -> None:
        super().__init__(f"{who} {why}")
        self.who = who


@dataclass(frozen=True, eq=False)
class ReferenceModel:
    """A fitted model with what it was made for. Raises Incomparable where it has no answer."""

    model: Any
    features: Sequence[str]
    name: str = CHAMPION
    target: str = ""  # empty: nobody knows

    def says(self, recipe: Recipe, table: Table, rows: Flags, classes: Array | None) -> Predictions:
        """Its predictions for the marked rows; `classes` are all that anybody speaks of, None for a regression."""
        wanted = list(self.features or recipe.features)
        lost = [name for name in wanted if name not in table.frame.columns]
        if lost:
            raise Incomparable(self.name, f"needs columns that the datasets do not have: {quoted_list(lost)}")
        frame = table.frame.loc[rows, wanted]
        # A model that was fitted without column names warns about names.
        values = frame if hasattr(self.model, "feature_names_in_") else frame.to_numpy()
        try:
            self._answers(recipe, classes)
            return predict(self.model, values, classes, len(recipe.outputs))
        except Incomparable:
            raise
        except Exception as error:  # a model may raise anything at all
            raise Incomparable(self.name, f"cannot predict: {type(error).__name__}: {sanitised(error, 200)}") from error

    def same_question(self, recipe: Recipe) -> None:
        """A model of another target answers another question: no score of it says anything."""
        if self.target not in ("", recipe.target):
            asked = f"the settings ask for '{sanitised(recipe.target)}'"
            raise Incomparable(self.name, f"predicts '{sanitised(self.target)}', {asked}")

    def replays(self, request: Mapping[str, object]) -> None:
        """It has an answer to a request, such as the one that its entry in the history holds."""
        try:
            frame = pd.DataFrame([request]).fillna(np.nan)[list(self.features)]
            self.model.predict(frame if hasattr(self.model, "feature_names_in_") else frame.to_numpy())
        except Exception as error:  # a model may raise anything at all
            told = f"has no answer to the request that its entry holds: {type(error).__name__}: {sanitised(error, 200)}"
            raise Incomparable(self.name, told) from error

    def _answers(self, recipe: Recipe, classes: Array | None) -> None:
        """A model of another task says nothing; one of which no answer can be right has not become worse."""
        made_for = estimators.task_of(self.model)
        if made_for not in ("", recipe.task):
            raise Incomparable(self.name, f"is made for {made_for}, the target asks for {recipe.task}")
        known = getattr(self.model, "classes_", None)
        if classes is None or known is None:
            return
        if not set(np.asarray(known).tolist()) & set(classes.tolist()):
            told = f"knows the classes {quoted_list(known)}, the datasets hold {quoted_list(classes)}"
            raise Incomparable(self.name, told)


def classes_in(recipe: Recipe, table: Table, *several: Array | None) -> Array | None:
    """Every class that the datasets hold, and these: all models speak of the same ones. None for a regression."""
    if recipe.task == "regression":
        return None
    return merged_classes(np.unique(fit.labels(recipe, table)), *(some for some in several if some is not None))
