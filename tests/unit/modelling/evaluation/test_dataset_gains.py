"""What averages hide, computed from the paired losses of single datasets."""

from __future__ import annotations

import numpy as np
import pytest

from ml_action.modelling.evaluation import dataset_gains


def test_win_rate_counts_ties_for_the_challenger():
    assert dataset_gains.win_rate(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 3.0, 2.0, 5.0])) == 0.75


def test_gain_in_the_worst_datasets_vanishes_when_they_are_trimmed():
    opponent = np.concatenate([np.full(80, 10.0), np.full(20, 1000.0)])
    challenger = np.concatenate([np.full(80, 11.0), np.full(20, 100.0)])
    rows = np.ones(100)
    assert (opponent.sum() - challenger.sum()) / opponent.sum() > 0.8
    assert dataset_gains.trimmed_gain(challenger, opponent, rows) == pytest.approx(-0.1)


def test_trimming_uses_the_loss_per_row():
    rows = np.concatenate([np.full(80, 100.0), np.ones(20)])
    opponent = np.concatenate([np.full(80, 100.0), np.full(20, 50.0)])  # the small ones are predicted worst
    challenger = np.concatenate([np.full(80, 90.0), np.full(20, 500.0)])
    assert dataset_gains.trimmed_gain(challenger, opponent, rows) == pytest.approx(0.1)


def test_few_datasets_are_not_trimmed_and_perfect_ones_are_a_tie():
    assert dataset_gains.trimmed_gain(np.ones(29), np.ones(29), np.ones(29)) is None
    assert dataset_gains.trimmed_gain(np.zeros(40), np.zeros(40), np.ones(40)) == 0.0


def test_mixture_has_a_heavier_tail_and_scaled_losses_do_not():
    rng = np.random.default_rng(0)
    usual, more = (np.exp(rng.normal(0, 0.4, 200)) for _ in range(2))
    mixed = np.where(np.arange(200) < 30, 20 * more, more)
    assert dataset_gains.heavier_tail(mixed, usual, 0.95, 1) > 0.4
    assert dataset_gains.heavier_tail(5 * more, usual, 0.95, 1) < 0.1
    assert dataset_gains.heavier_tail(mixed, usual, 0.95, 1) == dataset_gains.heavier_tail(mixed, usual, 0.95, 1)


@pytest.mark.parametrize("reference", [None, np.ones(19), np.zeros(40)])
def test_unknown_tail_gives_no_figure(reference):
    assert dataset_gains.heavier_tail(np.ones(40), reference, 0.95, 1) is None


def test_tail_of_many_datasets_is_estimated_from_a_thousand():
    many = np.exp(np.random.default_rng(0).normal(0, 0.4, 50_000))
    assert abs(dataset_gains.heavier_tail(many, many, 0.5, 1)) < 0.2


def test_gains_of_single_datasets_are_per_row_and_sorted():
    found = dataset_gains.gains(np.array([5.0, 20.0]), np.array([10.0, 10.0]), np.array([1.0, 10.0]))
    assert len(found) == dataset_gains.QUANTILES
    assert list(found) == sorted(found)
    usual = 20 / 11
    assert found[0] == pytest.approx(-1 / usual, abs=1e-6)
    assert found[-1] == pytest.approx(5 / usual, abs=1e-6)
    assert dataset_gains.gains(np.zeros(2), np.zeros(2), np.ones(2)) == ()


def test_datasets_needed_to_prove_the_gain():
    """The textbook's formula for a one-sided test at 5 % with 80 % power."""
    large = np.tile([3.0, -1.0], 20)  # mean 1, deviation 2.03: 25 are enough
    assert dataset_gains.datasets_needed(10 - large, np.full(40, 10.0), 0.05) == 0
    small = np.tile([2.2, -1.8], 20)  # mean 0.2
    assert (
        dataset_gains.datasets_needed(10 - small, np.full(40, 10.0), 0.05)
        == round((2.4865 * small.std(ddof=1) / 0.2) ** 2) - 40
    )


@pytest.mark.parametrize("difference", [np.zeros(40), -np.ones(40), np.ones(40), np.ones(1)])
def test_no_gain_or_a_certain_one_needs_no_more_datasets(difference):
    assert dataset_gains.datasets_needed(10 - difference, np.full(len(difference), 10.0), 0.05) == 0
