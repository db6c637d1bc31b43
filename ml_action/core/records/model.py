"""How a model is made, a trained challenger, and the versions that were in production."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml_action.core.records.contract import ColumnDrift, DataContract
from ml_action.core.records.evaluation import Comparison, Interval, Screening


@dataclass(frozen=True)
class Recipe:
    """How a model is made: everything that, with the data, determines it."""

    target: str  # of several all names, as a setting spells them
    features: tuple[str, ...]
    task: str  # regression | classification
    estimator: str  # import path
    params: Mapping[str, object]
    metric: str
    seed: int
    targets: tuple[str, ...] = ()  # where there are several
    weight: str = ""  # the column that says how much each row counts; empty: all count alike
    merge_spellings: bool = False  # whether texts that differ in case, and in blanks and dots around them, are one

    @property
    def outputs(self) -> tuple[str, ...]:
        """The columns to predict."""
        return self.targets or (self.target,)


@dataclass(frozen=True)
class Trial:
    """A trained challenger with its comparison: what training and scoring hand to the gate."""

    recipe: Recipe
    comparison: Comparison
    artifact: bytes  # the model file
    digest: str  # sha256 of the artifact
    datasets: int  # datasets trained on
    rows: int
    holdout: int  # datasets that no version trains on
    libraries: Mapping[str, str]
    sample: Mapping[str, object]  # made up: a request that any consumer can replay, and no row of the data
    notes: tuple[str, ...] = ()
    contract: DataContract | None = None  # of the data that it was trained on
    shifts: tuple[ColumnDrift, ...] = ()  # of the new data against the champion's, the largest first
    screening: Screening = Screening()
    model_format: str = "pickle"  # pickle | skops
    types: tuple[str, ...] = ()  # in a skops file, without those that skops trusts by itself
    champion_types: tuple[str, ...] | None = None  # the same of the champion's file; None: it has no such list


@dataclass(frozen=True)
class Version:
    """One entry of model_metadata.json: a model that was promoted."""

    version: str  # v1, v2, ...
    file: str  # file name inside the model directory
    sha256: str
    size: int  # bytes
    created: str
    attempt: str
    fingerprint: str
    data_tree: str
    datasets: int
    rows: int
    target: str  # of several all names, as a setting spells them
    features: tuple[str, ...]
    task: str
    estimator: str
    params: Mapping[str, object]
    metric: str
    scores: Mapping[str, float]
    champion_scores: Mapping[str, float]
    improvement: float
    interval: Interval
    reason: str
    libraries: Mapping[str, str]
    sample: Mapping[str, object]
    contract: DataContract | None = None  # what the data looked like; versions of before 0.2 have none
    targets: tuple[str, ...] = ()  # where there are several
    weight: str = ""  # the column with the weight of each row
    types: tuple[str, ...] = ()  # in a skops file, without those that skops trusts by itself
    synthetic: bool = False  # whether the sample is made up; in older records it is the first row of the data
    holdout_fingerprint: str = ""  # of the secret that its holdout was drawn with; empty: with the salt alone

    @property
    def outputs(self) -> tuple[str, ...]:
        """The columns that it predicts."""
        return self.targets or (self.target,)


@dataclass(frozen=True)
class History:
    """model_metadata.json: every version that was in production, and which one is now."""

    name: str
    salt: str  # of the permanent holdout; the same for ever, and public
    current: str
    versions: tuple[Version, ...]

    @property
    def champion(self) -> Version | None:
        """The version in production."""
        return next((version for version in self.versions if version.version == self.current), None)
