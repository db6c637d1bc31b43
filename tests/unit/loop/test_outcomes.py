from dataclasses import replace

import pytest

from ml_action.core.errors import DataError
from ml_action.core.records.choices import Autonomy, Verdict
from ml_action.core.records.dataset import Inventory, RejectedDataset, Trigger
from ml_action.core.records.evaluation import Decision
from ml_action.core.records.promotion import MergeProgress, Publication
from ml_action.datasets.survey import Snapshot
from ml_action.git.journal import State
from ml_action.loop import outcomes
from ml_action.loop.judgement import Judgement
from ml_action.reports.render.markdown import render
from ml_action.reports.sections.run import ICONS
from ml_action.reports.summary import summary
from ml_action.runtime import boundary
from tests.support.factories import make_attempt, make_history, make_outcome, make_pull, make_settings, make_trial

COUNTED = Trigger(True, 220, 200, "ready 220/200")
WAITING = Trigger(False, 3, 200, "waiting 3/200")


def make_scene(**changes):
    scene = Snapshot(
        None,
        State("c", "d", (make_attempt(),)),
        make_history(),
        Inventory("t", "s", ()),
        COUNTED,
        make_settings(),
    )
    return replace(scene, **changes)


def decided(attempt, publication=None, verdict=Verdict.PROMOTE, trial=None, set_aside=(), **settings):
    decision = Decision(verdict, "because")
    return outcomes.attempt_recorded(
        make_scene(settings=make_settings(**settings)), attempt, Judgement(decision, trial), publication, set_aside
    )


def test_waiting_reports_the_count_and_the_champion():
    outcome = outcomes.waiting(make_scene(trigger=WAITING), None)
    assert (outcome.verdict, outcome.reason) == (Verdict.WAITING, "waiting 3/200")
    assert outcome.next_step == "nothing until more datasets arrive; the next run counts again"
    assert outcome.champion.version == "v1"
    assert outcome.attempt is None


def test_waiting_after_a_follow_up_reports_what_became_of_the_promotion():
    outcome = outcomes.waiting(
        make_scene(trigger=WAITING), Publication(make_pull(), merge_progress=MergeProgress.ENABLED)
    )
    assert outcome.next_step == "pull request #7 is open: GitHub merges it when its requirements are met"
    assert outcome.attempt.version == "v2"
    assert outcome.publication.pull_request.number == 7


def test_without_a_history_there_is_no_champion():
    assert outcomes.waiting(make_scene(history=None), None).champion is None


def test_too_few_sound_datasets_wait_and_list_those_set_aside():
    gone = [RejectedDataset("a.csv", "1", "empty")]
    outcome = outcomes.too_few(make_scene(), WAITING, gone)
    assert (outcome.verdict, outcome.trigger, outcome.set_aside) == (Verdict.WAITING, WAITING, tuple(gone))
    assert "a corrected file counts as new" in outcome.next_step


def test_work_done_before_is_held_with_the_attempt_that_did_it():
    outcome = outcomes.already_judged(make_scene(), make_attempt(id="A1", verdict=Verdict.HOLD))
    assert outcome.verdict is Verdict.HOLD
    assert outcome.reason == "the same work was done before: attempt A1 ended with hold"
    assert "200 further datasets" in outcome.next_step


def test_blocked_names_the_pull_request_and_the_reason():
    outcome = outcomes.blocked(make_scene(), Publication(make_pull(), blocked="a person pushed to it"))
    assert (outcome.verdict, outcome.reason) == (Verdict.BLOCKED, "a person pushed to it")


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (outcomes.lost_race(), Verdict.STOOD_DOWN),
        (boundary.interrupted(), Verdict.FAILED),
        (boundary.bug(), Verdict.FAILED),
        (boundary.failed(DataError("gone\nsecond line", fix="restore it")), Verdict.FAILED),
        (boundary.failed(DataError("gone")), Verdict.FAILED),
    ],
)
def test_endings_without_an_attempt_say_why_in_one_line_and_what_next(outcome, verdict):
    assert outcome.verdict is verdict
    assert outcome.reason
    assert "\n" not in outcome.reason
    assert outcome.next_step


def test_a_promotion_with_its_pull_request():
    outcome = decided(make_attempt(), Publication(make_pull()), trial=make_trial(notes=("a note",)))
    assert (outcome.verdict, outcome.reason, outcome.model_path) == (Verdict.PROMOTE, "because", "model/v2.pkl")
    assert outcome.next_step == "pull request #7 is open: a person reviews and merges it"
    assert outcome.notes == ("a note",)


@pytest.mark.parametrize(
    ("publication", "text"),
    [
        (
            Publication(make_pull(), merge_progress=MergeProgress.WAITING),
            "pull request #7 is open: the next run looks again",
        ),
        (
            Publication(make_pull(state="merged"), merge_progress=MergeProgress.MERGED),
            "the new model is on the base branch: the service picks it up",
        ),
        (
            Publication(make_pull(state="closed")),
            "pull request #7 was closed by a person: this data will not propose it again",
        ),
        (Publication(), "the proposal is on its branch; merge that branch to put the model into production"),
        (Publication(make_pull(), blocked="x"), "a person decides; the next run looks again"),
        (None, "the proposal is on its branch"),
    ],
)
def test_what_happens_next_to_a_promotion(publication, text):
    assert decided(make_attempt(), publication).next_step == text


def test_a_blocked_publication_is_the_verdict():
    outcome = decided(make_attempt(), Publication(make_pull(), blocked="not the bot's commit"))
    assert (outcome.verdict, outcome.reason) == (Verdict.BLOCKED, "not the bot's commit")


def test_a_promotion_that_is_only_reported():
    outcome = decided(make_attempt(commit=""), autonomy=Autonomy.REPORT)
    assert outcome.next_step == (
        "nothing: autonomy is report; with propose, the next training that proves better opens a pull request"
    )
    assert outcome.model_path == ""


@pytest.mark.parametrize("verdict", [Verdict.HOLD, Verdict.REJECT])
def test_the_champion_stays_and_the_data_is_used_again(verdict):
    outcome = decided(make_attempt(verdict=verdict, commit=""), verdict=verdict)
    assert outcome.verdict is verdict
    assert outcome.next_step.startswith("the champion stays; the next training waits for 200 further datasets")


@pytest.mark.parametrize("verdict", [Verdict.INCOMPARABLE, Verdict.REVIEW])
def test_the_decision_that_a_person_has_to_take_is_reported(verdict):
    attempt = make_attempt(verdict=verdict, commit="", decision=Decision(verdict, "", (), "keep the columns"))
    assert decided(attempt, verdict=verdict).next_step == "the champion stays. A person decides: keep the columns"
    drafted = decided(replace(attempt, draft=True), Publication(make_pull(draft=True)), verdict=verdict)
    assert "pull request #7 is a draft for a person" in drafted.next_step


def test_every_verdict_has_an_icon():
    assert set(ICONS) == set(Verdict)
    for verdict in Verdict:
        assert str(verdict) in render(summary(make_outcome(verdict=verdict)))
