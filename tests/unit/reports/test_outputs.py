import json

import pytest

from ml_action.core.errors import DataError
from ml_action.core.records.attempt import WatchResult
from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import RejectedDataset, Trigger
from ml_action.core.records.evaluation import Decision, Interval
from ml_action.core.records.outcome import Inspected, Outcome
from ml_action.loop import outcomes
from ml_action.reports import outputs
from ml_action.reports.outputs import OUTPUTS
from ml_action.runtime import boundary
from tests.support.factories import make_attempt, make_comparison, make_evidence, make_outcome, make_screening


def test_a_promotion_fills_every_output_but_the_report_path():
    values = outputs.from_outcome(make_outcome())
    assert values == {
        "ready": "true", "count": "220", "threshold": "200", "decision": "promote", "reason": "better by far",
        "version": "v2", "champion-score": "0.8", "challenger-score": "0.85", "improvement": "0.05",
        "ci-low": "0.03", "ci-high": "0.07", "quarantined": "0", "pr-number": "7",
        "pr-url": "https://github.com/o/r/pull/7", "merge-state": "enabled", "model-path": "model/v2.pkl",
        "report-path": "", "drift": "", "drifted": "", "gain": "0.25", "win-rate": "", "outlook": "", "suspicious": "",
        "autonomy": "", "compare-url": "", "watch": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    "outcome",
    [
        boundary.failed(DataError("no data")),
        outcomes.lost_race(),
        boundary.bug(),
        boundary.interrupted(),
        make_outcome(),
    ],
)
def test_every_output_is_there_as_text_whatever_the_ending(outcome):
    values = outputs.from_outcome(outcome)
    assert list(values) == list(OUTPUTS)
    assert all(isinstance(value, str) for value in values.values())
    json.dumps(values)


def test_a_run_that_failed_is_not_ready():
    values = outputs.from_outcome(boundary.failed(DataError("no data", fix="add some")))
    assert (values["ready"], values["decision"], values["reason"], values["count"]) == (
        "false",
        "failed",
        "no data",
        "",
    )


@pytest.mark.parametrize(
    ("inspected", "numbers"),
    [
        (Inspected(3), ("3", "", "")),
        (Inspected(0, 7, "https://github.com/o/r/pull/7"), ("0", "7", "https://github.com/o/r/pull/7")),
    ],
)
def test_inspected_datasets_fill_the_count_and_the_pull_request(inspected, numbers):
    values = outputs.from_outcome(Outcome(Verdict.READY, "r", "n", inspected=inspected))
    assert (values["count"], values["pr-number"], values["pr-url"]) == numbers


def test_waiting_run_outputs_the_version_of_the_champion():
    outcome = make_outcome(attempt=None, trial=None, publication=None, trigger=Trigger(False, 3, 200, "waiting 3/200"))
    values = outputs.from_outcome(outcome)
    assert (values["ready"], values["version"], values["champion-score"]) == ("false", "v1", "")


def test_missing_scores_stay_empty_and_a_zero_does_not():
    attempt = make_attempt(champion_score=None, improvement=0.0, interval=None)
    values = outputs.from_outcome(make_outcome(attempt=attempt))
    assert (values["champion-score"], values["improvement"], values["ci-low"], values["ci-high"]) == ("", "0.0", "", "")
    low = outputs.from_outcome(make_outcome(attempt=make_attempt(interval=Interval(0.0, 0.5))))
    assert low["ci-low"] == "0.0"


def test_set_aside_datasets_are_counted():
    outcome = Outcome(Verdict.WAITING, "waiting", "wait", set_aside=(RejectedDataset("a.csv", "1", "empty"),))
    assert outputs.from_outcome(outcome)["quarantined"] == "1"


def test_comparison_fills_the_outputs_with_numbers():
    comparison = make_evidence()
    decision = Decision(Verdict.HOLD, "not proven better", outlook="about 90 more datasets")
    attempt = make_attempt(comparison=comparison, gain=comparison.gain, decision=decision, screening=make_screening())
    values = outputs.from_outcome(make_outcome(attempt=attempt))
    assert (values["gain"], values["win-rate"]) == ("0.061", "0.71")
    assert (values["outlook"], values["suspicious"]) == ("about 90 more datasets", "3")


@pytest.mark.parametrize(
    ("watched", "output"),
    [
        (WatchResult("v2", "v1", True, "worse", make_comparison()), "worse"),
        (WatchResult("v2", "v1", False, "not proven worse", make_comparison()), "not-worse"),
        (WatchResult("v2", "v1", False, "its file is not there"), "unknown"),
    ],
)
def test_result_of_the_watch_is_one_word(watched, output):
    assert outputs.from_outcome(make_outcome(attempt=make_attempt(watched=watched)))["watch"] == output
