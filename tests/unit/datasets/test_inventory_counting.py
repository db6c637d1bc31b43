"""The count as a function of what git printed, without a repository. Against real git: test_inventory.py."""

from dataclasses import replace

import pytest

from ml_action.config.data_path import DataPath
from ml_action.core.records.dataset import Dataset, Inventory
from ml_action.datasets import inventory
from ml_action.datasets.changes import Change, Changes, added_lines, compare, entries, is_dataset
from ml_action.datasets.inventory import CountRequest, count, notes

DATA = DataPath(("d",))
FILE, PROGRAM, LINK = "100644", "100755", "120000"
NOTHING = "0" * 40


def entry(status, path, *, before=NOTHING, after=NOTHING, mode=FILE, mode_before=FILE, to=""):
    """One entry as `git diff-tree -r -z` prints it."""
    return f":{mode_before} {mode} {before} {after} {status}\0{path}\0" + (f"{to}\0" if to else "")


def changes(*entries_of_git, then=DATA, prefix=""):
    return Changes("".join(entries_of_git).encode(), then, prefix)


def counted(*listed, known=(), rows_of=None, **request):
    return count(CountRequest("now", "then", DATA, listed, **request), known, rows_of)


ADDED = Change("A", False, b"100644", NOTHING, "new", "a.csv")
EDITED = Change("M", True, b"100644", "old", "new", "a.csv", "d/a.csv")
DELETED = Change("D", True, b"000000", "old", NOTHING, "a.csv", "d/a.csv")
RENAMED = Change("R", True, b"100644", "old", "old", "b.csv", "d/a.csv")
COPIED = Change("C", True, b"100644", "old", "old", "b.csv", "d/a.csv")
UNTRACKED = Dataset("d/loose.csv", "loose", untracked=True)


# --- what git printed ------------------------------------------------------------------------------------


def test_every_entry_becomes_a_change():
    read = [
        *changes(
            entry("A", "a.csv", after="1", mode_before="000000"),
            entry("M", "b.csv", before="2", after="3"),
            entry("R100", "c.csv", before="4", after="4", to="e.csv"),
            entry("C100", "f.txt", before="5", after="5", to="g.csv", mode=PROGRAM),
            entry("D", "h.csv", before="6", mode="000000"),
            prefix="d/",
        )
    ]
    assert read == [
        Change("A", False, b"100644", NOTHING, "1", "a.csv"),
        Change("M", True, b"100644", "2", "3", "b.csv", "d/b.csv"),
        Change("R", True, b"100644", "4", "4", "e.csv", "d/c.csv"),
        Change("C", False, b"100755", "5", "5", "g.csv"),
        Change("D", True, b"000000", "6", NOTHING, "h.csv", "d/h.csv"),
    ]


def test_reading_ends_where_the_line_counts_begin():
    assert [*changes(entry("A", "a.csv"), "\0", "1\t0\ta.csv\0", entry("A", "b.csv"))] == [
        *changes(entry("A", "a.csv"))
    ]
    assert [*changes()] == []


@pytest.mark.parametrize(
    ("name", "mode", "expected"),
    [
        ("a.csv", b"100644", True),
        ("a.csv", b"100755", True),
        ("a.csv", b"120000", False),
        ("a.csv", b"160000", False),
        ("a.csv", b"040000", False),
        ("a.txt", b"100644", False),
    ],
)
def test_a_dataset_is_a_regular_file_with_the_name_of_one(name, mode, expected):
    assert is_dataset(DATA, name, mode) is expected


def test_added_lines_follow_the_entries_whatever_their_kind():
    moved, copied = entry("R090", "b.csv", to="c.csv"), entry("C080", "d.csv", to="e.csv")
    listed = entry("M", "a.csv") + moved + copied + entry("A", "f.csv") + "\0"
    lines = "12\t3\ta.csv\0" + "4\t0\t\0b.csv\0c.csv\0" + "0\t0\t\0d.csv\0e.csv\0" + "-\t-\tf.csv\0"
    raw = listed + lines
    assert added_lines(raw.encode()) == {"a.csv": 12, "c.csv": 4, "e.csv": 0, "f.csv": None}


def test_a_tab_in_a_name_is_a_part_of_it():
    raw = entry("A", "a\tb\tc.csv") + "7\t0\ta\tb\tc.csv\0"
    assert added_lines(raw.encode()) == {"a\tb\tc.csv": 7}


def test_the_records_of_a_tree_are_datasets_by_name_and_mode():
    records = [b"100644 blob 11\ta.csv", b"120000 blob 22\tb.csv", b"100755 blob 33\tc/d.csv", b"100644 blob 44\tx.md"]
    assert [*entries(records, DATA)] == [Dataset("d/a.csv", "11"), Dataset("d/c/d.csv", "33")]
    assert [*entries([b"100644 blob 11\ta\tb.csv"], DATA)] == [Dataset("d/a\tb.csv", "11")]


