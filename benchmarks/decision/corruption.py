"""Corrupts some datasets of a batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.decision.scenarios import Integers, Sample

Damage = Callable[[Sample, Integers, np.random.Generator], Sample]  # a sample, the datasets to corrupt, random numbers


def corrupt(sample: Sample, share: float, damage: Damage, rng: np.random.Generator) -> Sample:
    """Returns the sample with this share of its datasets damaged."""
    chosen = rng.permutation(sample.count)[: round(share * sample.count)]
    return damage(sample, chosen, rng) if len(chosen) else sample


def scaled(column: str, factor: float) -> Damage:
    """Writes a column in another unit."""

    def damage(sample: Sample, datasets: Integers, _: np.random.Generator) -> Sample:
        rows = sample.rows(datasets)
        return sample.put(column, rows, sample.frame[column].to_numpy(dtype=float)[rows] * factor)

    return damage


def mirrored(column: str, pivot: float) -> Damage:
    """Reverses the scale of a column around a pivot."""

    def damage(sample: Sample, datasets: Integers, _: np.random.Generator) -> Sample:
        rows = sample.rows(datasets)
        return sample.put(column, rows, 2 * pivot - sample.frame[column].to_numpy(dtype=float)[rows])

    return damage


def exchanged(column: str, one: str, other: str) -> Damage:
    """Exchanges two categories."""

    def damage(sample: Sample, datasets: Integers, _: np.random.Generator) -> Sample:
        rows = sample.rows(datasets)
        values = sample.frame[column].to_numpy(dtype=object)[rows]
        return sample.put(column, rows, np.where(values == one, other, np.where(values == other, one, values)))

    return damage


def swapped(one: str, other: str) -> Damage:
    """Exchanges two columns."""

    def damage(sample: Sample, datasets: Integers, _: np.random.Generator) -> Sample:
        rows = sample.rows(datasets)
        first, second = (sample.frame[name].to_numpy(copy=True)[rows] for name in (one, other))
        return sample.put(one, rows, second).put(other, rows, first)

    return damage


def shuffled(column: str) -> Damage:
    """Shuffles the values within each dataset."""

    def damage(sample: Sample, datasets: Integers, rng: np.random.Generator) -> Sample:
        values = sample.frame[column].to_numpy(copy=True)
        for dataset in datasets:
            rows = np.flatnonzero(sample.owner == dataset)
            values[rows] = values[rng.permutation(rows)]
        return sample.put(column, sample.rows(datasets), values[sample.rows(datasets)])

    return damage


def stuck(column: str, value: float) -> Damage:
    """Writes the same value into every row, like a broken sensor."""

    def damage(sample: Sample, datasets: Integers, _: np.random.Generator) -> Sample:
        return sample.put(column, sample.rows(datasets), value)

    return damage


def noisy(column: str, deviation: float) -> Damage:
    """Adds noise."""

    def damage(sample: Sample, datasets: Integers, rng: np.random.Generator) -> Sample:
        rows = sample.rows(datasets)
        values = sample.frame[column].to_numpy(dtype=float)[rows]
        return sample.put(column, rows, values + rng.normal(0, deviation, int(rows.sum())))

    return damage


def offset(column: str, by: float) -> Damage:
    """Adds a constant."""

    def damage(sample: Sample, datasets: Integers, _: np.random.Generator) -> Sample:
        rows = sample.rows(datasets)
        return sample.put(column, rows, sample.frame[column].to_numpy(dtype=float)[rows] + by)

    return damage
