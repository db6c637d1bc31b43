"""Reference models: the champion, or an earlier version, asked for predictions of new rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core import cells
from ml_action.core.cells import Cell, Sentence
from ml_action.core.formatting import quoted_list, sanitised
from ml_action.core.records.model import Recipe
from ml_action.modelling.evaluation.predictions import Array, Predictions, merged_classes, predict
from ml_action.modelling.reading.columns import as_trimmed
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import estimators, fit

Flags = npt.NDArray[np.bool_]

CHAMPION = "the champion"


class Incomparable(Exception):
    """A model cannot be scored on these datasets; the message has the reason. A person must decide."""

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(f"{model} {reason}")
        self.model = model


@dataclass(frozen=True, eq=False)
class ReferenceModel:
    """A fitted model, with the target and the features that it was fitted on."""

    model: Any
    features: Sequence[str]
    name: str = CHAMPION
    target: str = ""  # empty: unknown
    holdout_key: str | None = None  # of the holdout that it was trained without; None: today's; empty: unknown

    def predict(self, recipe: Recipe, table: Table, rows: Flags, classes: Array | None) -> Predictions:
        """Predicts the marked rows.

        Args:
            recipe: The task of the comparison.
            table: The rows.
            rows: Marks those to predict.
            classes: Every class of the comparison, or None for a regression.

        Raises:
            Incomparable: The model cannot predict these rows.
        """
        features = list(self.features or recipe.features)
        present = as_trimmed(table, features)
        missing = [name for name in present if name not in table.frame.columns]
        if missing:
            raise Incomparable(self.name, f"needs columns that the datasets do not have: {quoted_list(missing)}")
        try:
            self._require_same_task(recipe, classes, private=table.private)
            frame = table.frame.loc[rows, list(present)].set_axis(features, axis=1)
            return predict(self.model, self._input(frame), classes, len(recipe.outputs))
        except Incomparable:
            raise
        except Exception as error:  # a model may raise anything at all
            message = cells.written(cells.of_error(error, sanitised(error, 200)), private=table.private)
            raise Incomparable(self.name, f"cannot predict: {message}") from error

    def require_same_target(self, recipe: Recipe) -> None:
        """Raises Incomparable for a model of another target, since no score of it would mean anything."""
        if self.target.strip() not in ("", recipe.target):
            wanted = f"the settings ask for '{sanitised(recipe.target)}'"
            raise Incomparable(self.name, f"predicts '{sanitised(self.target)}', {wanted}")

    def require_prediction(self, request: Mapping[str, object]) -> None:
        """Raises Incomparable if the model cannot predict a request, such as the sample in its record."""
        try:
            self.model.predict(self._input(pd.DataFrame([request]).fillna(np.nan)[list(self.features)]))
        except Exception as error:  # a model may raise anything at all
            reason = f"cannot predict the sample in its record: {type(error).__name__}: {sanitised(error, 200)}"
            raise Incomparable(self.name, reason) from error

    def _input(self, frame: pd.DataFrame) -> Any:
        """Returns the frame, or its values: a model that was fitted without column names warns about names."""
        return frame if hasattr(self.model, "feature_names_in_") else frame.to_numpy()

    def _require_same_task(self, recipe: Recipe, classes: Array | None, *, private: bool) -> None:
        """Raises Incomparable for a model of another task, or one that knows none of the classes."""
        task = estimators.task_of(self.model)
        if task not in ("", recipe.task):
            raise Incomparable(self.name, f"is made for {task}, the target asks for {recipe.task}")
        known = getattr(self.model, "classes_", None)
        if classes is None or known is None:
            return
        if not set(np.asarray(known).tolist()) & set(classes.tolist()):
            labels = Cell(quoted_list(known)), Cell(quoted_list(classes))
            reason = Sentence("knows the classes ", labels[0], ", the datasets hold ", labels[1])
            raise Incomparable(self.name, cells.written(reason, private=private))


def classes_in(recipe: Recipe, table: Table, *known: Array | None) -> Array | None:
    """Returns every class of the datasets and of the given arrays; None for a regression."""
    if recipe.task == "regression":
        return None
    return merged_classes(np.unique(fit.labels(recipe, table)), *(classes for classes in known if classes is not None))
