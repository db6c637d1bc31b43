"""Datasets of a working tree: what is at hand, how each is judged, and why a file counts or not."""

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
def person(tmp_path, capsys, monkeypatch):
    """Somebody in a repository with 25 datasets on main."""
    monkeypatch.setenv("COLUMNS", "240")
    return Person(tmp_path, capsys)


class Person:
    def __init__(self, tmp_path, capsys, files=25):
        self.tmp_path, self.capsys = tmp_path, capsys
        committed = {f"{STORE}/{n:02}.csv": text for n, text in enumerate(TEXTS[:files])}
        self.workspace = make_repository(tmp_path / "w", committed | {"readme": "x"})
        self.git = self.workspace.git

    @property
    def path(self):
        return self.workspace.path

    def write(self, **files):
        """Datasets by name, in the data path."""
        self.workspace.write({f"{STORE}/{name}.csv": text for name, text in files.items()})

    def types(self, *arguments, at=None, **environ):
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.tmp_path), "COLUMNS": "240"} | environ
        code = cli.main(["data", *arguments, "--workspace", str(at or self.path)], environ)
        return code, self.capsys.readouterr().out

    def json(self, *arguments, **given):
        code, said = self.types(*arguments, "--json", **given)
        return code, json.loads(said)

    def marks(self, *arguments, **given):
        """Path to verdict of `data check`."""
        code, found = self.json("check", *arguments, **given)
        marks = {item["path"].removeprefix(f"{STORE}/"): item["verdict"] for item in found["datasets"]}
        assert code == (3 if "bad" in marks.values() else 0)
        return marks

    def why(self, path, **given):
        code, found = self.json("explain", path, **given)
        assert code == 0
        return found

    def remember(self, *attempts, set_aside=(), data=""):
        """What the loop would have recorded."""
        scratch = self.tmp_path / f"scratch{len(list(self.tmp_path.iterdir()))}"
        scratch.mkdir()
        borrowed = open_with_own_store(make_git(self.path), str(self.path), scratch)
        state = State("", data or self.workspace.tree(), attempts, set_aside)
        borrowed.push([Push(STATE, "", journal.write(borrowed, state, Counter(0, 200, "", ""), "x", time=TIME))])


def worded(text):
    """A word among the numbers of the first row."""
    head, row, *rest = text.splitlines()
    return "\n".join([head, "many," + row.partition(",")[2], *rest]) + "\n"


# --- which datasets are judged -----------------------------------------------------------------------------


def test_what_is_not_on_the_base_branch_yet_committed_or_not(person):
    person.git.run("checkout", "-q", "-b", "more")
    person.write(committed=TEXTS[25])
    person.workspace.commit()
    person.write(untracked=TEXTS[26], staged=worded(TEXTS[27]), **{"00": TEXTS[28]}, **{"01": None})
    person.git.run("add", f"{STORE}/staged.csv")
    assert person.marks() == {"committed.csv": "good", "untracked.csv": "good", "staged.csv": "bad", "00.csv": "good"}


def test_what_is_no_dataset_or_ignored_is_left_alone(person):
    person.workspace.write({".gitignore": "ignored.csv\n", "elsewhere.csv": "a,b\n", f"{STORE}/note.txt": "x"})
    person.write(ignored=worded(TEXTS[26]), good=TEXTS[25])
    (person.path / STORE / "link.csv").symlink_to("00.csv")
    assert person.marks() == {"good.csv": "good"}


def test_without_anything_new_on_this_branch_those_since_the_last_attempt(person):
    person.remember(make_attempt())
    person.write(later=TEXTS[25])
    person.workspace.commit()
    assert person.marks() == {"later.csv": "good"}
    person.git.run("checkout", "-q", "--detach")
    assert person.marks() == {"later.csv": "good"}


def test_the_servers_base_branch_counts_and_not_our_own_copy_of_it(person):
    person.git.run("update-ref", "refs/remotes/origin/main", "HEAD")
    person.write(unpushed=TEXTS[25])
    person.workspace.commit()
    assert person.marks() == {"unpushed.csv": "good"}
    assert person.types("check", "--base", "nowhere")[0] == 2
    assert "git fetch origin nowhere" in person.types("check", "--base", "nowhere")[1]


