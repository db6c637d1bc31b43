"""What two models say of rows that neither has seen: the evidence that the comparison is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.modelling.evaluation.predictions import Predictions

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PairedPredictions:
    """Rows that neither model has seen, with what each says about them.

    `cluster`: per row the dataset it came from, 0 to G - 1, each met at least once. `reference`: the champion's mean
    loss on each dataset of its own holdout. `parts`: the columns that slices are cut by. `weight`: of each row, above
    zero; None: all count alike.
    """

    target: npt.NDArray[Any]
    cluster: npt.NDArray[np.int64]
    challenger: Predictions
    baseline: Predictions
    champion: Predictions | None
    reference: Floats | None = None
    parts: Mapping[str, pd.Series] = field(default_factory=dict)
    weight: Floats | None = None

    @property
    def opponent(self) -> Predictions:
        """The champion, or the dummy when there is none."""
        return self.baseline if self.champion is None else self.champion

    @property
    def contestants(self) -> tuple[Predictions, Predictions, Predictions]:
        """The challenger, the dummy, and the opponent."""
        return self.challenger, self.baseline, self.opponent

    @property
    def weights(self) -> Floats:
        """How much each row counts."""
        return np.ones(len(self.target)) if self.weight is None else self.weight

    @property
    def datasets(self) -> int:
        """G."""
        return int(self.cluster.max()) + 1
