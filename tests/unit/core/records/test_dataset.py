import pytest

from ml_action.core.records.choices import Autonomy, Verdict


@pytest.mark.parametrize(
    ("rung", "reached"),
    [
        ("report", ["report"]),
        ("propose", ["report", "propose"]),
        ("approve", ["report", "propose", "approve"]),
        ("merge", ["report", "propose", "approve", "merge"]),
    ],
)
def test_each_rung_of_the_ladder_does_what_the_ones_before_do(rung, reached):
    assert [str(other) for other in Autonomy if Autonomy(rung).reaches(other)] == reached


def test_verdicts_and_rungs_are_their_words():
    assert f"{Verdict.STOOD_DOWN}" == "stood-down"
    assert f"{Autonomy.MERGE}" == "merge"
