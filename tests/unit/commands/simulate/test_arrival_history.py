"""When datasets arrived, by the history of real repositories."""

from datetime import datetime, timezone

import pytest

from ml_action.commands.simulate import arrival_history
from ml_action.core.records.dataset import Dataset
from ml_action.git.command import Git
from ml_action.git.open import open_with_own_store
from tests.support.factories import make_git, make_repository

STORE = "data/new_data"


class Place:
    """A repository whose commits are a day apart."""

    def __init__(self, tmp_path):
        self.tmp_path = tmp_path
        self.workspace = make_repository(tmp_path / "w")
        self.days = 0

    @property
    def git(self):
        return self.workspace.git

    def commit(self, **files):
        self.days += 1
        self.workspace.write({f"{STORE}/{name}.csv": text for name, text in files.items()})
        self.git.run("add", "-A")
        time = f"2026-01-{self.days:02}T12:00:00+02:00"
        Git(self.git.directory, self.git.env | {"GIT_COMMITTER_DATE": time}).run("commit", "-qm", "x", "--allow-empty")

    def read(self, path=None, roots=(STORE,), more=()):
        """The names and days of the arrivals, and the notes."""
        here = make_git(path or self.workspace.path)
        scratch = self.tmp_path / f"scratch{len(list(self.tmp_path.iterdir()))}"
        scratch.mkdir()
        borrowed = open_with_own_store(here, str(here.directory), scratch)
        rows = borrowed.store.line("-c", "core.quotePath=false", "ls-tree", "-r", "refs/workspace")
        datasets = [Dataset(row.split("\t")[1], row.split("\t")[0].split(" ")[2]) for row in rows.splitlines()]
        wanted = [item for item in (*datasets, *more) if item.path.endswith(".csv")]
        found = arrival_history.read(borrowed, roots, reversed(wanted))
        assert sorted(item.path for item in found.datasets) == sorted(item.path for item in wanted)
        arrivals = [(",".join(_name(item) for item in one.datasets), one.time[:10]) for one in found.arrivals]
        return arrivals, found.notes


def _name(item):
    return item.path.rpartition("/")[2].removesuffix(".csv")


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_in_the_order_of_commits_and_in_one_commit_of_names(place):
    place.commit(z="1", m="2")
    place.commit()
    place.commit(a="3")
    assert place.read() == ([("m,z", "2026-01-01"), ("a", "2026-01-03")], ())


def test_a_rename_and_a_copy_are_no_arrivals_and_an_edit_is_one(place):
    place.commit(a="1", b="2")
    place.commit(c="3")
    place.git.run("mv", f"{STORE}/a.csv", f"{STORE}/renamed.csv")
    place.commit()
    place.commit(b="2b", copied="3")
    assert place.read()[0] == [("renamed", "2026-01-01"), ("c,copied", "2026-01-02"), ("b", "2026-01-04")]


def test_what_a_merge_brings_arrives_with_the_merge(place):
    place.commit(a="1")
    place.git.run("checkout", "-qb", "side")
    place.commit(b="2")
    place.git.run("checkout", "-q", "main")
    place.commit(c="3")
    env = place.git.env | {"GIT_COMMITTER_DATE": "2026-01-09T12:00:00Z"}
    Git(place.git.directory, env).run("merge", "-q", "--no-ff", "-m", "m", "side")
    assert place.read()[0] == [("a", "2026-01-01"), ("c", "2026-01-03"), ("b", "2026-01-09")]


def test_only_what_lies_under_the_data_paths_has_arrived(place):
    place.workspace.commit({"inbox/x.csv": "7", "other/y.csv": "8"})
    place.commit(a="1")
    place.git.run("mv", "inbox/x.csv", f"{STORE}/x.csv")
    place.commit()
    assert place.read(roots=(STORE, "other"))[0][1:] == [("a", "2026-01-01"), ("x", "2026-01-02")]


def test_strange_names_and_a_configuration_that_would_change_the_answer(place):
    for key, value in {
        "log.showSignature": "true",
        "color.ui": "always",
        "diff.renames": "copies",
        "log.showRoot": "no",
    }.items():
        place.git.run("config", key, value)
    place.commit(**{":100644 odd\nname": "1", "ü": "2"})
    place.commit(**{"b c": "3"})
    arrivals, _ = place.read(more=())
    assert [day for _, day in arrivals] == ["2026-01-01", "2026-01-02"]


def test_one_commit_tells_no_order(place):
    place.commit(b="1", a="2")
    assert place.read() == ([("a", ""), ("b", "")], (arrival_history.AT_ONCE,))


def test_a_shallow_clone_knows_only_what_came_after_its_oldest_commit(place, tmp_path):
    place.commit(z="1")
    place.commit(b="2")
    place.commit(a="3")
    clone = tmp_path / "clone"
    place.git.run("clone", "-q", "--depth=2", place.workspace.path.as_uri(), str(clone))
    assert place.read(clone) == ([("b", ""), ("z", ""), ("a", "2026-01-03")], (arrival_history.SHALLOW,))


def test_what_git_does_not_track_comes_last(place):
    place.commit(b="1")
    place.commit(c="2")
    loose = [Dataset(f"{STORE}/{name}.csv", name * 40, untracked=True) for name in "ea"]
    arrivals, notes = place.read(more=loose)
    assert arrivals == [("b", "2026-01-01"), ("c", "2026-01-02"), ("a", ""), ("e", "")]
    assert notes == (arrival_history.UNTRACKED,)


def test_times_are_those_of_the_commits_with_their_zone(place, tmp_path):
    place.commit(a="1")
    place.commit(b="2")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    borrowed = open_with_own_store(place.git, ".", scratch)
    blobs = [place.git.line("rev-parse", f"HEAD:{STORE}/{name}.csv") for name in "ab"]
    found = arrival_history.read(borrowed, (STORE,), [Dataset(f"{STORE}/x.csv", blob) for blob in blobs])
    assert datetime.fromisoformat(found.arrivals[0].time) == datetime(2026, 1, 1, 10, tzinfo=timezone.utc)
