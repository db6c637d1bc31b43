"""Folders and patterns: compared with git's own `:(glob)`, which defines what a pattern means."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ml_action.config.data_path import DataPath
from ml_action.core.file_formats import countable_suffixes, suffixes
from tests.support.factories import make_repository
from tests.support.properties import examples

KINDS, CSV = suffixes(), countable_suffixes()


def holds(patterns, path):
    return DataPath.parse(patterns).matches(path)


@pytest.mark.parametrize(
    ("patterns", "path", "held"),
    [
        ("data", "data/a.csv", True),
        ("data", "data/deep/er/a.csv", True),
        ("data", "data", False),
        ("data", "database/a.csv", False),
        ("data", "Data/a.csv", False),
        ("data.csv", "data.csv/a.csv", True),
        ("data", "data/A.CSV", True),
        ("data", "data/a.csv.gz", True),
        ("data", "data/a.Parquet", True),
        ("data", "data/a.txt", False),
        ("data", "data/a.gz", False),
        ("data", "data/.csv", True),
        ("data", "data/a\nb.csv", True),
        ("a, b", "b/x.csv", True),
        ("data/*.csv", "data/a.csv", True),
        ("data/*.csv", "data/deep/a.csv", False),
        ("data/*.csv", "data/a.csv.gz", False),
        ("data/*", "data/a.parquet", True),
        ("data/**", "data/deep/a.csv", True),
        ("data/**/*.csv", "data/a.csv", True),
        ("data/**/*.csv", "data/x/y/a.csv", True),
        ("data/**/new/*.csv", "data/new/a.csv", True),
        ("data/**/new/*.csv", "data/renew/a.csv", False),
        ("data/*/new", "data/x/new/deep/a.csv", True),
        ("data/*/new", "data/x/old/a.csv", False),
        ("data/*/all.csv", "data/x/all.csv", True),
        ("data/20??/*.csv", "data/2026/a.csv", True),
        ("data/20??/*.csv", "data/20/6/a.csv", False),
        ("data/x**y/*.csv", "data/x/y/a.csv", False),
        ("data/x**y/*.csv", "data/xzy/a.csv", True),
        ("data/[ab]/*.csv", "data/a/a.csv", False),
        ("data/[ab]/*.csv", "data/[ab]/a.csv", True),
        ("data/a+(b)/*.csv", "data/a+(b)/x.csv", True),
    ],
)
def test_what_a_folder_or_pattern_holds(patterns, path, held):
    assert holds(patterns, path) is held


@pytest.mark.parametrize(
    ("text", "roots", "folder"),
    [
        ("data/new", ("data/new",), "data/new"),
        ("b, a", ("a", "b"), ""),
        ("a, a/b", ("a",), ""),
        ("a, ab", ("a", "ab"), ""),
        ("data/*/new", ("data",), ""),
        ("data/x/*.csv, data/y", ("data/x", "data/y"), ""),
        ("data/x/*.csv, data", ("data",), ""),
        ("*.csv", (".",), ""),
        ("**/new, a", (".",), ""),
    ],
)
def test_the_roots_hold_every_dataset_and_none_lies_inside_another(text, roots, folder):
    assert (DataPath.parse(text).roots, DataPath.parse(text).folder) == (roots, folder)


@pytest.mark.parametrize("text", ["", " , ", "/etc", "../x", "a, b/../../c", "a\0"])
def test_what_leaves_the_repository_or_names_nothing_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        DataPath.parse(text)


def test_the_same_folder_twice_is_one():
    assert DataPath.parse("a, ./a/, a//") == DataPath(("a",))
    assert str(DataPath.parse("a,b/*.csv")) == "a, b/*.csv"


def test_an_entry_is_named_relative_to_the_root_of_the_data_tree():
    folder, several, pattern = map(DataPath.parse, ("data/new", "data/new, more", "data/*.csv"))
    assert folder.path_of("x.csv") == "data/new/x.csv"
    assert several.path_of("data/new/x.csv") == "data/new/x.csv"
    assert folder.matches_entry("x.csv")
    assert several.matches_entry("data/new/x.csv")
    assert pattern.matches_entry("data/x.csv")
    assert not pattern.matches_entry("data/deep/x.csv")
    assert not folder.restricted_to(CSV).matches_entry("x.parquet")


def test_a_plain_folder_covers_whatever_is_asked_of_it_later_and_a_pattern_only_itself():
    folder, pattern = DataPath.parse("data"), DataPath.parse("data/*.csv")
    assert folder.covers(pattern)
    assert folder.covers(folder.restricted_to(CSV))
    assert not folder.restricted_to(CSV).covers(folder)
    assert pattern.covers(pattern)
    assert not pattern.covers(folder)


@given(st.lists(st.text(min_size=1), min_size=1), st.sampled_from([KINDS, CSV]))
def test_a_record_comes_back_as_it_was(patterns, chosen):
    selection = DataPath(tuple(patterns), chosen)
    record = selection.to_record()
    if record:
        assert DataPath.from_record(record) == selection
    else:
        assert selection.takes_folders
        assert chosen == KINDS


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"patterns": [], "kinds": [".csv"]}', b"\xff"])
def test_a_damaged_record_is_reported(content):
    with pytest.raises(ValueError, match=r"."):
        DataPath.from_record(content)


def test_a_record_with_texts_in_place_of_lists_is_none():
    with pytest.raises(ValueError, match="lists of texts"):
        DataPath.from_record(json.dumps({"patterns": "data", "kinds": [1]}).encode())


PATHS = [f"{folder}{name}" for folder in ("", "a/", "b/", "ab/", "a/b/", "a/a/", "a/b/a/", "b/.a/") for name in ("a.csv", "b.csv", ".csv", "ab.csv")]  # fmt: skip  # noqa: E501
parts = st.lists(st.sampled_from(["a", "b", "*", "?", "**", ".", "a*", "*b", "?b", "***"]), min_size=0, max_size=3)
lasts = st.sampled_from(["*.csv", "a.csv", "?.csv", "**", "*", "a*", "*b.csv", "**.csv"])


@pytest.fixture(scope="module")
def tree():
    with tempfile.TemporaryDirectory() as folder:
        yield make_repository(Path(folder), dict.fromkeys(PATHS, "x"))


@settings(max_examples=examples(60))
@given(parts=parts, last=lasts)
def test_a_pattern_means_what_git_means_by_it(tree, parts, last):
    pattern = "/".join([*parts, last])
    assume("*" in pattern or "?" in pattern)  # else it is a folder's name
    listed = tree.git.run("ls-files", "-z", "--", f":(glob){pattern}").decode().split("\0")
    selection = DataPath.parse(pattern)
    assert {path for path in PATHS if selection.matches(path)} == set(filter(None, listed))
    assert all(root == "." or path.startswith(f"{root}/") for root in selection.roots for path in filter(None, listed))
