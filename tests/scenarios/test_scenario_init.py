"""`init`: ten minutes from an unknown repository to a first rehearsed promotion, as a person at a terminal sees it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import tomllib
from scenario_world import drifted, in_process, steady

from ml_action import stage
from ml_action.settings import CONFIG_FILE
from ml_action.starting import WORKFLOW


def commit(folder: Path, files: dict[str, str]) -> Path:
    """A repository with these files."""
    git = stage.plain_git(folder)
    git.run("init", "--quiet", "-b", "trunk")
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    git.run("add", "--all")
    git.run("commit", "--quiet", "-m", "Data")
    return folder


def init(folder: Path, *flags: str) -> tuple[int, str]:
    return in_process(dict(os.environ) | {"GITHUB_ACTIONS": ""}, ["init", str(folder), *flags])


@pytest.fixture
def students(tmp_path: Path) -> Path:
    texts = [*steady(40, 1), *drifted(40, 2)]
    return commit(tmp_path, {f"in/{n:03}.csv": text for n, text in enumerate(texts)})


def test_from_a_folder_of_files_to_a_rehearsed_promotion(students: Path) -> None:
    code, said = init(students, "--yes")
    assert code == 0, said
    config = tomllib.loads((students / CONFIG_FILE).read_text())
    assert (config["data-path"], config["target"], config["threshold"]) == ("in", "score", 30)
    assert "group" not in config
    assert (students / WORKFLOW).is_file()
    assert "first hour: promote" in said
    assert "second hour: promote" in said
    assert "Allow GitHub Actions to create and approve pull requests" in said
    changed = subprocess.run(["git", "status", "--short"], cwd=students, capture_output=True, text=True).stdout
    assert set(changed.splitlines()) == {"?? .github/", f"?? {CONFIG_FILE}"}
    refs = subprocess.run(["git", "for-each-ref", "--format=%(refname)"], cwd=students, capture_output=True, text=True)
    assert refs.stdout.split() == ["refs/heads/trunk"]


def test_a_second_time_it_changes_nothing_and_shows_what_it_would(students: Path) -> None:
    init(students, "--yes", "--no-rehearsal")
    before = (students / CONFIG_FILE).read_text()
    code, said = init(students, "--yes", "--no-rehearsal", "--threshold", "33")
    assert code == 0
    assert "stays as it is" in said
    assert "+threshold = 33" in said
    assert (students / CONFIG_FILE).read_text() == before


def test_one_table_is_counted_by_rows(tmp_path: Path) -> None:
    rows = [row for text in steady(80, 1) for row in text.splitlines()[1:]]
    head = steady(1, 1)[0].splitlines()[0]
    folder = commit(tmp_path, {"data/students.csv": "\n".join([head, *rows]) + "\n"})
    code, said = init(folder, "--yes")
    assert code == 0, said
    assert tomllib.loads((folder / CONFIG_FILE).read_text())["unit"] == "rows"
    assert "first hour: promote" in said


def test_a_person_at_a_terminal_is_asked_and_enter_takes_the_guess(students: Path) -> None:
    """Four questions: what is predicted, the threshold, the metric, the estimator."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "import sys; from ml_action.cli import main; sys.exit(main(sys.argv[1:]))"]
    environ = {name: value for name, value in os.environ.items() if name != "GITHUB_ACTIONS"} | {"TERM": "dumb"}
    with subprocess.Popen(
        [*command, "init", str(students), "--no-rehearsal"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
    ) as process:
        os.write(ours, b"nonsense\nscore\n45\n\n\n")
        said, _ = process.communicate(timeout=120)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0, said
    assert "select one of the available options" in said
    config = tomllib.loads((students / CONFIG_FILE).read_text())
    assert (config["target"], config["threshold"], config["metric"]) == ("score", 45, "r2")


def test_nobody_can_be_asked_in_a_pipe(students: Path) -> None:
    code, said = init(students)
    assert code == 2
    assert "add --yes" in said


def test_without_data_or_commits_it_says_what_to_do_first(tmp_path: Path) -> None:
    code, said = init(commit(tmp_path, {"README.md": "nothing here"}), "--yes")
    assert code != 0
    assert "no dataset was found that git tracks" in said
    (tmp_path / "new").mkdir()
    stage.plain_git(tmp_path / "new").run("init", "--quiet")
    code, said = init(tmp_path / "new", "--yes")
    assert "holds no commit" in said


def test_what_a_single_run_does_is_no_setting_of_the_file(students: Path) -> None:
    code, said = init(students, "--yes", "--force", "because")
    assert code == 2
    assert "force: not a setting of the file" in said
