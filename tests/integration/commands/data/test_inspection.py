"""Datasets of a working tree: which ones are compared, how each is judged, and why a file counts or not."""

from __future__ import annotations

import json
import os
import random

import pytest

from ml_action import cli
from ml_action.commands.data import report
from ml_action.commands.data.findings import DatasetFinding, FindingStatus, Inspection
from ml_action.commands.demo import students
from ml_action.core.records.contract import ColumnDrift
from ml_action.core.records.dataset import RejectedDataset
from ml_action.git import journal
from ml_action.git.journal import Counter, State
from ml_action.git.open import open_with_own_store
from ml_action.git.repository import Push
from tests.support.factories import TIME, make_attempt, make_git, make_repository

STORE = "data/new_data"
STATE = "ml-auto-update/model/state"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"
TEXTS = list(students.datasets(30, "steady", 1))


@pytest.fixture
def user(tmp_path, capsys, monkeypatch):
    """A user of a repository with 25 datasets on main."""
    monkeypatch.setenv("COLUMNS", "240")
    return User(tmp_path, capsys)


class User:
    def __init__(self, tmp_path, capsys, files=25):
        self.tmp_path, self.capsys = tmp_path, capsys
        committed = {f"{STORE}/{n:02}.csv": text for n, text in enumerate(TEXTS[:files])}
        self.workspace = make_repository(tmp_path / "w", committed | {"readme": "x"})
        self.git = self.workspace.git

    @property
    def path(self):
        return self.workspace.path

    def write(self, **files):
        """Writes datasets by name, in the data path."""
        self.workspace.write({f"{STORE}/{name}.csv": text for name, text in files.items()})

    def run(self, *arguments, at=None, **environ):
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.tmp_path), "COLUMNS": "240"} | environ
        code = cli.main(["data", *arguments, "--workspace", str(at or self.path)], environ)
        return code, self.capsys.readouterr().out

    def json(self, *arguments, **environ):
        code, output = self.run(*arguments, "--json", **environ)
        return code, json.loads(output)

    def verdicts(self, *arguments, **environ):
        """Returns the verdicts of `data check`, by path."""
        code, found = self.json("check", *arguments, **environ)
        verdicts = {item["path"].removeprefix(f"{STORE}/"): item["verdict"] for item in found["datasets"]}
        assert code == (3 if "bad" in verdicts.values() else 0)
        return verdicts

    def why(self, path, **environ):
        code, found = self.json("explain", path, **environ)
        assert code == 0
        return found

    def remember(self, *attempts, set_aside=(), data=""):
        """Records attempts and rejected datasets, as the loop does."""
        scratch = self.tmp_path / f"scratch{len(list(self.tmp_path.iterdir()))}"
        scratch.mkdir()
        borrowed = open_with_own_store(make_git(self.path), str(self.path), scratch)
        state = State("", data or self.workspace.tree(), attempts, set_aside)
        borrowed.push([Push(STATE, "", journal.write(borrowed, state, Counter(0, 200, "", ""), "x", time=TIME))])


def with_word(text):
    """Returns the dataset with a word among the numbers of the first row."""
    head, row, *rest = text.splitlines()
    return "\n".join([head, "many," + row.partition(",")[2], *rest]) + "\n"


# --- which datasets are judged -----------------------------------------------------------------------------


def test_datasets_that_the_base_branch_lacks_are_judged_committed_or_not(user):
    user.git.run("checkout", "-q", "-b", "more")
    user.write(committed=TEXTS[25])
    user.workspace.commit()
    user.write(untracked=TEXTS[26], staged=with_word(TEXTS[27]), **{"00": TEXTS[28]}, **{"01": None})
    user.git.run("add", f"{STORE}/staged.csv")
    assert user.verdicts() == {"committed.csv": "good", "untracked.csv": "good", "staged.csv": "bad", "00.csv": "good"}


def test_other_files_and_ignored_ones_are_not_judged(user):
    user.workspace.write({".gitignore": "ignored.csv\n", "elsewhere.csv": "a,b\n", f"{STORE}/note.txt": "x"})
    user.write(ignored=with_word(TEXTS[26]), good=TEXTS[25])
    (user.path / STORE / "link.csv").symlink_to("00.csv")
    assert user.verdicts() == {"good.csv": "good"}


