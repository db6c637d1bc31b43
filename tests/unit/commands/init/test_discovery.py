"""The data files that are found in a repository, the data path that names them, and files that are no datasets."""

import pytest

from ml_action.commands import sandbox_session
from ml_action.commands.init import discovery
from ml_action.commands.init.discovery import DataFile, find_layout, threshold
from ml_action.config.data_path import DataPath
from ml_action.config.parse import parse
from ml_action.core.errors import DataError

# --- the layout ---------------------------------------------------------------------------------------------

AB, CD = ("a", "b"), ("c", "d")


def make_files(*paths, header=AB, size=100):
    return [DataFile(path, "0" * 40, header, size) for path in paths]


def many(folder, count=60, **more):
    return make_files(*(f"{folder}/{n:03}.csv" for n in range(count)), **more)


def test_many_files_in_a_folder_are_counted_by_files():
    found = find_layout(many("data/in"))
    assert (found.data_path, found.unit, len(found.files), found.others) == ("data/in", "datasets", 60, ())
    assert threshold(found, 10_000) == 30


def test_thousands_of_files_get_a_threshold_of_two_hundred():
    assert threshold(find_layout(many("data/in", 3_000)), 10_000) == 200


def test_folders_by_month_have_one_data_path():
    found = find_layout([*many("data/2025/01", 40), *many("data/2025/02", 40)])
    assert (found.data_path, len(found.files)) == ("data", 80)  # next year's are counted as well


def test_a_folder_that_is_no_date_is_the_data_path():
    assert find_layout(many("data/site-7")).data_path == "data/site-7"
    both = find_layout([*many("data/2025"), *make_files("data/meta.csv", header=CD)])
    assert both.data_path == "data/2025"


def test_one_large_table_is_counted_by_rows():
    found = find_layout(make_files("data/sales.csv"))
    assert (found.data_path, found.unit) == ("data", "rows")
    assert threshold(found, 900) == 300
    assert (threshold(found, 90), threshold(found, 10**6)) == (60, 5_000)


def test_next_to_another_table_a_pattern_names_the_file():
    found = find_layout([*make_files("data/sales.csv", size=10_000), *make_files("data/shops.csv", header=CD)])
    assert (found.data_path, found.others) == ("data/sales*.csv", ("data/shops.csv",))
    assert DataPath.parse(found.data_path).matches("data/sales.csv")
    assert not DataPath.parse(found.data_path).matches("data/shops.csv")


def test_folders_without_other_files_are_listed():
    found = find_layout([*many("data/in/a", 40), *many("data/in/b", 40), *make_files("data/in/meta.csv", header=CD)])
    assert found.data_path == "data/in/a,data/in/b"


def test_a_given_data_path_is_used():
    found = find_layout([*many("data/in"), *many("old", 90)], DataPath.parse("data/in"))
    assert (found.data_path, len(found.files)) == ("data/in", 60)


def test_a_few_parquet_files_cannot_be_counted_by_rows():
    assert find_layout(make_files("data/a.parquet", "data/b.parquet", header=())).unit == "datasets"


@pytest.mark.parametrize("path", ["data/a.csv.gz", "data/a.parquet"])
def test_a_single_file_without_countable_rows_is_an_error(path):
    with pytest.raises(DataError, match="the only file of its kind"):
        find_layout(make_files(path))


def test_a_file_as_data_path_is_an_error_that_names_the_pattern():
    with pytest.raises(DataError, match="names a file") as caught:
        find_layout(make_files("data/sales.csv"), DataPath.parse("data/sales.csv"))
    assert "'data/sales*.csv'" in caught.value.fix


def test_an_uncommitted_file_is_named():
    with pytest.raises(DataError) as caught:
        find_layout([], waiting=["data/new.csv"])
    assert "data/new.csv is there and was not committed" in caught.value.why


def test_a_repository_without_data_is_an_error():
    with pytest.raises(DataError, match="no dataset was found"):
        find_layout([])


