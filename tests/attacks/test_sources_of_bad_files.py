"""One contributor's files stop no run for the others, and start none as often as they like."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ml_action.core.records.dataset import Dataset
from ml_action.datasets.sources import Division, authors, divide
from ml_action.git.repository import Repository
from tests.scenarios.world import STORE, World, drifted
from tests.support.factories import Workspace, make_repository


def datasets(folder: str, count: int) -> list[Dataset]:
    return [Dataset(f"{folder}/{number}.csv", f"{folder}-{number}") for number in range(count)]


def division_of(new: list[Dataset], bad: list[Dataset], known: Mapping[str, str] | None = None) -> Division:
    return divide(new, {item.blob for item in bad}, 0.1, known or {})


def test_folder_with_too_many_bad_files_is_left_out_as_a_whole() -> None:
    bad, good = datasets("data/lab-a", 9), datasets("data/lab-b", 45)
    found = division_of([*bad, *good], bad[:8])
    assert found.separates
    assert {item.path for item in found.set_aside()} == {item.path for item in bad}
    assert next(found.set_aside()).reason == (
        "comes from the folder data/lab-a, and 8 of the 9 new datasets from there are bad"
    )
    assert found.note == (
        "left out, because more of its new datasets are bad than max-quarantine allows: the folder data/lab-a "
        "(8 of 9 bad)"
    )


def test_authors_separate_sources_where_all_files_are_in_one_folder() -> None:
    new = datasets("data", 53)
    known = {item.path: "Mallory" if place < 10 else "Alice" for place, item in enumerate(new)}
    found = division_of(new, new[:8], known)
    assert [(one.name, one.bad, len(one.datasets)) for one in found.left_out] == [
        ("the folder data (author Mallory)", 8, 10)
    ]


def test_bad_files_in_the_folder_of_another_cost_their_author_alone() -> None:
    new = [*datasets("data/lab-a", 20), *datasets("data/lab-b", 30)]
    known = {item.path: "Mallory" if 20 <= place < 28 else "Alice" for place, item in enumerate(new)}
    found = division_of(new, new[20:28], known)
    assert found.separates
    assert [one.name for one in found.left_out] == ["the folder data/lab-b (author Mallory)"]


def test_bad_files_under_many_names_are_set_aside_one_by_one() -> None:
    new = datasets("data", 53)
    known = {item.path: f"sock {place}" if place < 8 else "Alice" for place, item in enumerate(new)}
    found = division_of(new, new[:8], known)
    assert found.separates
    assert (len(found.broken), found.left_out) == (8, ())


@pytest.mark.parametrize("known", [{}, {item.path: "Alice" for item in datasets("data", 53)}])
def test_one_source_alone_stops_the_run(known: Mapping[str, str]) -> None:
    new = datasets("data", 53)
    assert not division_of(new, new[:8], known).separates
    assert not division_of(new, new[:2], known).separates


def test_nothing_continues_where_every_source_is_broken() -> None:
    new = [*datasets("data/a", 10), *datasets("data/b", 10)]
    assert not division_of(new, [*new[:5], *new[10:15]]).separates


def test_run_stops_where_most_sources_and_most_datasets_are_broken() -> None:
    """A folder for each dataset separates nothing: an export that is broken everywhere must be noticed."""
    new = [item for place in range(50) for item in datasets(f"data/{place}", 1)]
    assert not division_of(new, new[:45]).separates
    assert division_of(new, new[:25]).separates


def test_few_bad_files_in_each_source_leave_out_none() -> None:
    new = [*datasets("data/a", 40), *datasets("data/b", 40)]
    found = division_of(new, [*new[:4], *new[40:44]])
    assert found.separates
    assert found.broken == ()


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return make_repository(tmp_path, {"data/a.csv": "1", "data/b é.csv": "2"})


def test_author_of_a_file_is_the_one_who_committed_it_last(workspace: Workspace) -> None:
    (workspace.path / "data/c.csv").write_text("3")
    workspace.git.run("add", "--all")
    workspace.git.run("commit", "-qm", "more", "--author=M <mallory@x.org>")
    repository = Repository(workspace.git, ".", "HEAD")
    found = authors(repository, ["data"])
    assert found["data/c.csv"] == "M"
    assert set(found) == {"data/a.csv", "data/b é.csv", "data/c.csv"}
    assert authors(Repository(workspace.git, ".", "0" * 40), ["data"]) == {}


def test_bad_files_in_one_folder_stop_no_run_for_the_others(production: World) -> None:
    """Nine of 99 in the same folder would be too many with any of them; here they are 9 of 10 in their own."""
    bad = {f"{STORE}/mallory/{number}.csv": f"nothing\n{number}\n" for number in range(9)}
    production.commit(bad | {f"{STORE}/mallory/sound.csv": drifted(1, 9)[0]})
    production.arrive(drifted(45, 8))
    run = production.hour()
    assert (run.code, run.decision, run.outputs["quarantined"]) == (0, "promote", "10")
    assert production.last.new == 45
    assert f"max-quarantine allows: the folder {STORE}/mallory (author " in run.log
    assert any(item.reason.startswith(f"comes from the folder {STORE}/mallory") for item in production.state.set_aside)


def test_training_waits_for_the_least_interval(production: World) -> None:
    """Who may add data decides when a training starts, and the settings how often."""
    production.arrive(drifted(45, 8))
    allowed = "allows the next one from 20"
    for limit in ({"min_interval": "7d"}, {"max_trainings_per_day": "1"}):
        run = production.hour(**limit)
        assert (run.code, run.decision) == (0, "waiting")
        assert allowed in run.log
        assert allowed in production.hour(mode="check", **limit).log
    assert production.hour(min_interval="1m", max_trainings_per_day="9", force="now").decision != "waiting"