def test_without_new_datasets_on_the_branch_those_since_the_last_attempt_are_judged(user):
    user.remember(make_attempt())
    user.write(later=TEXTS[25])
    user.workspace.commit()
    assert user.verdicts() == {"later.csv": "good"}
    user.git.run("checkout", "-q", "--detach")
    assert user.verdicts() == {"later.csv": "good"}


def test_the_base_branch_is_the_servers_and_not_the_local_copy(user):
    user.git.run("update-ref", "refs/remotes/origin/main", "HEAD")
    user.write(unpushed=TEXTS[25])
    user.workspace.commit()
    assert user.verdicts() == {"unpushed.csv": "good"}
    assert user.run("check", "--base", "nowhere")[0] == 2
    assert "git fetch origin nowhere" in user.run("check", "--base", "nowhere")[1]


def test_datasets_added_to_the_base_branch_meanwhile_are_references_and_no_candidates(user):
    user.git.run("checkout", "-q", "-b", "more")
    user.git.run("checkout", "-q", "main")
    user.write(theirs=TEXTS[25])
    user.workspace.commit()
    user.git.run("checkout", "-q", "more")
    rows = TEXTS[25].splitlines()
    user.write(mine="\n".join([rows[0], *reversed(rows[1:])]) + "\n", good=TEXTS[26])
    code, found = user.json("check")
    assert code == 0
    (copy,) = [item for item in found["datasets"] if item["verdict"] == "copy"]
    assert copy["reason"] == f"holds the same rows as {STORE}/theirs.csv"


def test_a_repository_without_a_commit_and_a_folder_without_a_repository(user, tmp_path):
    new = make_repository(tmp_path / "new")
    assert user.run("check", at=new.path)[1].startswith("✅ no dataset to judge")
    new.write({f"{STORE}/a.csv": TEXTS[0], f"{STORE}/b.csv": with_word(TEXTS[1]), f"{STORE}/c.csv": TEXTS[2]})
    new.git.run("add", f"{STORE}/a.csv")
    assert user.verdicts(at=new.path) == {"a.csv": "good", "b.csv": "bad", "c.csv": "good"}
    assert user.why(f"{STORE}/a.csv", at=new.path)["reason"] == "is not committed; it would be new and good"
    (tmp_path / "none").mkdir()
    code, output = user.run("check", at=tmp_path / "none")
    assert (code, "is not a git repository" in output) == (4, True)


def test_paths_are_files_or_folders_relative_to_the_current_folder(user):
    user.workspace.write({f"{STORE}/a/x.csv": TEXTS[25], f"{STORE}/a/y.csv": with_word(TEXTS[26]), "z.csv": TEXTS[27]})
    assert user.verdicts(f"{STORE}/a") == {"a/x.csv": "good", "a/y.csv": "bad"}
    assert user.verdicts("a/x.csv", at=user.path / STORE) == {"a/x.csv": "good"}
    assert user.verdicts("z.csv", "z.csv", str(user.path / "z.csv")) == {"z.csv": "good"}
    assert user.verdicts(f"{STORE}/00.csv") == {"00.csv": "good"}
    assert user.verdicts("empty", at=user.path / STORE) == {} if (user.path / STORE / "empty").mkdir() else True


@pytest.mark.parametrize(
    ("name", "words"),
    [("nowhere.csv", "there is no file"), ("../x.csv", "outside of the repository"), ("/etc/passwd", "outside")],
)
@pytest.mark.parametrize("verb", ["check", "explain"])
def test_a_path_outside_of_the_repository_is_an_error(user, verb, name, words):
    code, output = user.run(verb, name)
    assert code == 3
    assert words in output


def test_it_works_on_a_runner_without_a_token(user):
    user.write(good=TEXTS[25])
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "o/r"}
    assert user.run("check", **environ)[0] == 0


# --- how they are judged -----------------------------------------------------------------------------------


def test_copies_pointers_and_unreadable_files(user):
    user.write(
        copy=TEXTS[0], one=TEXTS[25], two=TEXTS[25], pointer=POINTER, empty="", ragged=TEXTS[26] + "1,2,3,4,5,6,7,8\n"
    )
    code, found = user.json("check")
    by_path = {item["path"].removeprefix(f"{STORE}/"): item for item in found["datasets"]}
    assert (code, found["bad"]) == (3, 3)
    assert by_path["copy.csv"]["reason"] == f"has the same content as '{STORE}/00.csv'"
    assert [by_path[f"{name}.csv"]["verdict"] for name in ("one", "two")] == ["good", "copy"]
    assert "is a Git LFS pointer" in by_path["pointer.csv"]["reason"]
    assert by_path["ragged.csv"]["line"] == len(TEXTS[26].splitlines()) + 1


