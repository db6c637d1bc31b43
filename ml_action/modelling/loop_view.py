"""How the loop looks at a table: which cells are numbers, and which rows it can use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ml_action.config.column_rules import ColumnRule
from ml_action.config.settings import TrainingOptions
from ml_action.core.errors import DataError
from ml_action.core.records.dataset import RejectedDataset
from ml_action.core.records.model import Recipe
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation.datasets import validate
from ml_action.modelling.validation.requirements import Requirements
from ml_action.modelling.validation.rows import as_numbers, validate_rows


class UsableRows(NamedTuple):
    """What the loop would train on, and what it would set aside."""

    table: Table
    set_aside: tuple[RejectedDataset, ...]


@dataclass(frozen=True)
class LoopView:
    """How the loop looks at a table: which cells are numbers, and which rows it can use."""

    by_rows: bool = False
    rules: Sequence[ColumnRule] = ()

    def read(self, table: Table, options: TrainingOptions) -> Table:
        """Returns the table whose columns the loop infers target and task from."""
        return as_numbers(table, options.target, self.rules) if self.by_rows else table

    def usable(self, table: Table, recipe: Recipe) -> UsableRows:
        """Returns the rows that the loop could train on.

        Raises:
            DataError: Nothing is left.
        """
        required = Requirements(recipe.outputs, recipe.features, self.rules, weight=recipe.weight)
        if not self.by_rows:
            sound = validate(table, required)
            return UsableRows(sound.table, sound.rejected)
        found = validate_rows(table, required)
        if not len(found.table.frame):
            raise DataError(
                "no row can be used", why="no row has a value in the target", fix="check `target`, and fill the column"
            )
        return UsableRows(found.table, (*found.rejected, *found.reported))
