"""The predictions of two models on rows that neither has seen: all comparisons are made from these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.modelling.evaluation.predictions import Predictions

Floats = npt.NDArray[np.float64]


class ComparedPredictions(NamedTuple):
    """The predictions whose losses are compared; without a champion the dummy is the opponent, too."""

    challenger: Predictions
    baseline: Predictions
    opponent: Predictions


@dataclass(frozen=True, eq=False)
class PairedPredictions:
    """Rows that neither model has seen, with the predictions of each.

    Attributes:
        target: The true value of each row.
        cluster: The dataset of each row, 0 to G - 1; every dataset has at least one row.
        challenger: The predictions of the new model.
        baseline: The predictions of the dummy.
        champion: The predictions of the current model, if there is one.
        reference: The champion's mean loss on each dataset of its own holdout.
        slices: The columns whose values define slices.
        weight: The weight of each row, above zero; None if all are equal.
    """

    target: npt.NDArray[Any]
    cluster: npt.NDArray[np.int64]
    challenger: Predictions
    baseline: Predictions
    champion: Predictions | None
    reference: Floats | None = None
    slices: Mapping[str, pd.Series] = field(default_factory=dict)
    weight: Floats | None = None

    @property
    def opponent(self) -> Predictions:
        """The predictions of the champion, or of the dummy without a champion."""
        return self.baseline if self.champion is None else self.champion

    @property
    def compared(self) -> ComparedPredictions:
        """The predictions whose losses are compared."""
        return ComparedPredictions(self.challenger, self.baseline, self.opponent)

    @property
    def weights(self) -> Floats:
        """The weight of each row, 1 by default."""
        return np.ones(len(self.target)) if self.weight is None else self.weight

    @property
    def datasets(self) -> int:
        """G, the number of datasets."""
        return int(self.cluster.max()) + 1