def test_what_the_base_branch_got_meanwhile_is_a_reference_and_no_candidate(person):
    person.git.run("checkout", "-q", "-b", "more")
    person.git.run("checkout", "-q", "main")
    person.write(theirs=TEXTS[25])
    person.workspace.commit()
    person.git.run("checkout", "-q", "more")
    rows = TEXTS[25].splitlines()
    person.write(mine="\n".join([rows[0], *reversed(rows[1:])]) + "\n", good=TEXTS[26])
    code, found = person.json("check")
    assert code == 0
    (copy,) = [item for item in found["datasets"] if item["verdict"] == "copy"]
    assert copy["reason"] == f"holds the same rows as {STORE}/theirs.csv"


def test_a_repository_without_a_commit_and_none_at_all(person, tmp_path):
    new = make_repository(tmp_path / "new")
    assert person.types("check", at=new.path)[1].startswith("✅ no dataset to judge")
    new.write({f"{STORE}/a.csv": TEXTS[0], f"{STORE}/b.csv": worded(TEXTS[1]), f"{STORE}/c.csv": TEXTS[2]})
    new.git.run("add", f"{STORE}/a.csv")
    assert person.marks(at=new.path) == {"a.csv": "good", "b.csv": "bad", "c.csv": "good"}
    assert person.why(f"{STORE}/a.csv", at=new.path)["reason"] == "is not committed; it would be new and good"
    (tmp_path / "none").mkdir()
    code, said = person.types("check", at=tmp_path / "none")
    assert (code, "is not a git repository" in said) == (4, True)


def test_paths_are_files_or_folders_from_where_a_person_stands(person):
    person.workspace.write({f"{STORE}/a/x.csv": TEXTS[25], f"{STORE}/a/y.csv": worded(TEXTS[26]), "z.csv": TEXTS[27]})
    assert person.marks(f"{STORE}/a") == {"a/x.csv": "good", "a/y.csv": "bad"}
    assert person.marks("a/x.csv", at=person.path / STORE) == {"a/x.csv": "good"}
    assert person.marks("z.csv", "z.csv", str(person.path / "z.csv")) == {"z.csv": "good"}
    assert person.marks(f"{STORE}/00.csv") == {"00.csv": "good"}
    assert person.marks("empty", at=person.path / STORE) == {} if (person.path / STORE / "empty").mkdir() else True


@pytest.mark.parametrize(
    ("name", "words"),
    [("nowhere.csv", "there is no file"), ("../x.csv", "outside of the repository"), ("/etc/passwd", "outside")],
)
@pytest.mark.parametrize("verb", ["check", "explain"])
def test_a_path_that_is_none_of_ours_is_told(person, verb, name, words):
    code, said = person.types(verb, name)
    assert code == 3
    assert words in said


def test_on_a_runner_without_a_token_it_works_all_the_same(person):
    person.write(good=TEXTS[25])
    given = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "o/r"}
    assert person.types("check", **given)[0] == 0


# --- how they are judged -----------------------------------------------------------------------------------


def test_copies_pointers_and_unreadable_files(person):
    person.write(
        copy=TEXTS[0], one=TEXTS[25], two=TEXTS[25], pointer=POINTER, empty="", ragged=TEXTS[26] + "1,2,3,4,5,6,7,8\n"
    )
    code, found = person.json("check")
    told = {item["path"].removeprefix(f"{STORE}/"): item for item in found["datasets"]}
    assert (code, found["bad"]) == (3, 3)
    assert told["copy.csv"]["reason"] == f"has the same content as '{STORE}/00.csv'"
    assert [told[f"{name}.csv"]["verdict"] for name in ("one", "two")] == ["good", "copy"]
    assert "is a Git LFS pointer" in told["pointer.csv"]["reason"]
    assert told["ragged.csv"]["line"] == len(TEXTS[26].splitlines()) + 1


def test_every_file_bad_and_nothing_else_at_hand(person, tmp_path):
    new = make_repository(tmp_path / "new")
    new.write({f"{STORE}/{n}.csv": text for n, text in enumerate(["", "\0\1", "a,b\n"])})
    assert set(person.marks(at=new.path).values()) == {"bad"}


