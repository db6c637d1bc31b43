import pytest

from ml_action.commands.simulate import results
from ml_action.commands.simulate.results import AIM, GAINS, UNCHANGED, Draw
from ml_action.core.errors import DataError, SettingsError
from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import Interval


@pytest.mark.parametrize(
    ("given", "usual", "datasets", "found"),
    [
        ((), 200, 4000, (50, 100, 200, 400)),
        ((), 200, 500, (50, 100, 200)),
        ((), 200, 100, (50,)),
        ((), 40, 4000, (40, 80)),
        ((), 10, 200, (50, 100)),  # none of the usual ones is possible
        ((), 1000, 300, (75, 150)),
        ((), 1000, 70, (35,)),
        ((), 200, 59, ()),
        ((300, 30, 30), 200, 600, (30, 300)),
    ],
)
def test_thresholds_around_the_users_that_the_datasets_allow(given, usual, datasets, found):
    assert results.thresholds(given, usual, datasets) == found


def test_impossible_threshold_is_an_error_with_the_possible_ones():
    with pytest.raises(SettingsError, match="thresholds: 400 takes 800 datasets, and 700 can be used") as caught:
        results.thresholds((100, 400), 200, 700)
    assert "at most 350" in caught.value.fix
    with pytest.raises(SettingsError, match="thresholds: 20 is too small"):
        results.thresholds((20, 100), 200, 700)


@pytest.mark.parametrize(("threshold", "needed"), [(200, 60), (40, 40), (5, 30)])
def test_too_few_datasets_are_an_error_with_the_number_needed(threshold, needed):
    problem = results.too_few(25, threshold)
    assert isinstance(problem, DataError)
    assert f"a simulation needs {needed}" in problem.what
    assert f"{needed - 25} more datasets" in problem.fix


def draw(true_gain=UNCHANGED, verdict=Verdict.HOLD, *, one_batch_only=False, gain=0.01, better=None, seconds=1.0):
    interval = None if gain is None else Interval(gain - 0.02, gain + 0.02)
    return Draw(true_gain, one_batch_only, verdict, gain, interval, better, seconds)


def test_figures_of_a_threshold():
    draws = [
        draw(),
        draw(verdict=Verdict.REVIEW, gain=None),
        draw(verdict=Verdict.PROMOTE, better=True),
        draw(verdict=Verdict.PROMOTE, better=False, seconds=5.0),
        draw(AIM, Verdict.PROMOTE, gain=0.04),
        draw(AIM, Verdict.PROMOTE, gain=0.06),
        draw(AIM, gain=float("nan")),
        draw(AIM, one_batch_only=True),
    ]
    found = results.summarise(100, draws, GAINS, 6)
    assert (found.unchanged.found.hits, found.unchanged.found.of) == (2, 4)
    assert found.unchanged.verdicts == {"hold": 1, "promote": 2, "review": 1}
    assert (found.no_better.hits, found.no_better.of) == (1, 4)
    power = found.power(AIM)
    assert (power.found.hits, power.found.of, power.measured) == (2, 3, 0.05)
    assert power.width == pytest.approx(0.04)
    assert (found.one_batch_only.found.hits, found.one_batch_only.found.of) == (0, 1)
    assert found.power(0.1).found.of == 0
    assert found.power(0.1).measured is None
    assert (found.threshold, found.fits, found.seconds) == (100, 6, 1.0)


def test_quality_of_promotions_is_unknown_without_a_jury():
    found = results.summarise(100, [draw(), draw(verdict=Verdict.PROMOTE)], GAINS, 6)
    assert found.no_better.of == 0