# --- what only the old tree knows ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "is_open"),
    [
        (EDITED, True), (EDITED._replace(status="T"), True), (ADDED, False), (DELETED, False), (RENAMED, False),
        (COPIED, False), (RENAMED._replace(was_dataset=False), True), (COPIED._replace(was_dataset=False), True),
        (EDITED._replace(path="a.txt"), False), (EDITED._replace(mode=b"120000"), False),
    ],
)  # fmt: skip
def test_which_blobs_the_old_tree_has_to_be_asked_for(change, is_open):
    request = CountRequest("now", "then", DATA, [change])
    assert inventory.unresolved_blobs(request) == ({change.after} if is_open else set())


def test_untracked_files_and_originals_of_copies_are_asked_for_too():
    seen = Dataset("d/seen.csv", "seen")
    request = CountRequest(
        "now", "then", DATA, [], untracked=(UNTRACKED, seen), seen=(seen,), copies={"copy": "original"}
    )
    assert inventory.unresolved_blobs(request) == {"loose", "original"}


# --- the count -------------------------------------------------------------------------------------------


def test_nothing_is_counted_as_nothing():
    assert counted() == Inventory("now", "then", ())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (ADDED, {"new": (Dataset("d/a.csv", "new"),)}),
        (EDITED, {"new": (Dataset("d/a.csv", "new"),)}),
        (EDITED._replace(after="old", mode=b"100755"), {"copies": 1, "moved": 1}),
        (RENAMED, {"copies": 1, "moved": 1}),
        (COPIED, {"copies": 1}),
        (RENAMED._replace(was_dataset=False), {"new": (Dataset("d/b.csv", "old"),)}),
        (RENAMED._replace(after="new"), {"new": (Dataset("d/b.csv", "new"),)}),
        (DELETED, {"removed": 1}),
        (DELETED._replace(was_dataset=False), {}),
        (ADDED._replace(path="a.txt"), {}),
        (ADDED._replace(mode=b"120000"), {}),
    ],
)
def test_a_change_counts_by_its_content(change, expected):
    assert counted(change) == replace(Inventory("now", "then", ()), **expected)


def test_a_content_counts_once():
    found = counted(ADDED, ADDED._replace(path="b.csv"), EDITED._replace(path="c.csv"))
    assert (found.new, found.copies) == ((Dataset("d/a.csv", "new"),), 2)


def test_each_deletion_is_one():
    assert counted(DELETED, DELETED._replace(before="x", path="b.csv")).removed == 2


def test_a_content_of_the_old_tree_is_a_copy():
    assert counted(EDITED, known={"new"}).copies == 1
    assert counted(EDITED, seen=(Dataset("d/x.csv", "new"),)).copies == 1


def test_files_of_other_formats_are_counted_as_ignored():
    only_csv = DATA.restricted_to((".csv",))
    packed = ADDED._replace(path="b.csv.gz")
    found = count(CountRequest("now", "then", only_csv, [ADDED, packed, packed._replace(path="c.md")]), ())
    assert (len(found.new), found.ignored) == (1, 1)
    assert count(CountRequest("now", "then", only_csv, [packed, packed._replace(path="c.parquet")]), ()).ignored == 2


# --- rejected datasets -----------------------------------------------------------------------------------


def test_a_rejected_content_is_not_new():
    found = counted(ADDED, ADDED._replace(after="other", path="b.csv"), rejected={"new"})
    assert (found.new, found.rejected, found.bad) == ((Dataset("d/b.csv", "other"),), 1, 1)


def test_each_rejected_content_is_one():
    found = counted(ADDED, ADDED._replace(after="other", path="b.csv"), rejected={"new", "other"})
    assert (found.new, found.rejected, found.bad) == ((), 2, 2)


@pytest.mark.parametrize(
    ("others", "known", "rejected"),
    [
        ((ADDED._replace(after="original", path="o.csv"),), (), True),
        ((), {"original"}, True),
        ((), (), False),
        ((DELETED._replace(before="original"),), (), False),
    ],
)
def test_a_copy_counts_once_its_original_is_gone(others, known, rejected):
    copy = {"rejected": {"new"}, "copies": {"new": "original"}}
    found = counted(ADDED, *others, known=known, **copy)
    assert (found.rejected, found.bad) == (int(rejected), 0)
    assert (Dataset("d/a.csv", "new") in found.new) is not rejected


def test_a_copy_of_an_untracked_or_remembered_dataset_stays_rejected():
    copy = {"rejected": {"new"}, "copies": {"new": "loose"}}
    assert counted(ADDED, untracked=(UNTRACKED,), **copy).rejected == 1
    assert counted(ADDED, seen=(UNTRACKED,), **copy).rejected == 1


