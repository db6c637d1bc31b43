"""The gate's benchmark in quick mode finds gross failures. benchmarks/decision/README.md describes the full one."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.decision import chart, corruption, report, results, rules, run, sequences
from benchmarks.decision.catalogue import WORLDS
from benchmarks.decision.results import Line, Results, Tally
from benchmarks.decision.scenarios import Aim, Sample
from benchmarks.intervals import wilson
from ml_action.core.records.evaluation import Interval

SEED = 20261126


# --- the gate -------------------------------------------------------------------------------------------------------


def test_quick_mode_finds_no_gross_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One test, because its parts share a minute of replications, which each worker would repeat.

    Half of the quick mode's replications, and only the two rules of the course that are compared: a gross failure,
    harm in a quarter of the replications of a world, shows in them as well.
    """
    monkeypatch.setattr(sequences, "RULES", (sequences.ORACLE, rules.DEFAULT))
    found = run.run(run.QUICK, SEED, run.jobs(run.QUICK, SEED, times=0.5), processes=1)
    lines = {line.world: line for line in found.lines}
    _promotes_large_gains(lines)
    _does_hardly_any_harm(lines)
    assert results.ratio(found.courses[0].excess, rules.DEFAULT, "oracle").value < 2.5
    _is_read_back_reported_and_drawn(found, tmp_path / "results.json")


def _promotes_large_gains(lines: dict[str, Line]) -> None:
    """The gate does so nearly always, the seed's rule does not."""
    ours, seeds = (lines["gain of 19 %"].rules[rule] for rule in (rules.DEFAULT, rules.SEED))
    assert ours.promoted >= 0.9 * ours.played
    assert seeds.promoted < 0.9 * seeds.played


def _does_hardly_any_harm(lines: dict[str, Line]) -> None:
    """The gate does none in any world; a bootstrap on a holdout does, if the unit is wrong."""
    for name, line in lines.items():
        ours = line.rules[rules.DEFAULT]
        assert ours.harm <= max(1, 0.1 * ours.played), name
    theirs = lines["minutes for hours in all files"].rules[rules.CLUSTERS]
    assert theirs.harm > 0.5 * theirs.played


def _is_read_back_reported_and_drawn(found: Results, path: Path) -> None:
    results.save(found, path)
    assert results.load(path) == found
    text = report.markdown(found)
    assert all(line.world in text for line in found.lines)
    picture = ElementTree.fromstring(chart.draw(found))  # noqa: S314  our own
    bars = [node for node in picture.iter("{http://www.w3.org/2000/svg}rect") if node.get("class") == "ours"]
    assert len(bars) > len([line for line in found.lines if line.kind in chart.KINDS])


# --- the benchmark itself -------------------------------------------------------------------------------------------


def test_worlds_have_unique_names_and_replications() -> None:
    names = Counter(world.name for world in WORLDS)
    assert max(names.values()) == 1
    assert all(world.full for world in WORLDS)


def test_replication_depends_only_on_name_number_and_seed() -> None:
    name = "RAND panel, nothing changed"
    quick = [job for job in run.jobs(run.QUICK, 1) if job.name == name]
    assert set(quick) < set(run.jobs(run.FULL, 1, [name]))
    assert not set(quick) & set(run.jobs(run.FULL, 2, [name]))
    assert run.play(quick[0]) == run.play(quick[0])


def test_names_select_worlds() -> None:
    assert {job.name for job in run.jobs(run.FULL, 1, ["boosting, gain"])} == {"boosting, gain"}


def test_damage_changes_one_column_of_the_chosen_datasets() -> None:
    world = next(world for world in WORLDS if world.name == "nothing changed")
    frame = world.make(1).table.frame.head(200)
    sample = Sample(frame, np.arange(200, dtype=np.int64) // 10)
    rng = np.random.default_rng(1)
    damaged = corruption.corrupt(sample, 0.5, corruption.scaled("hours_studied", 60), rng)
    changed = (damaged.frame != frame).to_numpy()
    assert changed.any(axis=0).sum() == 1
    assert len(np.unique(sample.owner[changed.any(axis=1)])) == 10


def test_wilson_is_the_textbook_interval() -> None:
    interval = wilson(0, 100)
    assert interval.low == 0
    assert interval.high == pytest.approx(0.0370, abs=1e-4)  # 3.70 %: a hundred times without harm
    assert wilson(0, 0) == Interval(0, 1)


@pytest.mark.parametrize(
    ("right", "tally", "missed"),
    [
        ("hold", Tally(100, 20, 3, 1), []),
        ("hold", Tally(100, 20, 4, 0), ["q > 1.00 > 3%"]),
        ("hold or set aside", Tally(100, 50, 50, 2), ["harm > 1%"]),
        ("promote", Tally(100, 95, 0, 0, small=[95, 100]), []),
        ("promote", Tally(100, 96, 0, 0, large=[96, 100]), ["power 96/100 at gains of 6 % and more < 97%"]),
    ],
)
def test_aims(right: str, tally: Tally, missed: list[str]) -> None:
    line = Line("a world", "linear", right, asked=right == Aim.GAIN.value)
    assert list(results.misses(line, tally)) == missed


def test_ratio_has_an_interval_over_sequences() -> None:
    found = results.ratio({"ours": [1.2, 1.6, 1.4], "oracle": [1.0, 1.0, 1.0]}, "ours", "oracle")
    assert found.value == pytest.approx(1.4)
    assert found.low < found.value < found.high
    assert math.isnan(results.ratio({"ours": [1.2], "oracle": [1.0]}, "ours", "oracle").low)
