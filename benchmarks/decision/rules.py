"""The rules that are compared, each as a user would write it, on the same datasets and with the same recipe.

The rules of a family share their fits: the three rules of a file-level holdout, and our gates. The hand-written rules
have no data contract; ours has its own (`product_rules`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer

from benchmarks.decision import product_rules
from benchmarks.decision.scenarios import Case, Flags, Floats
from ml_action.core.records.model import Recipe
from ml_action.modelling.evaluation import losses, scoring
from ml_action.modelling.evaluation.predictions import predict
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import fit

SEED, POINT, ROWS, CLUSTERS = "seed's rule", "point comparison", "row bootstrap", "cluster bootstrap"
NAMES = (SEED, POINT, ROWS, CLUSTERS, *(f"ours, {gate}" for gate in product_rules.GATES))
DEFAULT = "ours, better"
PROMOTE, HOLD = "promote", "hold"
HELD_OUT = 0.2  # share of rows, or of new datasets
RESAMPLES = 1_000
ALPHA = 0.05
BLOCKS = 20  # of a metric that is no sum over rows


@dataclass(frozen=True, eq=False)
class Champion:
    """The model in production, with its remembered score."""

    known: product_rules.Champion
    remembered: float  # the score at its promotion, which the seed's rule uses

    @property
    def model(self) -> Any:
        """The fitted pipeline."""
        return self.known.model


@dataclass(frozen=True, eq=False)
class Ruling:
    """A rule's verdict on a batch, and the model that it would release."""

    verdict: str
    challenger: Champion | None
    reason: str = ""
    set_aside: frozenset[str] = frozenset()

    @property
    def promoted(self) -> bool:
        """Whether the challenger goes into production."""
        return self.verdict == PROMOTE


def first(case: Case) -> Champion:
    """Returns the champion of a case: trained on its old datasets, without the permanent holdout."""
    known = product_rules.first(case.old_table, case.settings, case.salt)
    fitted = _fit_on_rows(case.old_table, known.recipe, np.random.default_rng([case.seed, 1]))
    return Champion(known, fitted.score)


def seeds_rule(case: Case, champion: Champion) -> Mapping[str, Ruling]:
    """Promotes a higher score on a random fifth of the rows than the remembered one."""
    recipe = champion.known.recipe
    fitted = _fit_on_rows(case.table, recipe, np.random.default_rng([case.seed, 2]))
    verdict = PROMOTE if fitted.score > champion.remembered else HOLD
    reason = f"{fitted.score:.4f} > {champion.remembered:.4f}?"
    return {SEED: Ruling(verdict, _challenger(fitted.model, champion, fitted.score), reason)}


def holdout_rules(case: Case, champion: Champion) -> Mapping[str, Ruling]:
    """Compares champion and challenger on a random fifth of the new datasets, in three ways."""
    recipe, table = champion.known.recipe, case.table
    rng = np.random.default_rng([case.seed, 3])
    places = rng.permutation(np.flatnonzero(case.new))
    held = np.zeros(len(table.datasets), dtype=bool)
    held[places[: max(1, round(HELD_OUT * len(places)))]] = True
    rows = held[table.cluster]
    model = fit.fit(recipe, table, ~rows)
    differences = _differences(recipe, table, rows, champion.model, model)
    clusters = _summed(differences, table.cluster[rows])
    challenger = _challenger(model, champion, champion.remembered)
    better = {
        POINT: differences.mean() > 0,
        ROWS: _lower(differences, rng) > 0,
        CLUSTERS: _lower(clusters, rng) > 0,
    }
    return {name: Ruling(PROMOTE if is_better else HOLD, challenger) for name, is_better in better.items()}


def our_rules(case: Case, champion: Champion) -> Mapping[str, Ruling]:
    """Returns the product's verdicts."""
    judged = product_rules.judge(case, champion.known)
    challenger = Champion(judged.challenger, champion.remembered) if judged.challenger else None
    return {
        f"ours, {gate}": Ruling(answer.verdict, challenger, answer.reason, judged.set_aside)
        for gate, answer in judged.answers.items()
    }


FAMILIES: tuple[Callable[[Case, Champion], Mapping[str, Ruling]], ...] = (seeds_rule, holdout_rules, our_rules)


def family_of(name: str) -> Callable[[Case, Champion], Mapping[str, Ruling]]:
    """Returns the function that computes a rule."""
    return our_rules if name.startswith("ours") else seeds_rule if name == SEED else holdout_rules


def _challenger(model: Any, champion: Champion, score: float) -> Champion:
    known = product_rules.Champion(model, champion.known.recipe, champion.known.contract)
    return Champion(known, score)


@dataclass(frozen=True, eq=False)
class _Fitted:
    """A model, and its score on rows that were held out."""

    model: Any
    score: float


def _fit_on_rows(table: Table, recipe: Recipe, rng: np.random.Generator) -> _Fitted:
    """Fits a model on four fifths of the rows, at random, and scores it on the rest."""
    held = np.zeros(len(table.frame), dtype=bool)
    held[rng.permutation(len(held))[: round(HELD_OUT * len(held))]] = True
    model = fit.fit(recipe, table, ~held)
    target = fit.labels(recipe, table)[held]
    score = get_scorer(recipe.metric)(model, table.frame.loc[held, list(recipe.features)], target)
    return _Fitted(model, float(score))


def _differences(recipe: Recipe, table: Table, rows: Flags, champion: Any, challenger: Any) -> Floats:
    """Returns how much smaller the challenger's loss is on each row.

    The difference of a metric that is no sum over rows is divided among the rows by its jackknife.
    """
    target = fit.labels(recipe, table)
    frame = table.frame.loc[rows, list(recipe.features)]
    classes = None if recipe.task == "regression" else np.unique(target)
    predictions = [predict(model, frame, classes) for model in (champion, challenger)]
    loss = losses.BY_METRIC.get(recipe.metric)
    if loss:
        before, after = (loss(each, target[rows]) for each in predictions)
        found: Floats = before - after
        return found
    return _by_jackknife(recipe, predictions, target[rows], table.cluster[rows])


def _by_jackknife(recipe: Recipe, predictions: list[Any], target: Any, cluster: Any) -> Floats:
    """Returns each row's share in the difference of the scores (delete-a-block jackknife, blocks of datasets)."""
    block = np.unique(cluster, return_inverse=True)[1] % BLOCKS
    scores = np.array(
        [
            [scoring.score(recipe.metric, each, target, np.flatnonzero(block != left_out)) for each in predictions]
            for left_out in range(-1, int(block.max()) + 1)
        ]
    )
    difference = scores[:, 1] - scores[:, 0]
    pseudo = difference[0] + BLOCKS * (difference[0] - difference[1:])
    found: Floats = (pseudo / np.bincount(block))[block]
    return found


def _summed(differences: Floats, cluster: Any) -> Floats:
    owner = np.unique(cluster, return_inverse=True)[1]
    return np.bincount(owner, weights=differences).astype(np.float64)


def _lower(values: Floats, rng: np.random.Generator) -> float:
    """Returns the lower bound of the mean: the 5 % quantile of a bootstrap of these units."""
    drawn = rng.integers(0, len(values), (RESAMPLES, len(values)))
    return float(np.quantile(values[drawn].mean(axis=1), ALPHA))


__all__ = ["DEFAULT", "FAMILIES", "HOLD", "NAMES", "PROMOTE", "Champion", "Ruling", "family_of", "first"]
