"""The nouns of the loop: frozen values that the floors hand to each other. No behaviour that needs an effect.

Shapes and units: scores are oriented as scikit-learn orients them (greater is better); a *gain* is a share of
the champion's error (0.06 = six per cent less error); counts are datasets unless the name says rows; times are
UTC in ISO 8601; git ids are hexadecimal. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml_action.arrivals import Autonomy, Dataset, Inventory, Outcome, SetAside, Trigger, Verdict
from ml_action.contract import Contract, Shift

__all__ = [
    "Attempt",
    "Autonomy",
    "Check",
    "Comparison",
    "Contract",
    "Dataset",
    "Decision",
    "Guarded",
    "Guardrail",
    "History",
    "Interval",
    "Inventory",
    "Issue",
    "Outcome",
    "Policy",
    "Proposal",
    "Publication",
    "PullRequest",
    "Recipe",
    "Screening",
    "SetAside",
    "Shift",
    "Slice",
    "Trial",
    "Trigger",
    "Verdict",
    "Version",
    "Watched",
]


# --- what was trained and how it compares -----------------------------------------------------------------


@dataclass(frozen=True)
class Interval:
    """A confidence interval."""

    low: float
    high: float


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

    @property
    def alpha(self) -> float:
        """The error rate that the confidence allows."""
        return round(1 - self.confidence, 12)  # 1 - 0.9 is a little less than 0.1


@dataclass(frozen=True)
class Slice:
    """The rows that have one value in a column: how champion and challenger compare on them alone."""

    column: str
    value: str
    datasets: int
    gain: float  # as a share of the champion's error on these rows
    worse: bool  # by more than is tolerated, and hardly by luck (docs/decision.md, step 5)


@dataclass(frozen=True)
class Guarded:
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

    judged: int = 0  # new datasets that were looked at; 0: nobody looked
    suspicious: int = 0  # of these
    suspects: tuple[SetAside, ...] = ()  # all that were set aside, with the statistic in words
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
    slices: tuple[Slice, ...] = ()
    guardrails: tuple[Guarded, ...] = ()
    gains: tuple[float, ...] = ()  # of single datasets, in shares of the mean error: 41 quantiles, the smallest first
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
    overruled: str = ""  # what the gate said before a person forced it


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
    sample: Mapping[str, object]  # one row of features: a request that any consumer can replay
    notes: tuple[str, ...] = ()
    contract: Contract | None = None  # of the data that it was trained on
    shifts: tuple[Shift, ...] = ()  # of the new data against the champion's, the largest first
    screening: Screening = Screening()
    model_format: str = "pickle"  # pickle | skops
    types: tuple[str, ...] = ()  # in a skops file, beside those that skops trusts by itself
    champion_types: tuple[str, ...] | None = None  # the same of the champion's file; None: it has no such list


# --- what is in production --------------------------------------------------------------------------------


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
    contract: Contract | None = None  # what the data looked like; versions of before 0.2 have none
    targets: tuple[str, ...] = ()  # where there are several
    weight: str = ""  # the column that said how much each row counts
    types: tuple[str, ...] = ()  # in a skops file, beside those that skops trusts by itself

    @property
    def outputs(self) -> tuple[str, ...]:
        """The columns that it predicts."""
        return self.targets or (self.target,)


@dataclass(frozen=True)
class History:
    """model_metadata.json: every version that was in production, and which one is now."""

    name: str
    salt: str  # keys the permanent holdout; the same for ever
    current: str
    versions: tuple[Version, ...]

    @property
    def champion(self) -> Version | None:
        """The version in production."""
        return next((version for version in self.versions if version.version == self.current), None)


# --- what was attempted -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class PullRequest:
    """A pull request as the forge tells it."""

    number: int
    url: str
    state: str  # open | closed | merged
    head_branch: str
    head_sha: str
    head_repository: str  # owner/name; empty when the fork is gone
    base_branch: str
    author: str
    title: str
    body: str
    draft: bool
    labels: tuple[str, ...]
    mergeable_state: str = ""  # clean blocked behind dirty draft has_hooks unknown unstable
    commits: int = 1  # that it would merge: a proposal is one, more are the base branch's that it lost


@dataclass(frozen=True)
class Watched:
    """The champion beside the version before it, on the same new rows that neither was trained on."""

    champion: str
    before: str  # the version that it was promoted over
    worse: bool  # proven: the version before has less error
    text: str  # what was found, or why nothing could be, in one sentence
    comparison: Comparison | None = None  # the version before in the challenger's place; None: they were not compared
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """One training with its decision, or one rollback: one line of the journal.

    Of a rollback `champion` is the version that has to go, `version` and `digest` are those of the one to come back.
    """

    id: str
    time: str
    run_url: str
    fingerprint: str
    data_tree: str
    salt: str
    new: int  # new datasets that pulled the trigger
    datasets: int  # datasets trained on
    rows: int
    set_aside: int
    champion: str  # version; empty: there was none
    version: str  # the version the challenger would become
    verdict: Verdict
    reason: str
    metric: str
    champion_score: float | None  # None: there was none, or it could not be scored
    challenger_score: float | None
    improvement: float | None
    interval: Interval | None  # of the improvement
    gain: float | None
    p_value: float | None
    base: str  # commit of the base branch that the proposal was built on; empty: none was built
    commit: str  # the proposal's commit; empty: none
    digest: str  # sha256 of the model file; empty: none was proposed
    pull_request: int = 0  # filled in when it is known
    pull_request_url: str = ""
    author: str = ""  # who opened it, if it is known to be the bot
    state: str = ""  # of the promotion: "" | open | merged | closed | superseded
    forced: str = ""  # a person's reason to propose it whatever the gate says; empty: nobody forced it
    draft: bool = False  # proposed for a person to look at, and never approved or merged by the bot
    comparison: Comparison | None = None  # the evidence, for `explain`; journals of before 0.2 have none
    decision: Decision | None = None
    screening: Screening | None = None
    policy: Policy | None = None  # what was asked of it
    notes: tuple[str, ...] = ()
    watched: Watched | None = None  # of a rollback: what the watch found, if it was the watch that asked for it
    former: tuple[str, ...] = ()  # commits that the proposal had before it was built anew on top of a moved base

    @property
    def rolls_back(self) -> bool:
        """Whether it trained nothing and wants an earlier version back."""
        return self.verdict is Verdict.ROLLBACK


# --- what is to be done, as data --------------------------------------------------------------------------


@dataclass(frozen=True)
class Proposal:
    """A promotion as data: all that publication needs, and nothing that it has to decide."""

    name: str
    base: str  # branch
    branch: str
    commit: str
    title: str
    body: str
    label: str
    fingerprint: str
    model_dir: str
    merge_method: str  # merge | squash | rebase
    autonomy: Autonomy
    draft: bool = False
    drafted: frozenset[str] = frozenset()  # fingerprints of the attempts that were proposed as a draft
    moved: bool = False  # whether the base branch has moved since it was built
    alone: bool = False  # not in the pull request of another promotion: that one is closed first


@dataclass(frozen=True)
class Issue:
    """An issue of the repository."""

    number: int
    url: str
    state: str  # open | closed
    body: str


@dataclass(frozen=True)
class Publication:
    """How far a promotion came, and why it stopped there."""

    pull_request: PullRequest | None = None
    approved: bool = False
    merge_state: str = ""  # "" | waiting | enabled | queued | merged | blocked
    notes: tuple[str, ...] = ()
    opened: bool = False  # by this run
    blocked: str = ""  # why the bot stopped; empty: it did not
    mend: str = ""  # what lets the bot open the pull request, which it may not; empty: it may
    by_hand: str = ""  # where a person opens it instead
    stale: str = ""  # why the proposal has to be built anew on top of the base branch; empty: it need not