def test_a_rule_that_no_dataset_keeps_is_told_of_each(person):
    person.write(good=TEXTS[25])
    person.workspace.write({"ml-auto-update.toml": "[contract.hours_studied]\nmax = 0.0001\n"})
    assert person.marks() == {"good.csv": "bad"}
    assert "more than max" in person.types("check")[1]


def test_a_bad_row_is_told_where_rows_are_the_unit(person):
    person.write(bad=worded(TEXTS[25]), good=TEXTS[26])
    assert person.marks("--unit", "rows") == {"bad.csv": "bad", "good.csv": "good"}
    assert person.json("check", "--unit", "rows")[1]["contract"].startswith("what every row must be")


def test_a_file_with_a_bad_row_counts_where_rows_are_the_unit(person):
    person.remember(make_attempt())
    person.write(bad=worded(TEXTS[25]), worse="a,b\n1,2\n", loose=worded(TEXTS[26]))
    person.git.run("add", f"{STORE}/bad.csv", f"{STORE}/worse.csv")
    person.git.run("commit", "-q", "-m", "x")
    code, said = person.types("explain", f"{STORE}/bad.csv", "--unit", "rows", "--json")
    told = json.loads(said)
    assert (code, told["counts"]) == (0, True)
    assert told["reason"].startswith("is new and good but for bad rows, which are left out: it holds text ('many')")
    assert told["facts"]["holdout"] == "decided for each row by its content"
    assert "is new and bad: it lacks" in person.types("explain", f"{STORE}/worse.csv", "--unit", "rows")[1]
    assert "it would be good but for bad rows" in person.types("explain", f"{STORE}/loose.csv", "--unit", "rows")[1]


def test_a_file_with_none_of_the_columns_is_explained(person):
    person.write(other="a,b\n1,2\n")
    told = person.why(f"{STORE}/other.csv")
    assert "it lacks the column 'score'" in told["reason"]
    assert len(told["finding"]["more"]) == 4


def test_a_data_path_that_looks_like_a_pathspec_is_a_name(person):
    assert person.types("check", "--data-path", ":(glob)data")[0] == 0


def test_a_reason_that_asks_ends_as_a_question(person):
    cells = [row.split(",") for row in TEXTS[25].splitlines()]
    minutes = [cells[0], *([str(float(first) * 60), *others] for first, *others in cells[1:])]
    person.write(bad="".join(",".join(row) + "\n" for row in minutes))
    said = " ".join(person.types("explain", f"{STORE}/bad.csv")[1].split())
    assert "or cents? blob id" in said


def test_the_contract_may_come_from_the_old_ones_or_be_none_yet(person, tmp_path):
    person.write(good=TEXTS[25])
    assert person.json("check")[1]["contract"] == "the 25 datasets that are there already"
    few = Person(tmp_path / "few", person.capsys, files=3)
    few.write(good=TEXTS[25])
    assert few.json("check")[1]["contract"].startswith("no contract yet, which takes 20 datasets")
    fresh = make_repository(tmp_path / "fresh")
    fresh.write({f"{STORE}/{n}.csv": text for n, text in enumerate(TEXTS)})
    assert person.json("check", at=fresh.path)[1]["contract"] == "this very batch, 30 datasets"


def test_the_table_for_a_person(person):
    person.write(good=TEXTS[25], bad=worded(TEXTS[26]))
    code, said = person.types("check")
    assert code == 3
    (row,) = [row for row in said.splitlines() if "bad.csv" in row]
    path, line, mark, reason = (cell.strip() for cell in row.split("│")[1:-1])
    assert (path, line, mark) == (f"{STORE}/bad.csv", "2", "bad")
    assert reason == "holds text ('many') in the column 'hours_studied', where most datasets hold numbers"
    assert "❌ 1 of 2 datasets is bad\n   next: correct the file" in said


def test_only_the_first_good_ones_are_listed(person):
    person.workspace.write({f"{STORE}/new-{n}.csv": f"{TEXTS[25]}{n},8,0.9,town,60\n" for n in range(60)})
    code, said = person.types("check", "--contract", '{"hours_studied": {"check": false}}')
    assert ("… and" in said) == (said.count("good") > 50)
    assert code in (0, 3)


