"""The data contract as a record: what the columns of the champion's training data look like. Floor 0: no behaviour.

It is stored in model_metadata.json with the version that was trained on that data: the next batch is judged against it,
drift is measured from it, and a service can make its request schema of it. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LEVELS = 20  # steps between the quantiles of a sketch: 21 numbers from the smallest to the largest


@dataclass(frozen=True)
class Dispersion:
    """Where one figure of a dataset lies, over many datasets.

    `width` is 1.4826 times the median deviation from the `middle` (the median), and never nothing; `reach` is how many
    widths away from it all but one of two hundred datasets lie.
    """

    middle: float
    width: float
    reach: float


@dataclass(frozen=True)
class ColumnKind:
    """What the cells of a column mean, and how they are written."""

    kind: str  # number | boolean | text | date
    forms: tuple[str, ...] = ()  # dates: formats of strptime, ISO, epoch s; numbers: as 1234.5 is written, if not so


AS_WRITTEN = "as written"  # the form of text: no cell of it is anything else, whatever it looks like


@dataclass(frozen=True)
class ColumnProfile:
    """One column, over all datasets."""

    name: str
    kind: str  # number | boolean | text | date | empty: no dataset has a value
    missing: float  # share of the rows
    most_missing: float  # share of a dataset's rows that 99 % of the datasets do not exceed
    sketch: tuple[float, ...] = ()  # numbers: 21 quantiles, from the smallest to the largest
    centre: Dispersion | None = None  # numbers: of a dataset's median
    size: Dispersion | None = None  # numbers: of the logarithm of a dataset's median absolute value
    categories: Mapping[str, float] = field(default_factory=dict)  # text, booleans: shares; none: too many to list
    novel: float = 0.0  # share of the datasets that hold a category which no other one holds
    digests: Mapping[str, float] = field(default_factory=dict)  # private text: the same, by keyed digests of categories
    key: str = ""  # of the digests
    step: float = 0.0  # private numbers: quantiles, and what is compared with them, are rounded to multiples of it
    forms: tuple[str, ...] = ()  # how cells are written, as in `ColumnKind`; none: plain, or the record is older

    @property
    def shares(self) -> Mapping[str, float]:
        """The shares of the categories, by name or by digest."""
        return self.digests or self.categories


@dataclass(frozen=True)
class DataContract:
    """All columns of a recipe, the features and the target."""

    target: str  # of several all names, as a setting spells them
    datasets: int
    rows: int
    constant: float  # share of the datasets (of five rows and more) with one value only of a target
    repeated: float  # share of a dataset's rows that repeat an earlier one of it: 99 % do not exceed it
    shared: float  # share of a dataset's rows that another dataset holds too: 99 % do not exceed it
    columns: tuple[ColumnProfile, ...]
    targets: tuple[str, ...] = ()  # where there are several

    @property
    def outputs(self) -> tuple[str, ...]:
        """The columns that are predicted from the others."""
        return self.targets or (self.target,)

    def profile(self, column: str) -> ColumnProfile | None:
        """What is known of a column."""
        return next((profile for profile in self.columns if profile.name == column), None)


@dataclass(frozen=True)
class ColumnDrift:
    """How far a column of the new data has moved from the contract.

    `effect` is the largest difference between two shares of the rows: cumulative ones for numbers
    (Kolmogorov-Smirnov distance), of any set of categories for text (total variation): 0 the same, 1 nothing in common.
    It does not grow with the number of rows. `least` is what remains of it when what chance alone reaches once in
    twenty times is taken off, with datasets as the units.
    """

    column: str
    effect: float
    least: float
    drifted: bool
