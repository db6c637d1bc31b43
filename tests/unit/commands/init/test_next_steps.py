"""The summary of the rehearsal, and the steps that are left to do."""

from dataclasses import replace

import pytest

from ml_action.commands.init.next_steps import (
    CloneBranches,
    RemainingWork,
    check_ready,
    next_steps,
    rehearsal_summary,
)
from ml_action.commands.init.rehearsal import Rehearsal
from ml_action.core.errors import ForgeError, NotReadyError
from ml_action.core.records.choices import Verdict
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.promotion import MergeProgress, Publication


def outcome(verdict, next_step="look at the data"):
    return Outcome(verdict, "because", next_step)


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        (Verdict.PROMOTE, Verdict.PROMOTE, "v1 and then v2 were proven better"),
        (Verdict.PROMOTE, Verdict.HOLD, "the usual answer to more of the same"),
        (Verdict.PROMOTE, Verdict.REVIEW, "in the second hour: look at the data"),
        (Verdict.WAITING, Verdict.PROMOTE, "all of them make a v1"),
        (Verdict.WAITING, Verdict.WAITING, "waits for more data: because"),
    ],
)
def test_the_summary_of_two_runs(first, second, text):
    rehearsal = Rehearsal(outcome(first), outcome(second))
    check_ready(rehearsal, waits=True)
    assert text in rehearsal_summary(rehearsal)


@pytest.mark.parametrize(
    ("first", "second", "waits", "text"),
    [
        (Verdict.WAITING, Verdict.WAITING, False, "too few data for a first model: because"),
        (Verdict.WAITING, Verdict.HOLD, True, "no first model would come of these data"),
        (Verdict.REJECT, Verdict.REJECT, False, "no first model would come of these data"),
        (Verdict.WAITING, Verdict.REVIEW, False, "not ready: because"),
        (Verdict.REVIEW, Verdict.REVIEW, True, "name the other columns with --features"),
    ],
)
def test_a_rehearsal_without_a_model_is_an_error_with_a_code_of_its_own(first, second, waits, text):
    with pytest.raises(NotReadyError) as caught:
        check_ready(Rehearsal(outcome(first), outcome(second)), waits=waits)
    assert text in str(caught.value)
    assert "nothing was written" in str(caught.value)
    assert caught.value.exit_code == 7


def test_the_summary_says_whether_the_pull_request_was_merged():
    merged = replace(
        outcome(Verdict.PROMOTE), publication=Publication(approved=True, merge_progress=MergeProgress.MERGED)
    )
    waits = replace(merged, publication=Publication(approved=True, merge_progress=MergeProgress.WAITING))
    assert "approved and merged in the rehearsal" in rehearsal_summary(Rehearsal(merged, outcome(Verdict.HOLD)))
    assert "still waits in the rehearsal: look at the data" in rehearsal_summary(
        Rehearsal(waits, outcome(Verdict.HOLD))
    )


def test_a_command_is_safe_to_paste():
    steps = next_steps(RemainingWork("it's\n$(rm)", uncommitted=("a.toml",)))
    assert steps[0] == """git add a.toml && git commit -m 'Keep the model for it'"'"'s $(rm) up to date' && git push"""


def test_without_uncommitted_files_there_is_no_commit_step():
    assert not any("git add" in step for step in next_steps(RemainingWork("y")))


def test_another_branch_than_the_default_one_has_to_be_merged():
    assert any(
        "merge mine into main" in step
        for step in next_steps(RemainingWork("y", branches=CloneBranches("mine", "main")))
    )
    assert any(
        "HEAD is detached" in step for step in next_steps(RemainingWork("y", branches=CloneBranches("", "main")))
    )
    assert not any("merge " in step for step in next_steps(RemainingWork("y", branches=CloneBranches("mine", "")))[1:2])


def test_without_a_token_the_steps_say_how_to_give_one():
    text = "\n".join(next_steps(RemainingWork("y")))
    assert "the workflow's own is enough" in text
    assert "ML_AUTO_UPDATE_TOKEN" in text


def test_the_error_of_the_doctor_is_a_step():
    error = ForgeError("GitHub does not know this token", fix="make a new one")
    text = "\n".join(next_steps(RemainingWork("y", diagnosis=error)))
    assert "the doctor could not look: GitHub does not know this token; make a new one" in text


def test_a_second_workflow_is_a_step():
    assert any(
        "mine.yml names ml-auto-update as well" in step
        for step in next_steps(RemainingWork("y", workflows=("mine.yml",)))
    )