def test_every_file_can_be_bad(user, tmp_path):
    new = make_repository(tmp_path / "new")
    new.write({f"{STORE}/{n}.csv": text for n, text in enumerate(["", "\0\1", "a,b\n"])})
    assert set(user.verdicts(at=new.path).values()) == {"bad"}


def test_a_rule_that_no_dataset_keeps_makes_each_of_them_bad(user):
    user.write(good=TEXTS[25])
    user.workspace.write({"ml-auto-update.toml": "[contract.hours_studied]\nmax = 0.0001\n"})
    assert user.verdicts() == {"good.csv": "bad"}
    assert "more than max" in user.run("check")[1]


def test_with_rows_as_unit_a_bad_row_is_reported(user):
    user.write(bad=with_word(TEXTS[25]), good=TEXTS[26])
    assert user.verdicts("--unit", "rows") == {"bad.csv": "bad", "good.csv": "good"}
    assert user.json("check", "--unit", "rows")[1]["contract"].startswith("what every row must be")


def test_with_rows_as_unit_a_file_with_a_bad_row_counts(user):
    user.remember(make_attempt())
    user.write(bad=with_word(TEXTS[25]), worse="a,b\n1,2\n", loose=with_word(TEXTS[26]))
    user.git.run("add", f"{STORE}/bad.csv", f"{STORE}/worse.csv")
    user.git.run("commit", "-q", "-m", "x")
    code, output = user.run("explain", f"{STORE}/bad.csv", "--unit", "rows", "--json")
    found = json.loads(output)
    assert (code, found["counts"]) == (0, True)
    assert found["reason"].startswith("is new and good but for bad rows, which are left out: it holds text ('many')")
    assert found["facts"]["holdout"] == "decided for each row by its content"
    assert "is new and bad: it lacks" in user.run("explain", f"{STORE}/worse.csv", "--unit", "rows")[1]
    assert "it would be good but for bad rows" in user.run("explain", f"{STORE}/loose.csv", "--unit", "rows")[1]


def test_a_file_with_none_of_the_columns_is_explained(user):
    user.write(other="a,b\n1,2\n")
    found = user.why(f"{STORE}/other.csv")
    assert "it lacks the column 'score'" in found["reason"]
    assert len(found["finding"]["more"]) == 4


def test_a_data_path_that_looks_like_a_pathspec_is_taken_literally(user):
    assert user.run("check", "--data-path", ":(glob)data")[0] == 0


def test_a_reason_that_is_a_question_ends_with_a_question_mark(user):
    cells = [row.split(",") for row in TEXTS[25].splitlines()]
    minutes = [cells[0], *([str(float(first) * 60), *others] for first, *others in cells[1:])]
    user.write(bad="".join(",".join(row) + "\n" for row in minutes))
    output = " ".join(user.run("explain", f"{STORE}/bad.csv")[1].split())
    assert "or cents? blob id" in output


def test_the_contract_is_learned_from_the_old_datasets_or_is_missing(user, tmp_path):
    user.write(good=TEXTS[25])
    assert user.json("check")[1]["contract"] == "the 25 datasets that are there already"
    few = User(tmp_path / "few", user.capsys, files=3)
    few.write(good=TEXTS[25])
    assert few.json("check")[1]["contract"].startswith("no contract yet, which takes 20 datasets")
    fresh = make_repository(tmp_path / "fresh")
    fresh.write({f"{STORE}/{n}.csv": text for n, text in enumerate(TEXTS)})
    assert user.json("check", at=fresh.path)[1]["contract"] == "this very batch, 30 datasets"


def test_the_report_of_check(user):
    user.write(good=TEXTS[25], bad=with_word(TEXTS[26]))
    code, output = user.run("check")
    assert code == 3
    (row,) = [row for row in output.splitlines() if "bad.csv" in row]
    path, line, mark, reason = (cell.strip() for cell in row.split("│")[1:-1])
    assert (path, line, mark) == (f"{STORE}/bad.csv", "2", "bad")
    assert reason == "holds text ('many') in the column 'hours_studied', where numbers belong"
    assert "❌ 1 of 2 datasets is bad\n   next: correct the file" in output


