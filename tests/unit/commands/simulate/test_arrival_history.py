"""The order of arrivals, from the history of real repositories."""

from datetime import datetime, timezone

import pytest

from ml_action.commands.simulate import arrival_history
from ml_action.core.records.dataset import Dataset
from ml_action.git.command import Git
from ml_action.git.open import open_with_own_store
from tests.support.factories import make_git, make_repository

STORE = "data/new_data"


class History:
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
        """Returns the names and days of the arrivals, and the notes."""
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
def history(tmp_path):
    return History(tmp_path)


def test_arrivals_are_ordered_by_commit_and_then_by_name(history):
    history.commit(z="1", m="2")
    history.commit()
    history.commit(a="3")
    assert history.read() == ([("m,z", "2026-01-01"), ("a", "2026-01-03")], ())


def test_edit_is_an_arrival_but_rename_and_copy_are_not(history):
    history.commit(a="1", b="2")
    history.commit(c="3")
    history.git.run("mv", f"{STORE}/a.csv", f"{STORE}/renamed.csv")
    history.commit()
    history.commit(b="2b", copied="3")
    assert history.read()[0] == [("renamed", "2026-01-01"), ("c,copied", "2026-01-02"), ("b", "2026-01-04")]


def test_dataset_of_a_merged_branch_arrives_with_the_merge(history):
    history.commit(a="1")
    history.git.run("checkout", "-qb", "side")
    history.commit(b="2")
    history.git.run("checkout", "-q", "main")
    history.commit(c="3")
    env = history.git.env | {"GIT_COMMITTER_DATE": "2026-01-09T12:00:00Z"}
    Git(history.git.directory, env).run("merge", "-q", "--no-ff", "-m", "m", "side")
    assert history.read()[0] == [("a", "2026-01-01"), ("c", "2026-01-03"), ("b", "2026-01-09")]


def test_dataset_arrives_when_it_is_moved_below_the_data_path(history):
    history.workspace.commit({"inbox/x.csv": "7", "other/y.csv": "8"})
    history.commit(a="1")
    history.git.run("mv", "inbox/x.csv", f"{STORE}/x.csv")
    history.commit()
    assert history.read(roots=(STORE, "other"))[0][1:] == [("a", "2026-01-01"), ("x", "2026-01-02")]


def test_unusual_names_and_git_configuration_do_not_matter(history):
    for key, value in {
        "log.showSignature": "true",
        "color.ui": "always",
        "diff.renames": "copies",
        "log.showRoot": "no",
    }.items():
        history.git.run("config", key, value)
    history.commit(**{":100644 odd\nname": "1", "ü": "2"})
    history.commit(**{"b c": "3"})
    arrivals, _ = history.read(more=())
    assert [day for _, day in arrivals] == ["2026-01-01", "2026-01-02"]


def test_single_commit_has_no_order(history):
    history.commit(b="1", a="2")
    assert history.read() == ([("a", ""), ("b", "")], (arrival_history.AT_ONCE,))


def test_shallow_clone_knows_only_arrivals_after_its_oldest_commit(history, tmp_path):
    history.commit(z="1")
    history.commit(b="2")
    history.commit(a="3")
    clone = tmp_path / "clone"
    history.git.run("clone", "-q", "--depth=2", history.workspace.path.as_uri(), str(clone))
    assert history.read(clone) == ([("b", ""), ("z", ""), ("a", "2026-01-03")], (arrival_history.SHALLOW,))


def test_untracked_datasets_arrive_last(history):
    history.commit(b="1")
    history.commit(c="2")
    loose = [Dataset(f"{STORE}/{name}.csv", name * 40, untracked=True) for name in "ea"]
    arrivals, notes = history.read(more=loose)
    assert arrivals == [("b", "2026-01-01"), ("c", "2026-01-02"), ("a", ""), ("e", "")]
    assert notes == (arrival_history.UNTRACKED,)


def test_times_are_those_of_the_commits_with_their_zone(history, tmp_path):
    history.commit(a="1")
    history.commit(b="2")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    borrowed = open_with_own_store(history.git, ".", scratch)
    blobs = [history.git.line("rev-parse", f"HEAD:{STORE}/{name}.csv") for name in "ab"]
    found = arrival_history.read(borrowed, (STORE,), [Dataset(f"{STORE}/x.csv", blob) for blob in blobs])
    assert datetime.fromisoformat(found.arrivals[0].time) == datetime(2026, 1, 1, 10, tzinfo=timezone.utc)
