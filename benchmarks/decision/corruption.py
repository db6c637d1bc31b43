"""What goes wrong with datasets: some files of a batch, changed in place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.decision.scenarios import Integers, Sample

Damage = Callable[[Sample, Integers, np.random.Generator], Sample]  # a sample, the datasets to spoil, chance


def spoil(sample: Sample, share: float, damage: Damage, rng: np.random.Generator) -> Sample:
    """The sample with the damage done to this share of its datasets."""
    chosen = rng.permutation(sample.count)[: round(share * sample.count)]
    return damage(sample, chosen, rng) if len(chosen) else sample


def scaled(column: str, factor: float) -> Damage:
    """Another unit."""

    def damage(sample: Sample, datasets: Integers, _: np.random.Generator) -> Sample:
        rows = sample.rows(datasets)
        return sample.put(column, rows, sample.frame[column].to_numpy(dtype=float)[rows] * factor)

    return damage


def mirrored(column: str, pivot: float) -> Damage:
    """The scale upside down: what was `pivot` above its middle is so much below."""

    def damage(sample: Sample, datasets: Integers, _: np.random.Generator) -> Sample:
        rows = sample.rows(datasets)
        return sample.put(column, rows, 2 * pivot - sample.frame[column].to_numpy(dtype=float)[rows])

    return damage


def exchanged(column: str, one: str, other: str) -> Damage:
    """Two categories in each other's place."""

    def damage(sample: Sample, datasets: Integers, _: np.random.Generator) -> Sample:
        rows = sample.rows(datasets)
        values = sample.frame[column].to_numpy(dtype=object)[rows]
        return sample.put(column, rows, np.where(values == one, other, np.where(values == other, one, values)))

    return damage


def swapped(one: str, other: str) -> Damage:
    """Two columns in each other's place."""

    def damage(sample: Sample, datasets: Integers, _: np.random.Generator) -> Sample:
        rows = sample.rows(datasets)
        first, second = (sample.frame[name].to_numpy(copy=True)[rows] for name in (one, other))
        return sample.put(one, rows, second).put(other, rows, first)

    return damage


def shuffled(column: str) -> Damage:
    """Values that belong to other rows of the same dataset."""

    def damage(sample: Sample, datasets: Integers, rng: np.random.Generator) -> Sample:
        values = sample.frame[column].to_numpy(copy=True)
        for dataset in datasets:
            rows = np.flatnonzero(sample.owner == dataset)
            values[rows] = values[rng.permutation(rows)]
        return sample.put(column, sample.rows(datasets), values[sample.rows(datasets)])

    return damage


def stuck(column: str, value: float) -> Damage:
    """A sensor that died: the same value in every row."""

    def damage(sample: Sample, datasets: Integers, _: np.random.Generator) -> Sample:
        return sample.put(column, sample.rows(datasets), value)

    return damage


def noisy(column: str, deviation: float) -> Damage:
    """Careless labels: further off, in no direction."""

    def damage(sample: Sample, datasets: Integers, rng: np.random.Generator) -> Sample:
        rows = sample.rows(datasets)
        values = sample.frame[column].to_numpy(dtype=float)[rows]
        return sample.put(column, rows, values + rng.normal(0, deviation, int(rows.sum())))

    return damage


def offset(column: str, by: float) -> Damage:
    """A scale that does not start at zero."""

    def damage(sample: Sample, datasets: Integers, _: np.random.Generator) -> Sample:
        rows = sample.rows(datasets)
        return sample.put(column, rows, sample.frame[column].to_numpy(dtype=float)[rows] + by)

    return damage