def test_only_the_first_good_ones_are_listed(user):
    user.workspace.write({f"{STORE}/new-{n}.csv": f"{TEXTS[25]}{n},8,0.9,town,60\n" for n in range(60)})
    code, output = user.run("check", "--contract", '{"hours_studied": {"check": false}}')
    assert ("… and" in output) == (output.count("good") > 50)
    assert code in (0, 3)


# --- why a file counts, or not -----------------------------------------------------------------------------


def test_the_explanation_follows_a_new_file_to_the_base_branch(user):
    user.remember(make_attempt())
    path = f"{STORE}/new.csv"
    user.write(new=TEXTS[25])
    found = user.why(path)
    assert (found["counts"], found["reason"]) == (False, "is not committed; it would be new and good")
    assert found["facts"]["this branch"] == "not committed"
    assert found["next"].startswith("git add it")
    user.git.run("checkout", "-q", "-b", "more")
    user.workspace.commit()
    found = user.why(path)
    assert (found["counts"], found["next"]) == (True, "merge this branch")
    assert found["facts"]["base branch"] == "does not have it"
    user.git.run("branch", "-q", "-f", "main", "HEAD")
    found = user.why(path)
    assert found["reason"] == "is new and good: it counts; 1 new dataset is here, 200 start a training"
    assert found["facts"]["blob id"] == user.git.line("rev-parse", f"HEAD:{path}")
    assert found["facts"]["holdout"].startswith(("yes: no version is ever trained on it", "no: "))
    user.write(new=TEXTS[26])
    assert user.why(path)["reason"].startswith("was edited and not committed")
    user.write(new=None)
    assert user.why(path)["facts"]["this branch"] == "committed, deleted in the working tree"


def test_a_counted_renamed_copied_or_removed_file_is_explained(user):
    user.remember(make_attempt(id="A1", time=TIME))
    user.git.run("mv", f"{STORE}/00.csv", f"{STORE}/renamed.csv")
    user.workspace.commit({f"{STORE}/copied.csv": TEXTS[1], f"{STORE}/02.csv": None})
    seen = f"the last attempt saw it (A1, {TIME})"
    assert user.why(f"{STORE}/03.csv")["reason"] == f"was counted already: {seen}"
    assert user.why(f"{STORE}/renamed.csv")["reason"].startswith(f"was renamed from '{STORE}/00.csv'")
    assert user.why(f"{STORE}/copied.csv")["reason"].startswith(f"is a copy of '{STORE}/01.csv'")
    assert user.why(f"{STORE}/02.csv")["reason"].startswith("was removed")


def test_a_file_that_was_set_aside_is_explained_with_date_and_line(user):
    blob = user.git.line("rev-parse", f"HEAD:{STORE}/04.csv")
    user.remember(make_attempt(), set_aside=(RejectedDataset(f"{STORE}/04.csv", blob, "holds text", 7),))
    found = user.why(f"{STORE}/04.csv")
    assert found["reason"] == "was set aside on 2026-03-01: it holds text (line 7)"
    assert found["next"] == "correct it: a corrected file counts as new"


def test_bad_files_and_copies_are_explained(user):
    rows = TEXTS[0].splitlines()
    turned = "\n".join([rows[0], *reversed(rows[1:])]) + "\n"
    user.remember(make_attempt())
    user.workspace.commit({f"{STORE}/bad.csv": with_word(TEXTS[25]), f"{STORE}/twin.csv": turned})
    found = user.why(f"{STORE}/bad.csv")
    assert found["reason"].startswith("is new and bad: it holds text ('many')")
    assert found["reason"].endswith("(line 2)")
    assert found["finding"]["verdict"] == "bad"
    assert user.why(f"{STORE}/twin.csv")["reason"] == f"is a copy: it holds the same rows as {STORE}/00.csv"


def test_the_explanation_lists_every_finding(user):
    head, *rows = with_word(TEXTS[25]).splitlines()
    cells = [row.split(",") for row in rows]
    scaled = [",".join([*row[:1], str(float(row[1]) * 1000), *row[2:4], "inf"]) for row in cells]
    user.write(bad="\n".join([head, *scaled]) + "\n")
    found = user.why(f"{STORE}/bad.csv")
    text = " ".join([found["finding"]["reason"], *found["finding"]["more"]])
    assert len(found["finding"]["more"]) >= 2
    for words in ("holds text ('many')", "infinite number in the column 'score'", "'sleep_hours'"):
        assert text.count(words) == 1, text
    assert "also" in user.run("explain", f"{STORE}/bad.csv")[1]


