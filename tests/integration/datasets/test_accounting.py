"""Every dataset counted once: each line of the table in docs/accounting.md, on real repositories."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from ml_action.config.data_path import DataPath
from ml_action.core.errors import DataError, RepositoryError
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.datasets import contents as sources
from ml_action.datasets import survey
from ml_action.git import journal
from ml_action.git.open import clone_blobless, open_in_place
from ml_action.git.workspace import blob_id
from tests.support.counting import BRANCHES, SETTINGS, Place
from tests.support.factories import make_git, make_repository, make_settings

STORE = "data/new_data"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def place(tmp_path):
    """Three datasets that an attempt has seen."""
    place = Place(tmp_path, {"readme": "x"} | make_csvs(3))
    place.attempt()
    return place


def text(number):
    """Two rows: a file of one is a reading, and counts whatever it repeats."""
    return f"hours,score\n{number},{number * 2}\n{number + 1},{number}\n"


def make_csvs(count, folder=STORE, start=0):
    return {f"{folder}/{number:05}.csv": text(number) for number in range(start, start + count)}


def new(place, settings=SETTINGS):
    """The paths of what counts, below the usual folder."""
    return sorted(item.path.removeprefix(f"{STORE}/") for item in place.look(settings).inventory.new)


def numbers(place, settings=SETTINGS):
    found = place.look(settings).inventory
    return found.copies, found.removed, found.rejected


def store(files):
    return {f"{STORE}/{name}": content for name, content in files.items()}


def paths(*patterns, **changes):
    return make_settings(data_path=DataPath(patterns), threshold=5, **changes)


# --- files come and go ------------------------------------------------------------------------------------


def test_an_added_file_counts(place):
    place.publish(store({"a.csv": text(9)}))
    assert new(place) == ["a.csv"]


def test_an_edited_file_counts(place):
    place.publish(store({"00001.csv": text(9)}))
    assert new(place) == ["00001.csv"]


def test_a_renamed_file_does_not_count(place):
    place.publish(store({"00001.csv": None, "other.csv": text(1)}))
    assert (new(place), numbers(place)) == ([], (1, 0, 0))


def test_a_moved_folder_of_files_does_not_count(place):
    place.publish(store({f"{n:05}.csv": None for n in range(3)} | {f"old/er/{n}.csv": text(n) for n in range(3)}))
    assert (new(place), numbers(place)) == ([], (3, 0, 0))


def test_a_copied_file_does_not_count(place):
    place.publish(store({"copy.csv": text(1)}))
    assert (new(place), numbers(place)) == ([], (1, 0, 0))


def test_a_copy_that_was_edited_counts(place):
    place.publish(store({"copy.csv": text(1) + "7,7\n"}))
    assert new(place) == ["copy.csv"]


def test_the_same_new_content_twice_counts_once(place):
    place.publish(store({"a.csv": text(9), "b.csv": text(9), "00000.csv": text(9)}))
    assert (len(new(place)), numbers(place)) == (1, (2, 0, 0))


def test_a_deleted_file_is_a_removal(place):
    place.publish(store({"00001.csv": None}))
    assert (new(place), numbers(place)) == ([], (0, 1, 0))


def test_a_file_that_comes_back_after_an_attempt_without_it_counts(place):
    place.publish(store({"00001.csv": None}))
    place.attempt()
    place.publish(store({"00001.csv": text(1)}))
    assert new(place) == ["00001.csv"]


def test_a_change_of_mode_does_not_count(place):
    (place.workspace.path / STORE / "00001.csv").chmod(0o755)
    place.publish({})
    assert new(place) == []


def test_other_line_ends_count_as_datasets_and_bring_no_rows(tmp_path):
    place = Place(tmp_path, make_csvs(2))
    place.attempt()
    place.publish(store({"00001.csv": text(1).replace("\n", "\r\n")}))
    assert new(place) == ["00001.csv"]
    assert place.look(ROWS).trigger.count == 0


# --- history ----------------------------------------------------------------------------------------------


def test_a_reverted_commit_counts_only_if_an_attempt_saw_it(place):
    place.publish(store({"00001.csv": text(9)}))
    place.workspace.git.run("revert", "--no-edit", "HEAD")
    place.publish({})
    assert new(place) == []
    place.publish(store({"00001.csv": text(9)}))
    place.attempt()
    place.workspace.git.run("revert", "--no-edit", "HEAD")
    place.publish({})
    assert new(place) == ["00001.csv"]


def test_a_force_push_is_compared_like_any_other_change(place):
    git = place.workspace.git
    place.publish(store({"a.csv": text(9)}))
    git.run("reset", "-q", "--hard", "HEAD~1")
    place.workspace.commit(store({"b.csv": text(8), "00000.csv": None}))
    git.run("push", "-q", "--force", str(place.remote), "main")
    assert (new(place), numbers(place)) == (["b.csv"], (0, 1, 0))


def test_what_was_seen_outlives_a_rewritten_history(place):
    git = place.workspace.git
    git.run("checkout", "-q", "--orphan", "fresh")
    place.workspace.commit(store({"a.csv": text(9)}))
    git.run("branch", "-M", "fresh", "main")
    git.run("push", "-q", "--force", str(place.remote), "main")
    for directory in (git, type(git)(place.remote, git.env)):
        directory.run("reflog", "expire", "--expire=now", "--all")
        directory.run("gc", "-q", "--prune=now")
    assert new(place) == ["a.csv"]


# --- names and kinds --------------------------------------------------------------------------------------


def test_names_that_differ_in_case_alone_are_two_files_and_one_content_is_one_dataset(place):
    place.publish(store({"a.csv": text(8), "A.csv": text(9), "A.CSV": text(9)}))
    assert len(new(place)) == 2
    place.attempt()
    place.publish(store({"a.csv": None, "a.CSV": text(8)}))
    assert new(place) == []


def test_an_empty_file_counts_until_it_is_read_and_set_aside(place):
    place.publish(store({"empty.csv": ""}))
    assert new(place) == ["empty.csv"]
    place.attempt()
    place.publish(store({"empty.csv": None, "moved.csv": ""}))
    assert new(place) == []


def test_a_symbolic_link_never_counts(place, tmp_path):
    (tmp_path / "outside.csv").write_text(text(9))
    folder = place.workspace.path / STORE
    (folder / "inside.csv").symlink_to("00001.csv")
    (folder / "outside.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "folder").symlink_to(tmp_path)
    place.publish({})
    assert new(place) == new(place, paths(STORE, untracked=True)) == []


def test_a_submodule_never_counts(place, tmp_path):
    other = make_repository(tmp_path / "other", {"a.csv": text(9)})
    other.git.run("clone", "-q", str(other.path), str(place.workspace.path / STORE / "sub.csv"))
    place.publish({})
    assert place.workspace.git.line("ls-tree", "HEAD", f"{STORE}/sub.csv").startswith("160000")
    assert new(place) == new(place, paths(STORE, untracked=True)) == []


def test_compressed_and_parquet_files_count(place):
    place.publish(store({"a.csv.gz": b"\x1f\x8b9", "b.parquet": b"PAR1", "C.PARQUET": b"PAR2", "d.gz": b"\x1f\x8b8"}))
    assert new(place) == ["C.PARQUET", "a.csv.gz", "b.parquet"]


NAMES = ["-rf.csv", "a b.csv", "a\nb.csv", "a\tb.csv", '"q".csv', "données 🚀.csv", "b\udcff.csv", "\\n.csv", ":a.csv"]


@pytest.mark.parametrize("patterns", [(STORE,), (STORE, "more"), (f"{STORE}/*.csv",)])
def test_a_file_of_any_name_counts_and_is_known_again(place, patterns):
    place.publish({f"{STORE}/{name}".encode("utf-8", "surrogateescape"): f"{name!r}" for name in NAMES})
    place.workspace.commit()
    settings = paths(*patterns)
    assert new(place, settings) == sorted(NAMES)
    place.attempt(settings)
    assert new(place, settings) == []


# --- where they lie ---------------------------------------------------------------------------------------


def test_files_in_nested_folders_count(place):
    place.publish(store({"2026/10/a.csv": text(9)}))
    assert new(place) == ["2026/10/a.csv"]


def test_several_data_paths_are_counted_together(place):
    settings = paths(STORE, "incoming/deep")
    place.publish({"incoming/deep/a.csv": text(9), "incoming/b.csv": text(8), "incoming/deep/copy.csv": text(1)})
    assert new(place, settings) == ["incoming/deep/a.csv"]
    scene = place.look(settings)
    listed = scene.repository.store.line("ls-tree", "-r", "--name-only", scene.inventory.tree).splitlines()
    assert listed == [
        *(f"{STORE}/{n:05}.csv" for n in range(3)),
        "incoming/deep/a.csv",
        "incoming/deep/copy.csv",
    ]
    place.attempt(settings)
    assert new(place, settings) == []
    place.publish({"incoming/deep/a.csv": None, f"{STORE}/a.csv": text(9)})
    assert (new(place, settings), numbers(place, settings)) == ([], (1, 0, 0))


def test_data_paths_that_overlap_count_each_file_once(place):
    place.publish(store({"deep/a.csv": text(9)}))
    assert new(place, paths(STORE, f"{STORE}/deep", f"{STORE}/*.csv")) == ["deep/a.csv"]


def test_a_pattern_holds_what_it_names_and_no_more(place):
    place.publish(store({"x/new/a.csv": text(7), "x/old/b.csv": text(8), "c.csv": text(9)}))
    assert new(place, paths(f"{STORE}/*/new")) == ["x/new/a.csv"]
    assert new(place, paths(f"{STORE}/*.csv")) == ["c.csv"]
    assert new(place, paths(f"{STORE}/**/b.csv", f"{STORE}/x/new")) == ["x/new/a.csv", "x/old/b.csv"]


def test_a_file_that_moves_into_a_pattern_counts_and_one_that_moves_out_is_removed(place):
    settings = paths(f"{STORE}/*/ready/*.csv")
    place.publish(store({"x/draft/a.csv": text(7), "x/ready/b.csv": text(8)}))
    place.attempt(settings)
    place.publish(store({"x/draft/a.csv": None, "x/ready/a.csv": text(7)}))
    assert new(place, settings) == ["x/ready/a.csv"]
    place.publish(store({"x/ready/c.csv": text(8), "x/draft/b.csv": text(8), "x/ready/b.csv": None}))
    assert new(place, settings) == ["x/ready/a.csv"]


def test_a_data_path_that_is_missing_is_reported_and_the_others_count(place):
    found = place.look(paths(STORE, "nowhere", "readme")).inventory
    assert (found.missing, len(found.new)) == (("nowhere", "readme"), 0)
    with pytest.raises(DataError, match="none of the data paths 'nowhere', 'readme' is a folder in commit"):
        place.look(paths("nowhere", "readme"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((STORE,), (STORE, "more")),
        ((STORE, "more"), (STORE,)),
        ((STORE,), ("data",)),
        (("data",), (STORE,)),
        ((STORE,), (f"{STORE}/*.csv", "more")),
        ((f"{STORE}/*.csv",), (STORE,)),
        ((f"{STORE}/*.csv",), (f"{STORE}/**",)),
    ],
)
def test_another_data_path_loses_nothing_and_counts_nothing_twice(place, before, after):
    place.publish({"more/a.csv": text(7)} | store({"deep/b.csv": text(8)}))
    place.attempt(paths(*before))
    seen = {item.blob for item in place.look(paths(*before)).datasets()}
    scene = place.look(paths(*after))
    everything = {item.blob for item in scene.datasets()}
    assert {item.blob for item in scene.inventory.new} == everything - seen
    place.attempt(paths(*after))
    assert new(place, paths(*after)) == []


# --- what git does not track ------------------------------------------------------------------------------

LOOSE = make_settings(untracked=True, threshold=5)


@pytest.fixture
def loose(place):
    """The same, where git passes over files of a certain name."""
    (place.workspace.path / ".git/info").mkdir(exist_ok=True)
    (place.workspace.path / ".git/info/exclude").write_text("loose*\n")
    return place


def test_untracked_files_count_only_where_the_setting_says_so(loose):
    loose.workspace.write(store({"loose.csv": text(9), "deep/loose.parquet": "x", "loose.txt": "y"}))
    assert new(loose) == []
    assert new(loose, LOOSE) == ["deep/loose.parquet", "loose.csv"]


def test_an_untracked_file_is_known_by_its_content_as_git_would_name_it(loose):
    loose.workspace.write(store({"loose.csv": text(9)}))
    (item,) = loose.look(LOOSE).inventory.new
    assert item.blob == loose.workspace.git.line("hash-object", f"{STORE}/loose.csv")
    assert item.untracked
    assert not loose.workspace.git.line_or_empty("cat-file", "-t", item.blob)  # it was never written


def test_an_untracked_file_counts_once_whatever_it_is_called(loose):
    loose.workspace.write(store({"loose.csv": text(9), "loose-copy.csv": text(9), "loose-old.csv": text(1)}))
    assert (len(new(loose, LOOSE)), numbers(loose, LOOSE)) == (1, (2, 0, 0))
    loose.attempt(LOOSE)
    loose.workspace.write(store({"loose.csv": None, "loose-copy.csv": None, "loose\n\tmoved.csv": text(9)}))
    assert (new(loose, LOOSE), numbers(loose, LOOSE)) == ([], (0, 0, 0))


def test_an_untracked_file_that_was_edited_counts_and_one_that_is_gone_is_a_removal(loose):
    loose.workspace.write(store({"loose.csv": text(9), "loose-2.csv": text(8)}))
    loose.attempt(LOOSE)
    loose.workspace.write(store({"loose.csv": text(7), "loose-2.csv": None}))
    found = loose.look(LOOSE).inventory
    assert ([item.path for item in found.new], found.removed) == ([f"{STORE}/loose.csv"], 2)


def test_an_untracked_file_that_is_committed_later_does_not_count_again(loose):
    loose.workspace.write(store({"loose.csv": text(9)}))
    loose.attempt(LOOSE)
    loose.workspace.git.run("add", "-f", f"{STORE}/loose.csv")
    loose.publish({})
    assert new(loose, LOOSE) == new(loose) == []
    assert loose.look(LOOSE).inventory.removed == 0
    loose.attempt()
    assert new(loose, LOOSE) == []


def test_a_tracked_file_that_is_only_untracked_now_does_not_count(loose):
    loose.workspace.git.run("rm", "-q", "--cached", f"{STORE}/00001.csv")
    loose.workspace.git.run("commit", "-q", "-m", "x")
    loose.workspace.git.run("push", "-q", str(loose.remote), "main")
    assert (new(loose, LOOSE), numbers(loose, LOOSE)) == ([], (1, 0, 0))


def test_switching_untracked_off_and_on_counts_nothing_twice(loose):
    loose.workspace.write(store({"loose.csv": text(9)}))
    loose.attempt(LOOSE)
    loose.publish(store({"a.csv": text(8)}))
    loose.attempt()
    assert new(loose, LOOSE) == []


def test_a_tracked_file_that_was_changed_and_not_committed_is_read_as_committed(loose):
    loose.workspace.write(store({"00001.csv": text(9)}))
    assert new(loose, LOOSE) == []


def test_what_a_newer_commit_deleted_is_no_untracked_file(loose):
    """The re-run of an old job: its checkout has the file, the base branch that counts has it no more."""
    loose.publish(store({"a.csv": text(9)}))
    old = loose.workspace.git.line("rev-parse", "HEAD")
    loose.publish(store({"a.csv": None}))
    newer = loose.workspace.git.line("rev-parse", "HEAD")
    loose.workspace.git.run("checkout", "-q", old)
    borrowed = loose.borrow()
    scene = survey.take_snapshot(LOOSE, replace(borrowed, head=newer), journal.read)
    assert scene.inventory.new == ()


def test_untracked_links_pipes_and_repositories_are_never_opened(loose, tmp_path):
    folder = loose.workspace.path / STORE
    (tmp_path / "out").mkdir()
    (tmp_path / "out/loose.csv").write_text(text(9))
    (folder / "loose-link.csv").symlink_to(tmp_path / "out/loose.csv")
    (folder / "loose-folder").symlink_to(tmp_path / "out")
    os.mkfifo(folder / "loose-pipe.csv")
    make_repository(folder / "loose-repository", {"a.csv": text(8)})
    assert new(loose, LOOSE) == []


def test_a_folder_of_untracked_files_alone_is_a_data_path(loose):
    loose.workspace.write({"fetched/loose.csv": text(9)})
    settings = paths("fetched", untracked=True)
    assert new(loose, settings) == ["fetched/loose.csv"]
    loose.attempt(settings)
    assert new(loose, settings) == []
    assert loose.look(paths(STORE, "fetched", untracked=True)).inventory.missing == ()
    with pytest.raises(DataError, match="'fetched' is not there in commit"):
        loose.look(paths("fetched"))


def test_a_data_path_behind_a_link_holds_no_untracked_file(loose, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.csv").write_text(text(9))
    (loose.workspace.path / "loose").symlink_to(tmp_path / "out")
    with pytest.raises(DataError, match="'loose' is not there in commit"):
        loose.look(paths("loose", untracked=True))


def test_an_untracked_file_that_was_set_aside_does_not_count(loose):
    loose.workspace.write(store({"loose.csv": text(9)}))
    (item,) = loose.look(LOOSE).inventory.new
    state = loose.look(LOOSE).state
    loose.remember(replace(state, set_aside=(RejectedDataset(item.path, item.blob, "bad"),)))
    assert (new(loose, LOOSE), numbers(loose, LOOSE)) == ([], (0, 0, 1))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_untracked_file_that_cannot_be_read_is_an_error(loose):
    loose.workspace.write(store({"loose.csv": text(9)}))
    (loose.workspace.path / STORE / "loose.csv").chmod(0)
    with pytest.raises(DataError, match="an untracked dataset cannot be read"):
        loose.look(LOOSE)


def test_untracked_files_need_a_checkout(place):
    borrowed = place.borrow()
    with pytest.raises(RepositoryError, match="untracked: true needs the files of a checkout") as caught:
        survey.take_snapshot(LOOSE, replace(borrowed, workspace=None))
    assert "actions/checkout" in caught.value.fix


def test_a_repository_of_sha256_names_untracked_files_so(tmp_path):
    workspace = make_repository(tmp_path / "w", make_csvs(1), "--object-format=sha256")
    workspace.write(store({"loose.csv": text(9)}))
    found = survey.take_snapshot(LOOSE, open_in_place(workspace.git, "none")).inventory
    assert found.new[1].blob == workspace.git.line("hash-object", f"{STORE}/loose.csv")
    assert len(found.new[1].blob) == 64


# --- contents ---------------------------------------------------------------------------------------------


def contents(place, settings=SETTINGS, **limit):
    scene = place.look(settings)
    found = scene.datasets()
    return dict(zip((item.path for item in found), sources.contents(scene.repository, found, **limit), strict=True))


def test_every_dataset_is_listed_once_and_read_from_where_it_is(loose):
    loose.publish(store({"copy.csv": text(1), "note.txt": "x"}))
    loose.workspace.write(store({"loose.csv": text(9), "loose-2.csv": text(9), "00000.csv": "changed"}))
    read = contents(loose, LOOSE)
    assert read == {
        **{f"{STORE}/{n:05}.csv": text(n).encode() for n in range(3)},
        f"{STORE}/loose-2.csv": text(9).encode(),
    }


def test_datasets_above_the_limit_are_passed_over(loose):
    loose.workspace.write(store({"loose.csv": text(9) * 100}))
    assert contents(loose, LOOSE, limit=100)[f"{STORE}/loose.csv"] is None


@pytest.mark.parametrize("now", [text(8), None])
def test_an_untracked_file_that_changes_during_the_run_is_an_error(loose, now):
    loose.workspace.write(store({"loose.csv": text(9)}))
    scene = loose.look(LOOSE)
    loose.workspace.write(store({"loose.csv": now}))
    with pytest.raises(DataError, match="an untracked dataset changed during the run") as caught:
        list(sources.contents(scene.repository, scene.datasets()))
    assert caught.value.path == f"{STORE}/loose.csv"


def pointer(content):
    digest = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n"


@pytest.mark.parametrize(
    ("in_workspace", "read"),
    [
        (b"a,b\n1,2\n", b"a,b\n1,2\n"),
        (b"a,b\n9,9\n", None),
        (b"a,b\n", None),
        (b"", None),
    ],
    ids=["the file", "another file", "another size", "the pointer"],
)
def test_a_dataset_in_git_lfs_counts_by_its_pointer_and_is_read_from_the_checkout(place, in_workspace, read):
    data = b"a,b\n1,2\n"
    place.publish(store({"large.csv": pointer(data)}))
    assert new(place) == ["large.csv"]
    if in_workspace:
        place.workspace.write(store({"large.csv": in_workspace}))
    assert new(place) == ["large.csv"]
    found = contents(place)[f"{STORE}/large.csv"]
    assert found == (read or pointer(data).encode())
    place.attempt()
    place.publish(store({"moved.csv": pointer(data), "large.csv": pointer(b"a,b\n3,4\n")}))
    assert new(place) == ["large.csv"]


def test_a_large_file_of_git_lfs_is_passed_over_like_any_other(place):
    data = b"a,b\n" + b"1,2\n" * 100
    place.publish(store({"large.csv": pointer(data)}))
    place.workspace.write(store({"large.csv": data}))
    assert contents(place, limit=300)[f"{STORE}/large.csv"] is None


def test_a_blob_id_is_what_git_says(tmp_path):
    git = make_repository(tmp_path / "w").git
    for content in (b"", b"a\n", bytes(range(256))):
        assert blob_id(content, sha256=False) == git.line("hash-object", "--stdin", stdin=content)


# --- rows -------------------------------------------------------------------------------------------------

ROWS = make_settings(unit="rows", threshold=5)


@pytest.fixture
def rows(tmp_path):
    place = Place(tmp_path, {f"{STORE}/all.csv": "a,b\n" + "".join(f"{n},1\n" for n in range(10))})
    place.attempt(ROWS)
    return place


def test_rows_of_new_files_count_without_their_header(rows):
    rows.publish(store({"a.csv": "a,b\n1,2\n3,4", "empty.csv": "", "header.csv": "a,b\n"}))
    scene = rows.look(ROWS)
    assert (scene.trigger.count, scene.trigger.reason) == (2, "waiting 2/5 rows: 3 more new rows start a training")
    assert (scene.inventory.rows, scene.inventory.before) == (2, ())


def test_rows_that_an_edit_added_count_and_the_old_version_is_named(rows):
    old = rows.workspace.git.line("rev-parse", f"HEAD:{STORE}/all.csv")
    lines = ["a,b\n", "x,1\n", *(f"{n},1\n" for n in range(1, 10)), "y,1\n"]
    rows.publish(store({"all.csv": "".join(lines)}))
    found = rows.look(ROWS).inventory
    assert (found.rows, found.before) == (2, (Dataset(f"{STORE}/all.csv", old),))
    rows.attempt(ROWS)
    assert rows.look(ROWS).trigger.count == 0


def test_the_old_version_of_whatever_is_there_no_more_is_named(rows):
    content = (rows.workspace.path / STORE / "all.csv").read_text()
    rows.publish(store({"gone.csv": "a,b\n7,7\n", "kept.csv": "a,b\n8,8\n8,9\n", "left.csv": "a,b\n9,9\n"}))
    rows.attempt(ROWS)
    ids = [rows.workspace.git.line("rev-parse", f"HEAD:{STORE}/{name}.csv") for name in ("all", "gone", "left")]
    rows.publish(
        store({"all.csv": None, "moved.csv": content + "x,1\n", "gone.csv": None, "left.csv": None, "left.txt": "9"})
    )
    rows.publish(store({"copy.csv": "a,b\n8,8\n8,9\n", "left.txt": "a,b\n9,9\n"}))
    found = rows.look(ROWS).inventory
    assert [item.path for item in found.new] == [f"{STORE}/moved.csv"]
    named = {(item.path, item.blob) for item in found.before}
    assert named == {(f"{STORE}/{name}.csv", blob) for name, blob in zip(("all", "gone", "left"), ids, strict=True)}


def test_rows_that_were_moved_copied_or_taken_away_do_not_count(rows):
    content = (rows.workspace.path / STORE / "all.csv").read_text()
    rows.publish(store({"all.csv": content[:-8], "moved.csv": content, "copy.csv": content}))
    assert rows.look(ROWS).trigger.count == 0


def test_rows_of_what_git_calls_binary_are_the_difference_of_the_lines(rows):
    rows.publish(store({"a.csv": "a,b\n\0,1\n2,2\n", "part.tmp": "a,b\n5,5\n"}))
    assert rows.look(ROWS).trigger.count == 2
    rows.attempt(ROWS)
    rows.publish(store({"a.csv": "a,b\n\0,2\n2,2\n3,3\n4,4", "part.tmp": None, "part.csv": "a,b\n5,5\n"}))
    assert rows.look(ROWS).trigger.count == 2 + 1
    rows.attempt(ROWS)
    rows.publish(store({"a.csv": "a,b\n\0,2\n"}))
    assert rows.look(ROWS).trigger.count == 0


def test_attributes_of_the_repository_do_not_change_the_rows(rows):
    rows.publish({".gitattributes": "*.csv -diff\n"} | store({"a.csv": "a,b\n1,2\n"}))
    rows.attempt(ROWS)
    rows.publish(store({"a.csv": "a,b\n7,7\n8,8\n"}))
    assert rows.look(ROWS).trigger.count == 2


def test_only_csv_files_have_rows_and_others_are_reported(rows):
    rows.publish(store({"a.csv.gz": b"x", "b.parquet": b"y", "c.txt": "z"}))
    scene = rows.look(ROWS)
    assert (scene.trigger.count, scene.inventory.ignored) == (0, 2)
    assert len(scene.datasets()) == 1


def test_rows_of_datasets_set_aside_do_not_count_until_they_are_corrected(rows):
    rows.publish(store({"bad.csv": "a,b\n1,2\n3,4\n"}))
    bad = rows.look(ROWS).inventory.new[0]
    rows.attempt(ROWS)
    state = rows.look(ROWS).state
    rows.remember(replace(state, set_aside=(RejectedDataset(bad.path, bad.blob, "bad"),)))
    rows.publish(store({"bad.csv": "a,b\n1,2\n3,4\n5,6\n", "copy.csv": "a,b\n1,2\n3,4\n"}))
    found = rows.look(ROWS).inventory
    assert (found.rows, found.before) == (3, ())


def test_files_that_had_no_rows_to_count_count_when_datasets_are_counted_again(rows):
    rows.publish(store({"b.parquet": b"y"}))
    rows.attempt(ROWS)
    assert new(rows) == ["b.parquet"]


@pytest.mark.parametrize("patterns", [(STORE, "more"), (f"{STORE}/*.csv",), ("data",)])
def test_rows_counted_before_another_data_path_are_not_counted_again(rows, patterns):
    content = (rows.workspace.path / STORE / "all.csv").read_text()
    rows.publish({"more/a.csv": "a,b\n1,2\n", f"{STORE}/all.csv": content + "8,8\n"})
    settings = paths(*patterns, unit="rows")
    more = 1 if "more" in patterns else 0
    found = rows.look(settings).inventory
    assert found.rows in (1 + more, 11 + more)  # a tree of another layout: git compares no lines across it
    old = rows.workspace.git.line("rev-parse", f"HEAD~1:{STORE}/all.csv")
    assert found.before == (Dataset(f"{STORE}/all.csv", old),)
    rows.attempt(settings)
    other = "a,b\n" + "9,9\n" * 3
    rows.publish({f"{STORE}/all.csv": other, "more/a.csv": content + "8,8\n"})  # each in another's place
    found = rows.look(ROWS).inventory
    assert f"{STORE}/all.csv" in [item.path for item in found.before]


# --- without a checkout, and by hand ----------------------------------------------------------------------


@pytest.mark.parametrize("settings", [paths(STORE, "more"), paths(f"{STORE}/*.csv"), ROWS])
def test_without_a_checkout_the_count_is_the_same(place, settings):
    place.publish({"more/b.csv": text(8)} | store({"a.csv": text(9), "00001.csv": text(7), "copy.csv": text(2)}))
    (place.tmp_path / "blobless").mkdir()
    scratch = place.tmp_path / "blobless"
    found = survey.take_snapshot(
        settings,
        clone_blobless(make_git(scratch), place.remote.as_uri(), BRANCHES, scratch),
        journal.read_for_counting,
    )
    assert found.trigger == place.look(settings).trigger
    assert found.trigger.count > 0


def test_an_auditor_needs_one_command_for_one_folder_and_for_several(place):
    for settings, path in ((SETTINGS, f"HEAD:{STORE}"), (paths(STORE, "more"), "HEAD^{tree}")):
        place.attempt(settings)
        place.publish({"more/b.csv": text(20), f"{STORE}/{len(path)}.csv": text(len(path))})
        git = place.workspace.git
        git.run("fetch", "-q", str(place.remote), BRANCHES.state)
        command = ("diff-tree", "-r", "-C100%", "--find-copies-harder", "--diff-filter=AM", "--name-only")
        shown = git.line(*command, "FETCH_HEAD:data", path).splitlines()
        counted = [item.path for item in place.look(settings).inventory.new]
        assert [name for name in shown if name.endswith(".csv")] == [
            item.removeprefix(f"{STORE}/") if settings is SETTINGS else item for item in counted
        ]