# --- why a file counts, or not -----------------------------------------------------------------------------


def test_a_new_file_on_its_way(person):
    person.remember(make_attempt())
    found = f"{STORE}/new.csv"
    person.write(new=TEXTS[25])
    told = person.why(found)
    assert (told["counts"], told["reason"]) == (False, "is not committed; it would be new and good")
    assert told["facts"]["this branch"] == "not committed"
    assert told["next"].startswith("git add it")
    person.git.run("checkout", "-q", "-b", "more")
    person.workspace.commit()
    told = person.why(found)
    assert (told["counts"], told["next"]) == (True, "merge this branch")
    assert told["facts"]["base branch"] == "does not have it"
    person.git.run("branch", "-q", "-f", "main", "HEAD")
    told = person.why(found)
    assert told["reason"] == "is new and good: it counts; 1 new dataset is here, 200 start a training"
    assert told["facts"]["blob id"] == person.git.line("rev-parse", f"HEAD:{found}")
    assert told["facts"]["holdout"].startswith(("yes: no version is ever trained on it", "no: "))
    person.write(new=TEXTS[26])
    assert person.why(found)["reason"].startswith("was edited and not committed")
    person.write(new=None)
    assert person.why(found)["facts"]["this branch"] == "committed, deleted in the working tree"


def test_what_was_counted_renamed_copied_or_removed(person):
    person.remember(make_attempt(id="A1", time=TIME))
    person.git.run("mv", f"{STORE}/00.csv", f"{STORE}/renamed.csv")
    person.workspace.commit({f"{STORE}/copied.csv": TEXTS[1], f"{STORE}/02.csv": None})
    seen = f"the last attempt saw it (A1, {TIME})"
    assert person.why(f"{STORE}/03.csv")["reason"] == f"was counted already: {seen}"
    assert person.why(f"{STORE}/renamed.csv")["reason"].startswith(f"was renamed from '{STORE}/00.csv'")
    assert person.why(f"{STORE}/copied.csv")["reason"].startswith(f"is a copy of '{STORE}/01.csv'")
    assert person.why(f"{STORE}/02.csv")["reason"].startswith("was removed")


def test_what_was_set_aside_says_when_why_and_where(person):
    blob = person.git.line("rev-parse", f"HEAD:{STORE}/04.csv")
    person.remember(make_attempt(), set_aside=(RejectedDataset(f"{STORE}/04.csv", blob, "holds text", 7),))
    told = person.why(f"{STORE}/04.csv")
    assert told["reason"] == "was set aside on 2026-03-01: it holds text (line 7)"
    assert told["next"] == "correct it: a corrected file counts as new"


def test_what_is_bad_or_a_copy_in_other_words(person):
    rows = TEXTS[0].splitlines()
    turned = "\n".join([rows[0], *reversed(rows[1:])]) + "\n"
    person.remember(make_attempt())
    person.workspace.commit({f"{STORE}/bad.csv": worded(TEXTS[25]), f"{STORE}/twin.csv": turned})
    told = person.why(f"{STORE}/bad.csv")
    assert told["reason"].startswith("is new and bad: it holds text ('many')")
    assert told["reason"].endswith("(line 2)")
    assert told["finding"]["verdict"] == "bad"
    assert person.why(f"{STORE}/twin.csv")["reason"] == f"is a copy: it holds the same rows as {STORE}/00.csv"


def test_every_finding_is_told_to_the_one_who_is_to_mend_the_file(person):
    head, *rows = worded(TEXTS[25]).splitlines()
    cells = [row.split(",") for row in rows]
    scaled = [",".join([*row[:1], str(float(row[1]) * 1000), *row[2:4], "inf"]) for row in cells]
    person.write(bad="\n".join([head, *scaled]) + "\n")
    told = person.why(f"{STORE}/bad.csv")
    found = " ".join([told["finding"]["reason"], *told["finding"]["more"]])
    assert len(told["finding"]["more"]) >= 2
    for words in ("holds text ('many')", "infinite number in the column 'score'", "'sleep_hours'"):
        assert found.count(words) == 1, found
    assert "also" in person.types("explain", f"{STORE}/bad.csv")[1]