# --- rows ------------------------------------------------------------------------------------------------


def test_rows_are_those_of_new_datasets():
    found = counted(ADDED, ADDED._replace(path="b.csv"), EDITED._replace(after="x"), RENAMED, rows_of=lambda _: 7)
    assert found.rows == 14
    assert counted(ADDED).rows == 0


@pytest.mark.parametrize(
    ("change", "gone"),
    [
        (EDITED, True), (DELETED, True), (RENAMED, False), (COPIED, False), (ADDED, False),
        (COPIED._replace(after="new"), False), (RENAMED._replace(after="new"), True),
        (RENAMED._replace(path="b.txt"), True), (EDITED._replace(was_dataset=False), False),
    ],
)  # fmt: skip
def test_where_rows_count_old_versions_that_are_gone_are_named(change, gone):
    assert counted(change, rows_of=lambda _: 0).before == ((Dataset("d/a.csv", "old"),) if gone else ())
    assert counted(change, rows_of=lambda _: 0, rejected={"old"}).before == ()
    assert counted(change).before == ()


def test_a_corrected_dataset_counts_with_all_its_rows():
    asked = []
    counted(
        EDITED,
        EDITED._replace(before="bad", after="x"),
        rows_of=lambda change: asked.append(change) or 1,
        rejected={"bad"},
    )
    assert [(change.after, change.was_dataset) for change in asked] == [("new", True), ("x", False)]


# --- untracked files -------------------------------------------------------------------------------------


def test_an_untracked_dataset_counts_where_it_is_looked_for():
    found = counted(untracked=(UNTRACKED,), with_untracked=True)
    assert (found.new, found.untracked) == ((UNTRACKED,), (UNTRACKED,))
    assert counted(untracked=(UNTRACKED,)).new == ()


def test_untracked_content_that_was_seen_or_is_tracked_is_not_new():
    assert counted(untracked=(UNTRACKED,), seen=(UNTRACKED,), with_untracked=True).new == ()
    assert counted(untracked=(UNTRACKED,), seen=(UNTRACKED,), with_untracked=True).copies == 0
    committed = counted(ADDED._replace(after="loose"), untracked=(UNTRACKED,), with_untracked=True)
    assert (committed.new, committed.copies) == ((Dataset("d/a.csv", "loose"),), 1)
    assert counted(untracked=(UNTRACKED,), known={"loose"}, with_untracked=True).copies == 1
    assert counted(untracked=(UNTRACKED,), rejected={"loose"}, with_untracked=True).rejected == 1


def test_an_untracked_content_that_is_gone_is_a_removal_where_it_is_looked_for():
    seen = (UNTRACKED, Dataset("d/b.csv", "b"), Dataset("d/c.csv", "c"))
    found = counted(ADDED._replace(after="b"), seen=seen, untracked=(UNTRACKED,), with_untracked=True)
    assert (found.removed, found.untracked) == (1, (UNTRACKED,))
    not_looked = counted(seen=seen)
    assert (not_looked.removed, not_looked.untracked) == (0, seen)


def test_a_tracked_dataset_that_is_only_untracked_now_is_no_removal():
    assert counted(DELETED._replace(before="loose"), untracked=(UNTRACKED,), with_untracked=True).removed == 0
    assert counted(DELETED, untracked=(UNTRACKED,), with_untracked=True).removed == 1


# --- other settings than before --------------------------------------------------------------------------


def test_lists_of_datasets_are_compared_by_path_and_content():
    old = {"same": "1", "edited": "2", "moved": "3", "gone": "4", "kept": "5"}
    new = {"same": "1", "edited": "20", "here": "3", "kept": "5", "copy": "5", "added": "6"}
    assert [*compare(old, new)] == [
        Change("M", True, b"100644", "2", "20", "edited", "edited"),
        Change("C", True, b"100644", "3", "3", "here", "here"),
        Change("C", True, b"100644", "5", "5", "copy", "copy"),
        Change("A", False, b"100644", "", "6", "added", "added"),
        Change("D", True, b"", "4", "", "gone", "gone"),
    ]


# --- notes -----------------------------------------------------------------------------------------------


def test_a_count_without_oddities_needs_no_note():
    assert notes(Inventory("now", "then", ())) == ()


def test_missing_folders_and_ignored_files_are_noted():
    assert notes(Inventory("now", "then", (), missing=("a", "b"), ignored=3)) == (
        "the data path a is not in the commit: nothing counts there",
        "the data path b is not in the commit: nothing counts there",
        "3 .csv.gz or .parquet files arrived and do not count: unit rows counts .csv files",
    )
