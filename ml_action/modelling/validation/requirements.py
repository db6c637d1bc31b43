"""What a model requires of its datasets: the columns it uses, and what is known about them beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ml_action.config.column_rules import ColumnRule
from ml_action.modelling.reading.columns import automatic_features
from ml_action.modelling.reading.table import Table


@dataclass(frozen=True)
class Requirements:
    """The columns of a model, the user's rules about them, and what a contract has learned."""

    targets: tuple[str, ...]
    features: Sequence[str] = ()  # empty: `automatic_features`
    rules: Sequence[ColumnRule] = ()
    numbers: frozenset[str] = frozenset()  # columns that hold numbers according to the contract
    weight: str = ""

    @property
    def mandatory(self) -> tuple[str, ...]:
        """The columns that every dataset must have, even if a rule says otherwise: the targets and the weight."""
        return (*self.targets, self.weight) if self.weight else self.targets

    @cached_property
    def rule_of(self) -> Mapping[str, ColumnRule]:
        """The rules by the names of their columns."""
        return {rule.name: rule for rule in self.rules}

    def columns(self, table: Table) -> list[str]:
        """Returns the mandatory columns and the features."""
        return list(dict.fromkeys([*self.mandatory, *(self.features or automatic_features(table, self.mandatory))]))

    def rules_for(self, table: Table) -> list[ColumnRule]:
        """Returns the rules about columns that the table has."""
        return [rule for name, rule in self.rule_of.items() if name in table.frame.columns]

    def may_be_absent(self, name: str) -> bool:
        """Whether a dataset may lack the column."""
        return name not in self.mandatory and self._is_off(name, "required")

    def holds_numbers(self, name: str) -> bool | None:
        """Whether the column must hold numbers, by the user's rule before the contract; None: most datasets decide."""
        if name and name == self.weight:
            return True
        kind = self.rule_of[name].type if name in self.rule_of else None
        if kind:
            return kind == "number"
        if name not in self.targets and self._is_off(name, "check"):
            return False  # the column is not checked
        return True if name in self.numbers else None

    def _is_off(self, name: str, key: str) -> bool:
        """Whether a rule sets `key = false` for the column."""
        return name in self.rule_of and getattr(self.rule_of[name], key) is False
