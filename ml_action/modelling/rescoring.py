"""Compares two models that were trained before, on rows that neither has seen: only the dummy is fitted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from ml_action.core import cells
from ml_action.core.records.evaluation import Comparison
from ml_action.core.records.model import Recipe
from ml_action.core.records.policy import Policy
from ml_action.modelling.champion import Incomparable, ReferenceModel, classes_in
from ml_action.modelling.evaluation import scoring
from ml_action.modelling.evaluation.comparison import compare
from ml_action.modelling.evaluation.paired_predictions import PairedPredictions
from ml_action.modelling.evaluation.predictions import Array, Predictions
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import cross_fitting, fit, units

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """The rows that versions are compared on."""

    table: Table
    rows: Flags  # marks them
    recipe: Recipe
    group: str = ""  # the column whose values are units
    unit: str = "datasets"  # the name of a unit

    def pair(self, model: ReferenceModel, opponent: ReferenceModel | None) -> PairedPredictions:
        """Returns the predictions of the models and of the dummy. Raises Incomparable for a model that has none."""
        recipe, table, rows = self.recipe, self.table, self.rows
        models = [each for each in (model, opponent) if each]
        classes = classes_in(recipe, table, *(getattr(each.model, "classes_", None) for each in models))
        predictions = [each.predict(recipe, table, rows, classes) for each in models]
        known = fit.target_and_weights(recipe, table, rows)
        return PairedPredictions(
            known.target,
            np.unique(units.units_of(table, self.group).of_row[rows], return_inverse=True)[1].astype(np.int64),
            challenger=predictions[0],
            baseline=self._dummy(classes),
            champion=predictions[1] if opponent else None,
            weight=known.weight,
        )

    def _dummy(self, classes: Array | None) -> Predictions:
        """Fits the dummy on the other rows, if there are any."""
        others = ~self.rows if (~self.rows).any() else self.rows
        return cross_fitting.dummy_predictions(self.recipe, self.table, others, int(self.rows.sum()), classes)


def compare_versions(
    scored: ScoredRows, policy: Policy, model: ReferenceModel, opponent: ReferenceModel | None
) -> Comparison:
    """Compares a model in the challenger's place with its opponent, or with the dummy alone.

    Slices and guardrails belong to the gate and are left out.

    Raises:
        Incomparable: A model has no score.
    """
    scored = replace(scored, rows=scored.rows & fit.has_weight(scored.recipe, scored.table))
    if not scored.rows.any():
        raise Incomparable(model.name, "cannot be scored: no row has a weight above 0")
    for each in filter(None, (model, opponent)):
        each.require_same_target(scored.recipe)
    with threadpool_limits(limits=1), scoring.allow_undefined():
        paired = scored.pair(model, opponent)
        try:
            comparison = compare(paired, scored.recipe, replace(policy, slices=(), guardrails=()))
        except scoring.Unscorable as error:
            name = opponent.name if opponent and error.role == "champion" else model.name
            reason = cells.written(error.reason, private=scored.table.private)
            raise Incomparable(name, f"cannot be scored: {reason}") from error
    return replace(comparison, unit=scored.unit)
