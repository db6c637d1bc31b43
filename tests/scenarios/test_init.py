"""`init`: ten minutes from an unknown repository to a first rehearsed promotion, as a person at a terminal sees it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import tomllib

from ml_action.commands import sandbox_session
from ml_action.commands.init import setup
from ml_action.commands.init.scaffold import WORKFLOW
from ml_action.commands.sandbox_session import SandboxSession
from ml_action.config.settings import CONFIG_FILE
from scripts.docs import init as init_page
from tests.scenarios.world import drifted, in_process, steady


def commit(folder: Path, files: dict[str, str]) -> Path:
    """A repository with these files."""
    folder.mkdir(exist_ok=True)
    git = sandbox_session.plain_git(folder)
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
    code, output = init(students, "--yes")
    assert code == 0, output
    config = tomllib.loads((students / CONFIG_FILE).read_text())
    assert (config["data-path"], config["target"], config["threshold"]) == ("in", "score", 30)
    assert "group" not in config
    assert (students / WORKFLOW).is_file()
    assert "first hour: promote" in output
    assert "second hour: promote" in output
    assert "Allow GitHub Actions to create and approve pull requests" in output
    changed = subprocess.run(["git", "status", "--short"], cwd=students, capture_output=True, text=True).stdout
    assert set(changed.splitlines()) == {"?? .github/", f"?? {CONFIG_FILE}"}
    refs = subprocess.run(["git", "for-each-ref", "--format=%(refname)"], cwd=students, capture_output=True, text=True)
    assert refs.stdout.split() == ["refs/heads/trunk"]


def test_a_second_time_it_changes_nothing_and_shows_what_it_would(students: Path) -> None:
    init(students, "--yes", "--no-rehearsal")
    before = (students / CONFIG_FILE).read_text()
    code, output = init(students, "--yes", "--no-rehearsal", "--threshold", "33")
    assert code == 0
    assert "stays as it is" in output
    assert "+threshold = 33" in output
    assert (students / CONFIG_FILE).read_text() == before
    assert f"1. {CONFIG_FILE} was not changed: take over what you want of the difference above" in output
    assert f"{CONFIG_FILE} was there before, and stays as it was" in output


def test_task_and_metric_are_proposed_again_for_a_target_other_than_the_files(students: Path) -> None:
    (students / CONFIG_FILE).write_text('target = "school"\ntask = "classification"\nmetric = "accuracy"\n')
    code, output = init(students, "--yes", "--no-rehearsal", "--target", "score")
    assert code == 0, output
    assert '+task = "regression"' in output
    assert '+metric = "r2"' in output


def test_a_table_that_is_sorted_by_its_target_is_set_up_without_a_rehearsal(tmp_path: Path) -> None:
    rows = [f"{number},{int(number > 70)}" for number in range(140)]
    folder = commit(tmp_path, {"data/t.csv": "\n".join(["weight,low", *rows]) + "\n"})
    code, output = init(folder, "--yes", "--target", "low")
    assert code == 0, output
    assert "it is sorted by the target" in output
    assert (folder / WORKFLOW).is_file()


def test_one_table_is_counted_by_rows(tmp_path: Path) -> None:
    rows = [row for text in steady(80, 1) for row in text.splitlines()[1:]]
    head = steady(1, 1)[0].splitlines()[0]
    folder = commit(tmp_path, {"data/students.csv": "\n".join([head, *rows]) + "\n"})
    code, output = init(folder, "--yes")
    assert code == 0, output
    assert tomllib.loads((folder / CONFIG_FILE).read_text())["unit"] == "rows"
    assert "first hour: promote" in output


def at_a_terminal(folder: Path, typed: bytes) -> tuple[int, str]:
    """`init`, and what a person types."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "import sys; from ml_action.cli import main; sys.exit(main(sys.argv[1:]))"]
    environ = {name: value for name, value in os.environ.items() if name != "GITHUB_ACTIONS"} | {"TERM": "dumb"}
    with subprocess.Popen(
        [*command, "init", str(folder), "--no-rehearsal"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
    ) as process:
        os.write(ours, typed)
        output, _ = process.communicate(timeout=120)
    os.close(ours)
    os.close(theirs)
    return process.returncode, output


def test_a_person_who_goes_away_leaves_nothing_behind(students: Path) -> None:
    code, output = at_a_terminal(students, b"\x04")
    assert code == 2, output
    assert "a question was not answered, and nothing was written" in output
    assert not (students / CONFIG_FILE).exists()


def test_a_person_at_a_terminal_is_asked_and_enter_takes_the_guess(students: Path) -> None:
    """Four questions: what is predicted, the threshold, the metric, the estimator."""
    code, output = at_a_terminal(students, b"nonsense\nscore\n45\n\n\n")
    assert code == 0, output
    assert "select one of the available options" in output
    config = tomllib.loads((students / CONFIG_FILE).read_text())
    assert (config["target"], config["threshold"], config["metric"]) == ("score", 45, "r2")


def clone(here: SandboxSession, folder: Path, texts: list[str]) -> Path:
    """A person's clone of a repository on the stand-in, with data on its default branch."""
    made = commit(folder / "made", {f"in/{n:03}.csv": text for n, text in enumerate(texts)})
    sandbox_session.plain_git(made).run("push", "--quiet", str(here.repository.path), "HEAD:refs/heads/main")
    here.hub.synchronise(here.repository)
    sandbox_session.plain_git(folder).run("clone", "--quiet", str(here.repository.path), "mine")
    mine = folder / "mine"
    sandbox_session.plain_git(mine).run("remote", "set-url", "origin", f"{here.hub.url}/octo/students.git")
    return mine


def test_with_a_token_the_doctor_looks_as_well_and_nothing_is_pushed(tmp_path: Path) -> None:
    with sandbox_session.open_session(tmp_path / "hub", "octo/students") as here:
        mine = clone(here, tmp_path, steady(60, 1))
        here.hub.protect(here.repository, "~ALL", ruleset="reviews everywhere", required_reviews=1)
        environ = here.environ(ML_AUTO_UPDATE_TOKEN=here.author.token)
        del environ["GITHUB_REPOSITORY"]  # a person's shell: the clone says where it came from
        before = sandbox_session.plain_git(here.repository.path).line("for-each-ref")
        code, output = in_process(dict(environ), ["init", str(mine), "--yes", "--no-rehearsal"])
        assert code == 0, output
        assert "the doctor looked at octo/students with the given token" in output
        assert output.count("a rule keeps the bot off its own branch ml-auto-update/model/state") == 1
        assert "reviews everywhere" in output
        assert here.author.token not in output
        assert sandbox_session.plain_git(here.repository.path).line("for-each-ref") == before
        environ["ML_AUTO_UPDATE_TOKEN"] = "unknown"
        code, output = in_process(dict(environ), ["init", str(mine), "--yes", "--no-rehearsal"])
        assert code == 0, output
        assert "the doctor could not look: " in output


def test_the_existing_settings_file_is_used_and_a_mistake_in_it_reported_first(students: Path) -> None:
    init(students, "--yes", "--no-rehearsal")
    _, output = init(students, "--yes", "--no-rehearsal")
    assert f"{CONFIG_FILE} is as it should be" in output
    (students / CONFIG_FILE).write_text('targett = "score"\n')
    code, output = init(students, "--yes")
    assert code == 2
    assert "perhaps you meant 'target'" in output
    assert "found:" not in output


def test_a_model_of_another_tool_is_recognized_and_nothing_is_written(tmp_path: Path) -> None:
    rows = "hours,score\n" + "".join(f"{n % 9},{n % 9 * 3 + n % 2}\n" for n in range(200))
    folder = commit(tmp_path, {"data/x.csv": rows, "model/model_metadata.json": '{"of": "another tool"}'})
    code, output = init(folder, "--yes")
    assert code == 6
    assert "another tool wrote it" in output
    assert not (folder / CONFIG_FILE).exists()


def test_where_a_model_is_in_production_the_rehearsal_begins_without_it(students: Path) -> None:
    (students / "model").mkdir()
    example = Path(__file__).parents[2] / "example-repo/model"
    for path in example.iterdir():
        (students / "model" / path.name).write_bytes(path.read_bytes())
    sandbox_session.plain_git(students).run("add", "--all")
    sandbox_session.plain_git(students).run("commit", "--quiet", "--message", "A model")
    code, output = init(students, "--yes")
    assert code == 0, output
    assert "first hour: promote: better by" in output
    assert "of the dummy baseline's error" in output


def test_data_are_searched_in_the_given_folder_of_a_repository(tmp_path: Path) -> None:
    texts = steady(2, 1)
    more = {f"other/{n}.csv": text for n, text in enumerate(steady(3, 2))}
    folder = commit(tmp_path, {"here/one.csv": texts[0], "here/two.csv": texts[1], **more})
    code, output = init(folder / "here", "--yes", "--no-rehearsal")
    assert code == 0, output
    assert "found: 2 files in here" in output
    assert (folder / CONFIG_FILE).is_file()


def test_a_path_that_is_no_clone_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, output = init(tmp_path / "file", "--yes")
    assert code == 4
    assert "there is no folder" in output
    code, output = init(tmp_path, "--yes")
    assert code == 4
    assert "is no git repository" in output
    sandbox_session.plain_git(tmp_path).run("init", "--quiet", "--bare", "bare")
    code, output = init(tmp_path / "bare", "--yes")
    assert code == 4
    assert "is a bare repository" in output
    assert not (tmp_path / "bare" / CONFIG_FILE).exists()


def test_files_that_are_too_large_for_github_are_not_rehearsed(students: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "LARGEST", 100)  # bytes
    code, output = init(students, "--yes")
    assert code == 0, output
    assert "GitHub takes no file of more than 100 MB, as in/000.csv is" in output
    assert "first hour" not in output
    assert (students / CONFIG_FILE).is_file()


def test_uncommitted_data_are_reported(students: Path) -> None:
    (students / "in/new.csv").write_text(steady(1, 3)[0])
    _, output = init(students, "--yes", "--no-rehearsal")
    assert "not committed, and so not counted: 1 file, such as in/new.csv" in output


@pytest.mark.parametrize("example", [one for one in init_page.EXAMPLES if not one.slow], ids=lambda one: one.name)
def test_the_page_shows_the_output_of_init_for_real_data(example: init_page.Example) -> None:
    page = init_page.without_figures(init_page.PAGE.read_text(encoding="utf-8"))
    assert init_page.without_figures(init_page.section(example)) in page


def test_without_a_terminal_init_asks_for_yes(students: Path) -> None:
    code, output = init(students)
    assert code == 2
    assert "add --yes" in output


def test_without_data_or_commits_it_says_what_to_do_first(tmp_path: Path) -> None:
    code, output = init(commit(tmp_path, {"README.md": "nothing here"}), "--yes")
    assert code != 0
    assert "no dataset was found that git tracks" in output
    (tmp_path / "new").mkdir()
    sandbox_session.plain_git(tmp_path / "new").run("init", "--quiet")
    code, output = init(tmp_path / "new", "--yes")
    assert "holds no commit" in output


def test_a_target_that_only_its_place_speaks_for_is_not_taken_unasked(tmp_path: Path) -> None:
    rows = "".join(f"{n % 9},{n % 9 * 3 + n % 2}\n" for n in range(200))
    folder = commit(tmp_path, {"data/x.csv": f"hours,mpg\n{rows}"})
    code, output = init(folder, "--yes", "--no-rehearsal")
    assert code == 2
    assert "name the target: --target mpg" in output
    assert not (folder / CONFIG_FILE).exists()


def test_a_wrong_answer_is_asked_for_again(students: Path) -> None:
    code, output = at_a_terminal(students, b"score\nmany\n45\nf1\nr2\nsklearn.linear_model.Rigde\n\n")
    assert code == 0, output
    assert "threshold = 'many'" in output
    assert "metric 'f1' is made for classification" in output
    assert "Did you mean 'sklearn.linear_model.Ridge'?" in output
    config = tomllib.loads((students / CONFIG_FILE).read_text())
    assert (config["threshold"], config["metric"]) == (45, "r2")


def test_data_in_the_root_are_set_up_and_rehearsed_by_a_pattern(tmp_path: Path) -> None:
    rows = "".join(f"{n % 9},{n * 7 % 11},{n % 9 * 3 + n * 13 % 5}\n" for n in range(300))
    folder = commit(tmp_path, {"scores.csv": f"hours,noise,score\n{rows}", "other.csv": "a\n1\n"})
    code, output = init(folder, "--yes")
    assert code == 0, output
    assert "first hour: promote" in output
    assert tomllib.loads((folder / CONFIG_FILE).read_text())["data-path"] == "scores*.csv"


@pytest.mark.parametrize(
    ("rows", "flags", "why"),
    [
        ("1,2\n2,3\n3,5\n", (), "too few data for a first model: waiting 3/60 rows"),
        ("".join(f"{n * 7 % 11},{n * 13 % 17}\n" for n in range(187)), (), "no first model would come of these data"),
        ("".join(f"{n * 7 % 11},{n * 13 % 17}\n" for n in range(187)), ("--no-rehearsal",), "the files are written"),
        ("".join(f"{n},{'one' if n == 5 else 'other'}\n" for n in range(130)), (), "could not be fitted"),
    ],
)
def test_data_that_no_first_model_would_come_of_are_not_ready(
    tmp_path: Path, rows: str, flags: tuple[str, ...], why: str
) -> None:
    folder = commit(tmp_path, {"data/x.csv": f"a,b\n{rows}"})
    code, output = init(folder, "--yes", "--target", "b", *flags)
    assert code == 7, output
    assert "not ready: " in output
    assert why in output
    assert (folder / CONFIG_FILE).exists() == bool(flags)


def test_an_option_of_a_single_run_is_refused_as_a_setting_of_the_file(students: Path) -> None:
    code, output = init(students, "--yes", "--force", "because")
    assert code == 2
    assert "force: not a setting of the file" in output
