"""Two models that were trained before, on the same rows that neither has seen: nothing is fitted but the dummy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from ml_action.core.records.evaluation import Comparison
from ml_action.core.records.model import Recipe
from ml_action.core.records.policy import Policy
from ml_action.modelling.champion import Incomparable, ReferenceModel, classes_in
from ml_action.modelling.evaluation import scoring
from ml_action.modelling.evaluation.comparison import compare
from ml_action.modelling.evaluation.paired_predictions import PairedPredictions
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import cross_fitting, fit, units

Flags = npt.NDArray[np.bool_]


def compare_versions(
    table: Table,
    rows: Flags,
    recipe: Recipe,
    policy: Policy,
    model: ReferenceModel,
    opponent: ReferenceModel | None,
    *,
    group: str = "",
    unit: str = "datasets",
) -> Comparison:
    """The model in the challenger's place against its opponent, or against the dummy alone, on the marked rows.

    Slices and guardrails are the gate's business and left out. Raises Incomparable for the model that has no score.
    """
    rows = rows & fit.has_weight(recipe, table)
    if not rows.any():
        raise Incomparable(model.name, "cannot be scored: no row at hand counts")
    for one in filter(None, (model, opponent)):
        one.same_question(recipe)
    with threadpool_limits(limits=1), scoring.allow_undefined():
        known = classes_in(recipe, table, *(getattr(one.model, "classes_", None) for one in (model, opponent) if one))
        said = model.says(recipe, table, rows, known)
        theirs = opponent.says(recipe, table, rows, known) if opponent else None
        others = ~rows if (~rows).any() else rows
        guess = cross_fitting.dummy_predictions(recipe, table, others, int(rows.sum()), known)
        target, weight = fit.target_and_weights(recipe, table, rows)
        cluster = np.unique(units.units_of(table, group).of_row[rows], return_inverse=True)[1].astype(np.int64)
        judged = PairedPredictions(target, cluster, said, guess, theirs, weight=weight)
        plain = replace(policy, slices=(), guardrails=())
        try:
            return replace(compare(judged, recipe, plain), unit=unit)
        except scoring.Unscorable as error:
            who = opponent.name if opponent and error.role == "champion" else model.name
            raise Incomparable(who, f"cannot be scored: {error}") from error
