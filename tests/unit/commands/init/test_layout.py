"""Where data lie in strangers' repositories, and what a loop would call it."""

import pytest

from ml_action.commands.init.layout import DataFile, find, threshold
from ml_action.config.data_path import DataPath
from ml_action.core.errors import DataError

AB, CD = ("a", "b"), ("c", "d")


def files(*paths, header=AB, size=100):
    return [DataFile(path, "0" * 40, header, size) for path in paths]


def many(folder, count=60, **more):
    return files(*(f"{folder}/{n:03}.csv" for n in range(count)), **more)


def test_a_folder_full_of_files_is_counted_by_files():
    found = find(many("data/in"))
    assert (found.data_path, found.unit, len(found.files), found.others) == ("data/in", "datasets", 60, ())
    assert threshold(found, 10_000) == 30


def test_thousands_of_files_ask_for_two_hundred():
    assert threshold(find(many("data/in", 3_000)), 10_000) == 200


def test_folders_by_month_are_one_place():
    found = find([*many("data/2025/01", 40), *many("data/2025/02", 40)])
    assert (found.data_path, len(found.files)) == ("data", 80)  # next year's are counted as well


def test_a_place_that_is_no_date_is_not_left():
    assert find(many("data/site-7")).data_path == "data/site-7"
    both = find([*many("data/2025"), *files("data/meta.csv", header=CD)])
    assert both.data_path == "data/2025"


def test_one_large_table_is_counted_by_rows():
    found = find(files("data/sales.csv"))
    assert (found.data_path, found.unit) == ("data", "rows")
    assert threshold(found, 900) == 300
    assert (threshold(found, 90), threshold(found, 10**6)) == (60, 5_000)


def test_beside_another_table_the_pattern_names_the_one():
    found = find([*files("data/sales.csv", size=10_000), *files("data/shops.csv", header=CD)])
    assert (found.data_path, found.others) == ("data/sales*.csv", ("data/shops.csv",))
    assert DataPath.parse(found.data_path).matches("data/sales.csv")
    assert not DataPath.parse(found.data_path).matches("data/shops.csv")


def test_folders_that_hold_nothing_else_are_listed():
    found = find([*many("data/in/a", 40), *many("data/in/b", 40), *files("data/in/meta.csv", header=CD)])
    assert found.data_path == "data/in/a,data/in/b"


def test_what_a_person_named_is_taken():
    found = find([*many("data/in"), *many("old", 90)], DataPath.parse("data/in"))
    assert (found.data_path, len(found.files)) == ("data/in", 60)


def test_a_few_parquet_files_cannot_be_counted_by_rows():
    assert find(files("data/a.parquet", "data/b.parquet", header=())).unit == "datasets"


@pytest.mark.parametrize("path", ["data/a.csv.gz", "data/a.parquet"])
def test_one_file_that_git_sees_no_lines_of_cannot_grow(path):
    with pytest.raises(DataError, match="the only file of its kind"):
        find(files(path))


def test_a_file_is_no_data_path_and_the_pattern_for_it_is_named():
    with pytest.raises(DataError, match="names a file") as told:
        find(files("data/sales.csv"), DataPath.parse("data/sales.csv"))
    assert "'data/sales*.csv'" in told.value.fix
    with pytest.raises(DataError, match="root of the repository"):
        find(files("sales.csv"), DataPath.parse("sales.csv"))


def test_what_nobody_committed_is_named():
    with pytest.raises(DataError) as told:
        find([], waiting=["data/new.csv"])
    assert "data/new.csv is there and was not committed" in told.value.why


def test_without_data_there_is_nothing_to_begin_with():
    with pytest.raises(DataError, match="no dataset was found"):
        find([])


def test_data_in_the_root_have_to_move():
    with pytest.raises(DataError, match="root of the repository"):
        find(files("sales.csv"))
