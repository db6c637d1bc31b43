"""What init says at its end: what the rehearsal means, and what is left to do."""

from dataclasses import replace

import pytest

from ml_action.commands.init import next_steps
from ml_action.core.errors import ForgeError
from ml_action.core.records.choices import Verdict
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.promotion import MergeProgress, Publication

WHERE = ("main", "main")


def hour(verdict, next_step="look at the data"):
    return Outcome(verdict, "because", next_step)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (Verdict.PROMOTE, Verdict.PROMOTE, "v1 and then v2 were proven better"),
        (Verdict.PROMOTE, Verdict.HOLD, "the usual answer to more of the same"),
        (Verdict.PROMOTE, Verdict.REVIEW, "in the second hour: look at the data"),
        (Verdict.WAITING, Verdict.PROMOTE, "all of them make a v1"),
        (Verdict.WAITING, Verdict.WAITING, "too few data to rehearse with"),
        (Verdict.WAITING, Verdict.HOLD, "no first model would come of these data"),
        (Verdict.REJECT, Verdict.REJECT, "no first model would come of these data"),
    ],
)
def test_two_hours_mean_something(first, second, said):
    assert said in next_steps.rehearsal_summary(hour(first), hour(second))


def test_what_was_merged_is_said_to_be_and_what_waits_is_not():
    merged = replace(hour(Verdict.PROMOTE), publication=Publication(approved=True, merge_progress=MergeProgress.MERGED))
    waits = replace(merged, publication=Publication(approved=True, merge_progress=MergeProgress.WAITING))
    assert "approved and merged in the rehearsal" in next_steps.rehearsal_summary(merged, hour(Verdict.HOLD))
    assert "still waits in the rehearsal: look at the data" in next_steps.rehearsal_summary(waits, hour(Verdict.HOLD))


def test_a_command_is_safe_to_paste():
    steps = next_steps.next_steps(["a.toml"], "it's\n$(rm)", WHERE, None, [])
    assert steps[0] == """git add a.toml && git commit -m 'Keep the model for it'"'"'s $(rm) up to date' && git push"""


def test_nothing_is_to_be_committed_where_all_is():
    assert not any("git add" in step for step in next_steps.next_steps([], "y", WHERE, None, []))


def test_a_branch_that_is_not_the_default_one_has_to_be_merged():
    assert any("merge mine into main" in step for step in next_steps.next_steps([], "y", ("mine", "main"), None, []))
    assert any("HEAD is detached" in step for step in next_steps.next_steps([], "y", ("", "main"), None, []))
    assert not any("merge " in step for step in next_steps.next_steps([], "y", ("mine", ""), None, [])[1:2])


def test_without_a_token_it_says_which_are_needed_and_how_to_give_one():
    told = "\n".join(next_steps.next_steps([], "y", WHERE, None, []))
    assert "the workflow's own is enough" in told
    assert "ML_AUTO_UPDATE_TOKEN" in told


def test_a_doctor_that_cannot_look_says_why():
    problem = ForgeError("GitHub does not know this token", fix="make a new one")
    told = "\n".join(next_steps.next_steps([], "y", WHERE, problem, []))
    assert "the doctor could not look: GitHub does not know this token; make a new one" in told


def test_a_second_workflow_is_named():
    assert any(
        "mine.yml names ml-auto-update as well" in step
        for step in next_steps.next_steps([], "y", WHERE, None, ["mine.yml"])
    )
