"""Champion and challenger compared, and what the gate says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import RejectedDataset

TOLERATED = 0.02  # of the error: what a slice or a guardrail may lose by chance
MIN_DATASETS = 30  # fewer prove nothing


@dataclass(frozen=True)
class Interval:
    """A confidence interval."""

    low: float
    high: float


@dataclass(frozen=True)
class SliceResult:
    """The rows that have one value in a column: how champion and challenger compare on them alone."""

    column: str
    value: str
    datasets: int
    gain: float  # as a share of the champion's error on these rows
    worse: bool  # by more than is tolerated, and hardly by luck (docs/decision.md, step 5)


@dataclass(frozen=True)
class GuardrailResult:
    """A guardrail's metric on the same rows."""

    metric: str
    margin: float
    champion: float
    challenger: float
    gain: float  # as a share of the champion's error by this metric
    p_value: float  # one-sided, of "the challenger is worse by the margin or more"


@dataclass(frozen=True)
class Screening:
    """What the champion makes of the new datasets before anything is trained (decision.md, step 1)."""

    judged: int = 0  # new datasets that were screened; 0: not screened
    suspicious: int = 0  # of these
    suspects: tuple[RejectedDataset, ...] = ()  # all that were set aside, with the statistic in words
    found: tuple[str, ...] = ()  # what is wrong with how many of them, in words, the most frequent first
    moved: tuple[str, ...] = ()  # columns that moved as a whole, in words

    @property
    def share(self) -> float:
        """The share of the new datasets that look wrong."""
        return self.suspicious / self.judged if self.judged else 0.0


@dataclass(frozen=True)
class Comparison:
    """Champion and challenger on the same rows that neither has seen (decision.md, steps 3 to 5).

    Without a champion the opponent is the dummy baseline and `champion` stays empty.
    """

    metric: str  # scikit-learn's scorer name, or an import path
    champion: Mapping[str, float]  # every reported metric of the champion on the judged rows
    challenger: Mapping[str, float]  # ... of the challenger
    baseline: Mapping[str, float]  # ... of the dummy
    improvement: float  # challenger minus opponent, in units of the metric
    improvement_interval: Interval
    gain: float  # less error, as a share of the opponent's error
    gain_interval: Interval
    p_value: float  # one-sided cluster sign-flip test of "the challenger is not better than the opponent"
    p_worse: float  # ... of "the challenger is not worse than the opponent"
    p_baseline: float  # ... of "the challenger is not better than the dummy"
    datasets: int  # datasets (clusters) judged
    rows: int
    win_rate: float  # share of datasets on which the challenger's error is not larger
    confidence: float = 0.95
    unit: str = "datasets"  # what was judged
    p_not_worse: float = 1.0  # one-sided, of "the challenger is worse by the margin or more"
    trimmed: float | None = None  # the gain without the fifth of the datasets that is predicted worst
    tail: float | None = None  # by how much at least the worst datasets stick out more than the champion's; log ratio
    slices: tuple[SliceResult, ...] = ()
    guardrails: tuple[GuardrailResult, ...] = ()
    gains: tuple[float, ...] = ()  # of single datasets, in shares of the mean error: 41 quantiles, the smallest first
    giveaways: tuple[str, ...] = ()  # features that alone determine the target, if it is predicted almost without error
    needed: int = 0  # further datasets that would probably show a gain of this size; 0: none would, or none is needed


@dataclass(frozen=True)
class Check:
    """One condition of the gate, in words and numbers."""

    name: str
    passed: bool
    text: str


@dataclass(frozen=True)
class Decision:
    """What the gate says, why in one sentence, and each condition it looked at."""

    verdict: Verdict
    reason: str
    checks: tuple[Check, ...] = ()
    outlook: str = ""  # what would change the verdict
    overruled: str = ""  # the decision of the gate before the user forced it
