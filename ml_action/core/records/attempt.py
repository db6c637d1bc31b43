"""One line of the journal."""

from __future__ import annotations

from dataclasses import dataclass

from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import Comparison, Decision, Interval, Screening
from ml_action.core.records.policy import Policy


@dataclass(frozen=True)
class WatchResult:
    """The champion compared with the version before it, on the same new rows, which neither was trained on."""

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
    forced: str = ""  # the user's reason to propose it whatever the gate decides; empty: not forced
    draft: bool = False  # proposed for a person to look at, and never approved or merged by the bot
    comparison: Comparison | None = None  # the evidence, for `explain`; journals of before 0.2 have none
    decision: Decision | None = None
    screening: Screening | None = None
    policy: Policy | None = None  # what was asked of it
    notes: tuple[str, ...] = ()
    watched: WatchResult | None = None  # of a rollback: what the watch found, if it was the watch that asked for it
    given: tuple[
        str, ...
    ] = ()  # settings that came from the workflow's inputs or from flags, not from the settings file
    former: tuple[str, ...] = ()  # commits that the proposal had before it was rebuilt on top of a moved base
    holdout_fingerprint: str = ""  # of the secret that the holdout was drawn with; empty: with the salt alone

    @property
    def rolls_back(self) -> bool:
        """Whether it trained nothing and wants an earlier version back."""
        return self.verdict is Verdict.ROLLBACK