def test_where_a_column_is_missing_nothing_else_is_made_up(person):
    rows = [row.rpartition(",")[0] for row in TEXTS[25].splitlines()]
    person.write(bad="\n".join(rows) + "\n")
    person.workspace.write(
        {"ml-auto-update.toml": "[contract.attendance]\ncheck = false\n[contract.school]\nmissing = 0.5\n"}
    )
    told = person.why(f"{STORE}/bad.csv")["finding"]
    assert told["reason"].startswith("lacks the column 'score'")
    assert told["more"] == []


def test_what_is_no_dataset(person):
    (person.path / STORE / "link.csv").symlink_to("00.csv")
    person.workspace.write({"x.csv": "a\n", ".gitignore": "hidden.csv\n", f"{STORE}/note.txt": "x"})
    person.write(hidden=worded(TEXTS[25]), pointer=POINTER)
    assert person.why(f"{STORE}/link.csv")["reason"].startswith("is a symbolic link")
    assert person.why("x.csv")["reason"] == "does not lie where datasets arrive: data-path is data/new_data"
    assert person.why(f"{STORE}/note.txt")["reason"].startswith("is not named as a dataset")
    told = person.why(f"{STORE}/hidden.csv")
    assert told["reason"].startswith("is ignored by git (.gitignore:1:hidden.csv); it would be bad: it holds text")
    assert told["next"].startswith("correct the file")
    assert person.why(f"{STORE}/pointer.csv")["reason"].startswith("is a Git LFS pointer")
    assert person.types("explain", STORE)[0] == 3


def test_untracked_files_count_where_the_setting_says_so(person):
    person.write(loose=TEXTS[25])
    assert person.why(f"{STORE}/loose.csv")["counts"] is False
    code, told = person.json("explain", f"{STORE}/loose.csv", "--untracked", "true")
    assert (code, told["counts"]) == (0, True)


def test_the_explanation_for_a_person(person):
    code, said = person.types("explain", f"{STORE}/00.csv")
    assert code == 0
    assert said.startswith("reading datasets")
    assert f"{STORE}/00.csv is new and good" in said
    assert "decided with the first training" in said
    assert "   next: " in said


# --- what is said ------------------------------------------------------------------------------------------


def findings(*marks):
    return tuple(
        DatasetFinding(f"{n}.csv", str(n), mark, "why" if mark is not FindingStatus.GOOD else "")
        for n, mark in enumerate(marks)
    )


@pytest.mark.parametrize(
    ("marks", "text"),
    [
        ((), "no dataset to judge"),
        ((FindingStatus.GOOD,), "1 dataset is good"),
        ((FindingStatus.GOOD, FindingStatus.GOOD, FindingStatus.COPY), "2 datasets are good, 1 is a copy"),
        ((FindingStatus.BAD,), "1 of 1 dataset is bad"),
        ((FindingStatus.BAD, FindingStatus.BAD, FindingStatus.COPY), "2 of 3 datasets are bad, 1 is a copy"),
        ((FindingStatus.COPY, FindingStatus.COPY), "nothing new: 2 datasets are a copy of what is there"),
    ],
)
def test_the_sentence(marks, text):
    assert report.sentence(Inspection(findings(*marks))) == text


def test_a_comment_stays_within_what_github_takes():
    rng = random.Random(1)  # noqa: S311  texts, no secret
    long = tuple(
        DatasetFinding("|`<" * 90, str(n), FindingStatus.BAD, "".join(rng.choices("*_[]()<>&|@#", k=900)), n)
        for n in range(300)
    )
    text = report.comment(Inspection(long, "x"), "a" * 40, "https://github.com/o/r/actions/runs/1")
    assert len(text) < 65_000
    assert "… and 260 more" in text or text.endswith(report.CUT)


def test_a_comment_shows_drift_only_where_there_is_some():
    still, moved = ColumnDrift("hours", 0.1, 0.0, False), ColumnDrift("sleep", 0.5, 0.4, True)
    assert "Drift" not in report.comment(Inspection(findings(FindingStatus.GOOD), "x", (still,)), "", "")
    assert "drifted" in report.comment(Inspection(findings(FindingStatus.GOOD), "x", (moved, still)), "", "")