@pytest.mark.parametrize(
    ("files", "pattern"),
    [
        (make_files("sales.csv"), "*.csv"),
        (make_files(*(f"day-{n}.csv.gz" for n in range(60))), "*.csv.gz"),
        (make_files("sales-1.csv", "sales-2.csv") + make_files("shops.csv", header=CD), "sales-*.csv"),
        (make_files("sales.csv", size=900) + make_files("shops.csv", header=CD), "sales*.csv"),
        (make_files("a.csv", "b.csv") + make_files("c.csv", header=CD), "a*.csv,b*.csv"),
        (make_files("a.csv", "old/b.csv"), "*.csv,old"),
    ],
)
def test_data_in_the_root_are_named_by_patterns(files, pattern):
    found = find_layout(files)
    assert found.data_path == pattern
    selection = DataPath.parse(pattern)
    assert selection.only_files_of_root
    assert all(selection.matches(file.path) for file in found.files)
    assert not any(map(selection.matches, (*found.others, "model/x.csv")))


# --- the files ----------------------------------------------------------------------------------------------

ROWS = "a,b,score\n" + "".join(f"{n},{n % 7},{n % 5}\n" for n in range(60))


@pytest.fixture
def commit(tmp_path):
    git = sandbox_session.plain_git(tmp_path)
    git.run("init", "--quiet", "-b", "trunk")

    def made(files):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(text if isinstance(text, bytes) else text.encode())
        git.run("add", "--all")
        git.run("commit", "--quiet", "--message", "Data")
        return git

    return made


def refused(git):
    with pytest.raises(DataError) as caught:
        discovery.read_sample(git, discovery.find_layout(discovery.data_files(git)), parse({}, {}))
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (ROWS.encode("utf-16")[2:], "no text in UTF-8"),
        (ROWS.replace("a,b", "ä,b").encode("latin-1"), "is not UTF-8 (byte 0xe4); save it as UTF-8"),
        ("".join(ROWS.splitlines(keepends=True)[2:]), "numbers where names belong: '1', '1', '1'"),
        ("a,b,score\n", "has a header but no rows"),
        ("", "is empty"),
    ],
)
def test_a_file_that_is_no_dataset_is_an_error_with_a_remedy(commit, content, why):
    message = refused(commit({"data/x.csv": content}))
    assert why in message
    assert "Do:" in message


@pytest.mark.parametrize(
    "content",
    [
        ROWS.replace(",", ";"),
        ROWS.replace(",", "\t"),
        ROWS.replace(",", "|"),
        "sep=;\n" + ROWS.replace(",", ";"),
        "# exported today\n" + ROWS,
        ROWS.replace("a,b,score", "\ufeff a , b ,score "),
        ROWS.encode("utf-16"),
        ROWS.replace("\n", "\r\n"),
    ],
)
def test_a_file_is_read_as_the_loop_reads_it(commit, content):
    git = commit({"data/x.csv": content, "data/y.csv": ROWS})
    found = discovery.find_layout(discovery.data_files(git))
    assert [file.header for file in found.files] == [("a", "b", "score")] * 2
    assert list(discovery.read_sample(git, found, parse({}, {})).frame.columns) == ["a", "b", "score"]


def test_numbered_columns_are_accepted(commit):
    git = commit({"data/x.csv": ROWS.replace("a,b,score", "0,1,2")})
    found = discovery.find_layout(discovery.data_files(git))
    assert list(discovery.read_sample(git, found, parse({}, {})).frame.columns) == ["0", "1", "2"]


def test_with_a_folder_only_its_files_are_found(commit):
    git = commit({"one/x.csv": ROWS, "two/y.csv": ROWS, "onelike/z.csv": ROWS})
    assert [file.path for file in discovery.data_files(git, "one")] == ["one/x.csv"]


def test_changed_and_new_data_files_are_uncommitted(commit, tmp_path):
    git = commit({"data/x.csv": ROWS, "data/same.csv": ROWS, "notes.txt": "words"})
    (tmp_path / "data/x.csv").write_text(ROWS + "1,2,3\n")
    (tmp_path / "data/ü\n.csv").write_text(ROWS)
    (tmp_path / "notes.txt").write_text("more")
    assert discovery.uncommitted(git) == ["data/x.csv", "data/ü\n.csv"]
    assert discovery.uncommitted(git, "other") == []