def test_a_missing_column_causes_no_other_findings(user):
    rows = [row.rpartition(",")[0] for row in TEXTS[25].splitlines()]
    user.write(bad="\n".join(rows) + "\n")
    user.workspace.write(
        {"ml-auto-update.toml": "[contract.attendance]\ncheck = false\n[contract.school]\nmissing = 0.5\n"}
    )
    found = user.why(f"{STORE}/bad.csv")["finding"]
    assert found["reason"].startswith("lacks the column 'score'")
    assert found["more"] == []


def test_files_that_are_no_datasets_are_explained(user):
    (user.path / STORE / "link.csv").symlink_to("00.csv")
    user.workspace.write({"x.csv": "a\n", ".gitignore": "hidden.csv\n", f"{STORE}/note.txt": "x"})
    user.write(hidden=with_word(TEXTS[25]), pointer=POINTER)
    assert user.why(f"{STORE}/link.csv")["reason"].startswith("is a symbolic link")
    assert user.why("x.csv")["reason"] == "does not lie where datasets arrive: data-path is data/new_data"
    assert user.why(f"{STORE}/note.txt")["reason"].startswith("is not named as a dataset")
    found = user.why(f"{STORE}/hidden.csv")
    assert found["reason"].startswith("is ignored by git (.gitignore:1:hidden.csv); it would be bad: it holds text")
    assert found["next"].startswith("correct the file")
    assert user.why(f"{STORE}/pointer.csv")["reason"].startswith("is a Git LFS pointer")
    assert user.run("explain", STORE)[0] == 3


def test_untracked_files_count_with_the_setting(user):
    user.write(loose=TEXTS[25])
    assert user.why(f"{STORE}/loose.csv")["counts"] is False
    code, found = user.json("explain", f"{STORE}/loose.csv", "--untracked", "true")
    assert (code, found["counts"]) == (0, True)


def test_the_report_of_explain(user):
    code, output = user.run("explain", f"{STORE}/00.csv")
    assert code == 0
    assert output.startswith("reading datasets")
    assert f"{STORE}/00.csv is new and good" in output
    assert "decided with the first training" in output
    assert "   next: " in output


# --- the report ---------------------------------------------------------------------------------------------


def findings(*statuses):
    return tuple(
        DatasetFinding(f"{n}.csv", str(n), status, "why" if status is not FindingStatus.GOOD else "")
        for n, status in enumerate(statuses)
    )


@pytest.mark.parametrize(
    ("statuses", "text"),
    [
        ((), "no dataset to judge"),
        ((FindingStatus.GOOD,), "1 dataset is good"),
        ((FindingStatus.GOOD, FindingStatus.GOOD, FindingStatus.COPY), "2 datasets are good, 1 is a copy"),
        ((FindingStatus.BAD,), "1 of 1 dataset is bad"),
        ((FindingStatus.BAD, FindingStatus.BAD, FindingStatus.COPY), "2 of 3 datasets are bad, 1 is a copy"),
        ((FindingStatus.COPY, FindingStatus.COPY), "nothing new: 2 datasets are a copy of what is there"),
    ],
)
def test_the_sentence_counts_good_and_bad_datasets_and_copies(statuses, text):
    assert report.sentence(Inspection(findings(*statuses))) == text


def test_a_comment_is_no_longer_than_github_allows():
    rng = random.Random(1)  # noqa: S311  texts, no secret
    long = tuple(
        DatasetFinding("|`<" * 90, str(n), FindingStatus.BAD, "".join(rng.choices("*_[]()<>&|@#", k=900)), n)
        for n in range(300)
    )
    text = report.comment(Inspection(long, "x"), "a" * 40, "https://github.com/o/r/actions/runs/1")
    assert len(text) < 65_000
    assert "… and 260 more" in text or text.endswith(report.CUT)


def test_a_comment_shows_drift_only_if_a_column_drifted():
    still, moved = ColumnDrift("hours", 0.1, 0.0, False), ColumnDrift("sleep", 0.5, 0.4, True)
    assert "Drift" not in report.comment(Inspection(findings(FindingStatus.GOOD), "x", (still,)), "", "")
    assert "drifted" in report.comment(Inspection(findings(FindingStatus.GOOD), "x", (moved, still)), "", "")
