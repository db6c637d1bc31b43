"""What git says about two trees, read as datasets: always against real git."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_action.config.data_path import DataPath
from ml_action.core.records.dataset import Dataset, Inventory
from ml_action.datasets import changes, inventory
from ml_action.datasets.changes import Changes
from ml_action.datasets.counting import DIFF
from ml_action.datasets.inventory import CountRequest
from tests.support.factories import Workspace, make_repository

D = DataPath(("d",))


def count(workspace: Workspace, since: str, rejected=()):
    """As survey counts, from one commit's data folder to HEAD's."""
    git = workspace.git
    before, tree = git.line("rev-parse", f"{since}:d"), git.line("rev-parse", "HEAD:d")
    raw = git.run(*DIFF, before, tree)
    request = CountRequest(tree, before, D, Changes(raw, D), rejected=frozenset(rejected))
    unresolved = inventory.unresolved_blobs(request)
    found = inventory.count(request, {item.blob for item in datasets(git, before)} & unresolved)
    assert (found.tree, found.since) == (tree, before)
    return found


def datasets(git, tree):
    return tuple(changes.entries(git.run("ls-tree", "-r", "-z", tree).split(b"\0"), D))


def paths(found: Inventory):
    return sorted(item.path for item in found.new)


def numbers(found: Inventory):
    return found.copies, found.removed, found.rejected


OLD = {"d/a.csv": "a,b\n1,2\n", "d/b.csv": "a,b\n3,4\n", "d/read.me": "text", "d/part.csv.tmp": "a,b\n5,6\n"}


@pytest.fixture
def workspace(tmp_path):
    return make_repository(tmp_path / "w", OLD)


@pytest.mark.parametrize(
    ("change", "new", "rest"),
    [
        pytest.param({"d/c.csv": "new"}, ["d/c.csv"], (0, 0, 0), id="added"),
        pytest.param({"d/deep/er/c.csv": "new"}, ["d/deep/er/c.csv"], (0, 0, 0), id="added in a folder"),
        pytest.param({"d/C.CSV": "new"}, ["d/C.CSV"], (0, 0, 0), id="added in capitals"),
        pytest.param({"d/c.txt": "new", "d/csv": "new", "d/c.csv.gz.part": "new"}, [], (0, 0, 0), id="no dataset"),
        pytest.param({"d/a.csv": "a,b\n1,3\n"}, ["d/a.csv"], (0, 0, 0), id="edited"),
        pytest.param({"d/a.csv": None, "d/z.csv": OLD["d/a.csv"]}, [], (1, 0, 0), id="renamed"),
        pytest.param({"d/z.csv": OLD["d/a.csv"]}, [], (1, 0, 0), id="copied"),
        pytest.param(
            {"d/y.csv": OLD["d/a.csv"], "d/z.csv": OLD["d/a.csv"], "d/a.csv": None}, [], (2, 0, 0), id="moved twice"
        ),
        pytest.param({"d/a.csv": None}, [], (0, 1, 0), id="deleted"),
        pytest.param({"d/read.me": None}, [], (0, 0, 0), id="deleted what was no dataset"),
        pytest.param({"d/c.csv": "same", "d/e.csv": "same"}, ["d/c.csv"], (1, 0, 0), id="same content twice"),
        pytest.param(
            {"d/a.csv": "same", "d/e.csv": "same"}, ["d/a.csv"], (1, 0, 0), id="same content, edited and added"
        ),
        pytest.param({"d/a.csv": OLD["d/b.csv"]}, [], (1, 0, 0), id="an edit that copies an old dataset"),
        pytest.param({"d/a.csv": OLD["d/b.csv"], "d/b.csv": OLD["d/a.csv"]}, [], (2, 0, 0), id="swapped"),
        pytest.param({"d/a.csv": OLD["d/b.csv"], "d/b.csv": "new"}, ["d/b.csv"], (1, 0, 0), id="shifted"),
        pytest.param(
            {"d/a.csv": None, "d/z.csv": OLD["d/a.csv"], "d/y.csv": "new"},
            ["d/y.csv"],
            (1, 0, 0),
            id="renamed next to a new one",
        ),
        pytest.param(
            {"d/part.csv.tmp": None, "d/part.csv": OLD["d/part.csv.tmp"]},
            ["d/part.csv"],
            (0, 0, 0),
            id="renamed to a dataset",
        ),
        pytest.param({"d/part.csv": OLD["d/part.csv.tmp"]}, ["d/part.csv"], (0, 0, 0), id="copied to a dataset"),
        pytest.param({"d/a.csv": None, "d/a.txt": OLD["d/a.csv"]}, [], (0, 0, 0), id="renamed away from being one"),
        pytest.param({"d/e.csv": ""}, ["d/e.csv"], (0, 0, 0), id="an empty file"),
        pytest.param({"elsewhere.csv": "new"}, [], (0, 0, 0), id="outside"),
    ],
)
def test_every_content_is_counted_exactly_once(workspace, change, new, rest):
    since = workspace.git.line("rev-parse", "HEAD")
    workspace.commit(change)
    found = count(workspace, since)
    assert paths(found) == new
    assert numbers(found) == rest
    again = count(workspace, "HEAD")
    assert again.new == ()


def test_a_dataset_with_the_content_of_a_dataset_and_of_another_file_is_a_copy(tmp_path):
    workspace = make_repository(tmp_path / "w", {"d/x.csv": "same", "d/x.csv.part": "same"})
    since = workspace.git.line("rev-parse", "HEAD")
    workspace.commit({"d/y.csv": "same", "d/x.csv.part2": "same"})
    assert count(workspace, since).new == ()


def test_a_change_of_mode_is_no_new_data(workspace):
    since = workspace.git.line("rev-parse", "HEAD")
    (workspace.path / "d/a.csv").chmod(0o755)
    workspace.commit()
    assert numbers(count(workspace, since)) == (1, 0, 0)
    assert count(workspace, since).new == ()


def test_an_executable_file_is_a_dataset(workspace):
    since = workspace.git.line("rev-parse", "HEAD")
    workspace.write({"d/x.csv": "new"})
    (workspace.path / "d/x.csv").chmod(0o755)
    workspace.commit()
    assert paths(count(workspace, since)) == ["d/x.csv"]


def test_a_link_is_no_dataset_in_whatever_direction(workspace):
    since = workspace.git.line("rev-parse", "HEAD")
    link = workspace.path / "d/link.csv"
    link.symlink_to("/etc/passwd")
    (workspace.path / "d/b.csv").unlink()
    (workspace.path / "d/b.csv").symlink_to("a.csv")
    with_links = workspace.commit()
    assert count(workspace, since).new == ()
    link.unlink()
    workspace.commit({"d/link.csv": "/etc/passwd"})  # a file now, with the link's very blob
    assert paths(count(workspace, with_links)) == ["d/link.csv"]


def test_a_submodule_is_no_dataset(workspace, tmp_path):
    since = workspace.git.line("rev-parse", "HEAD")
    other = make_repository(tmp_path / "other", {"x": "y"})
    commit = other.git.line("rev-parse", "HEAD")
    workspace.git.run("update-index", "--add", "--cacheinfo", f"160000,{commit},d/sub.csv")
    workspace.git.run("commit", "-q", "-m", "submodule")
    assert count(workspace, since).new == ()
    assert "d/sub.csv" not in {item.path for item in datasets(workspace.git, "HEAD:d")}


def test_what_was_set_aside_is_not_counted_again(workspace):
    since = workspace.git.line("rev-parse", "HEAD")
    workspace.commit({"d/bad.csv": "bad", "d/good.csv": "good"})
    blob = workspace.git.line("rev-parse", "HEAD:d/bad.csv")
    found = count(workspace, since, {blob})
    assert paths(found) == ["d/good.csv"]
    assert numbers(found) == (0, 0, 1)


def test_many_renames_are_found_by_their_hashes(tmp_path):
    workspace = make_repository(tmp_path / "w", {f"d/{n}.csv": f"a\n{n}\n" for n in range(300)})
    since = workspace.git.line("rev-parse", "HEAD")
    workspace.git.run("mv", "d", "e")
    workspace.git.run("mv", "e/0.csv", "e/zero.csv")
    (workspace.path / "d").mkdir()
    workspace.git.run("mv", "e", "d/2026")
    workspace.commit({"d/new.csv": "new"})
    found = count(workspace, since)
    assert paths(found) == ["d/new.csv"]
    assert found.copies == 300


def test_an_empty_diff_is_nothing():
    assert list(Changes(b"", D)) == list(changes.added_lines(b"")) == []
    assert list(changes.entries([b""], D)) == []
    assert inventory.unresolved_blobs(CountRequest("t", "s", D, Changes(b"", D))) == frozenset()


def test_the_whole_tree_is_listed_in_its_order(workspace):
    workspace.commit({"d/zz.csv": OLD["d/a.csv"], "d/B.CSV": "x"})
    found = datasets(workspace.git, "HEAD:d")
    assert [item.path for item in found] == ["d/B.CSV", "d/a.csv", "d/b.csv", "d/zz.csv"]
    assert found[1] == Dataset("d/a.csv", workspace.git.line("rev-parse", "HEAD:d/a.csv"))


# --- hostile file names ---------------------------------------------------------------------------------------

bytes_of_a_name = st.binary(min_size=1, max_size=12) | st.text(
    " \n\t\r\"'\\-:*?<>|&;$#é🚀\u202ea", min_size=1, max_size=6
).map(str.encode)
names = bytes_of_a_name.filter(lambda name: not set(name) & {0, ord("/")} and name.lower() not in (b".git", b"git~1"))
contents = st.sampled_from(["one", "two", "three", "four", ""])
folders = st.dictionaries(names.map(lambda name: b"d/" + name + b".csv"), contents, max_size=6)

NAMES = [
    b"-rf.csv",
    b"--help.csv",
    b" .csv",
    b"a b.csv",
    b"a\nb.csv",
    b"a\tb.csv",
    b'"q".csv',
    b"'q'.csv",
    b"\xff\xfe.csv",
    "données 🚀.csv".encode(),
    b"a:b*?.csv",
    b"\\n.csv",
    b":000000 100644 A.csv",
    b"$(id).csv",
    b"\x1b[31m.csv",
    b"a\rb.csv",
]


def test_hostile_file_names_are_whole(workspace):
    since = workspace.git.line("rev-parse", "HEAD")
    workspace.commit({b"d/" + name: f"content of {name!r}" for name in NAMES})
    found = count(workspace, since)
    assert {item.path.encode("utf-8", "surrogateescape") for item in found.new} == {b"d/" + name for name in NAMES}
    for item in found.new:
        path = os.path.join(os.fsencode(workspace.path), os.fsencode(item.path))  # noqa: PTH118
        assert workspace.git.line("hash-object", os.fsdecode(path)) == item.blob
    renamed = {b"d/x" + name: f"content of {name!r}" for name in NAMES}
    before = workspace.commit()
    workspace.commit({b"d/" + name: None for name in NAMES} | renamed)
    assert count(workspace, before).new == ()


edits = st.dictionaries(names.map(lambda name: b"d/" + name + b".csv"), st.lists(st.sampled_from("abc")), max_size=4)


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(old=edits, new=edits)
def test_the_added_lines_of_any_file_are_read_with_its_entry(old, new):
    """Against git's own `--numstat` without the entries, file by file."""
    with tempfile.TemporaryDirectory() as folder:
        as_text = lambda lines: "".join(f"{line}\n" for line in lines)  # noqa: E731
        workspace = make_repository(Path(folder), {"d/keep": "keep"} | {k: as_text(v) for k, v in old.items()})
        workspace.commit(dict.fromkeys(old) | {k: as_text(v) for k, v in new.items()})
        git = workspace.git
        added = changes.added_lines(git.run(*DIFF, "--numstat", "HEAD~1:d", "HEAD:d"))
        for change in Changes(git.run(*DIFF, "HEAD~1:d", "HEAD:d"), D):
            if change.status == "A":
                assert added[change.path] == git.run("cat-file", "blob", change.after).count(b"\n")
            elif change.status in "RC":
                assert added[change.path] == 0
        assert set(added) == {change.path for change in Changes(git.run(*DIFF, "HEAD~1:d", "HEAD:d"), D)}


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(old=folders, new=folders)
def test_new_are_exactly_the_contents_that_no_old_dataset_had(old, new):
    keep = {"d/keep": "keep"}
    with tempfile.TemporaryDirectory() as folder:
        workspace = make_repository(Path(folder), keep | old)
        workspace.commit(dict.fromkeys(old) | new)
        found = count(workspace, "HEAD~1")
        git = workspace.git
        blobs = [
            git.line("hash-object", "--stdin", stdin=text.encode()) for text in set(new.values()) - set(old.values())
        ]
        assert sorted(item.blob for item in found.new) == sorted(blobs)
        assert {item.path.encode("utf-8", "surrogateescape") for item in found.new} <= set(new)
        changed = sum(name not in old or old[name] != text for name, text in new.items())
        assert len(found.new) + found.copies == changed
