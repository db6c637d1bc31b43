"""What the user asks of a promotion: the settings of the gate."""

from __future__ import annotations

from ml_action.core.dataclass import dataclass


@dataclass(frozen=True)
class Guardrail:
    """A metric that may not become worse, whatever the deciding one says."""

    metric: str  # scikit-learn's scorer name, or an import path
    margin: float  # how much worse is not worse, as a share of the champion's error


@dataclass(frozen=True)
class Policy:
    """What the user asks of a promotion."""

    confidence: float = 0.95
    min_improvement: float = 0.005  # share of the champion's error
    gate: str = "better"  # better | not-worse | higher
    margin: float = 0.02  # how much worse is not worse, as a share of the champion's error
    max_suspicious: float = 0.1  # share of the new datasets
    slices: tuple[str, ...] = ()  # columns of whose values none may become worse
    guardrails: tuple[Guardrail, ...] = ()
    known_before: tuple[str, ...] = ()  # features that may determine the target, since they are known before it is

    @property
    def alpha(self) -> float:
        """The error rate that the confidence allows."""
        return round(1 - self.confidence, 12)  # 1 - 0.9 is a little less than 0.1
