"""What a first look at a repository finds, and what it says of files that are no datasets."""

import pytest

from ml_action.commands import sandbox_session
from ml_action.commands.init import data_files, layout
from ml_action.core.errors import DataError

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
    with pytest.raises(DataError) as told:
        data_files.table(git, layout.find(data_files.files(git)))
    return str(told.value)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (ROWS.replace(",", ";"), "parted by semicolons"),
        (ROWS.replace(",", "\t"), "parted by tabs"),
        (ROWS.encode("utf-16"), "no text in UTF-8"),
        (ROWS.replace("a,b", "ä,b").encode("latin-1"), "is not UTF-8 (byte 0xe4); save it as UTF-8"),
        ("".join(ROWS.splitlines(keepends=True)[2:]), "numbers where names belong: '1', '1', '1'"),
        ("a,b,score\n", "has a header but no rows"),
        ("", "is empty"),
    ],
)
def test_what_is_no_dataset_is_told_with_a_remedy(commit, content, why):
    said = refused(commit({"data/x.csv": content}))
    assert why in said
    assert "Do:" in said


def test_columns_that_are_numbered_have_names(commit):
    git = commit({"data/x.csv": ROWS.replace("a,b,score", "0,1,2")})
    assert list(data_files.table(git, layout.find(data_files.files(git))).frame.columns) == ["0", "1", "2"]


def test_only_a_folder_is_looked_at_where_one_is_named(commit):
    git = commit({"one/x.csv": ROWS, "two/y.csv": ROWS, "onelike/z.csv": ROWS})
    assert [file.path for file in data_files.files(git, "one")] == ["one/x.csv"]


def test_what_is_changed_or_new_here_waits_for_a_commit(commit, tmp_path):
    git = commit({"data/x.csv": ROWS, "data/same.csv": ROWS, "notes.txt": "words"})
    (tmp_path / "data/x.csv").write_text(ROWS + "1,2,3\n")
    (tmp_path / "data/ü\n.csv").write_text(ROWS)
    (tmp_path / "notes.txt").write_text("more")
    assert data_files.uncommitted(git) == ["data/x.csv", "data/ü\n.csv"]
    assert data_files.uncommitted(git, "other") == []
