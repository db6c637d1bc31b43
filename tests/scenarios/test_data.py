"""Datasets judged before they are merged: on pull requests by the Action, in a working tree by a person."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.world import PULLS, STORE, Run, World, drifted, fingerprint_of_folder, in_process, noise, steady

BRANCH = "more-data"
MARKER = "<!-- ml-auto-update data model -->"
MAY_COMMENT = {"contents": "read", "pull-requests": "write"}
MAY_READ = {"contents": "read", "pull-requests": "read"}
EVIL = "x|<img src=e>@octo-x #1 `[a](e.x)`.csv"


def broken(text: str) -> str:
    """A word among the numbers of the second row."""
    rows = text.splitlines()
    rows[2] = "many," + rows[2].partition(",")[2]
    return "\n".join(rows) + "\n"


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file with its bytes. Times aside: git freshens that of a pack that it meets in a fetch."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Contributor:
    """An author with a branch and a pull request, and the runner that judges its datasets."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.git.run("update-ref", f"refs/heads/{BRANCH}", world.tip("main"))

    def push(self, files: dict[str, str | bytes | None], moves: dict[str, str] | None = None) -> None:
        named = ((f"{STORE}/{name}" if name.endswith(".csv") and "/" not in name else name) for name in files)
        self.world.commit(dict(zip(named, files.values(), strict=True)), BRANCH, moves=moves)

    def open(self) -> None:
        ada = self.world.person()
        self.world.api(ada, "POST", PULLS, title="More data", body="", head=BRANCH, base="main")

    def merged(self) -> str:
        """The commit that the runner checks out: GitHub's trial merge."""
        git, base, head = self.world.git, self.world.tip("main"), self.world.tip(BRANCH)
        tree = git.line("merge-tree", "--write-tree", base, head)
        commit = git.line("commit-tree", tree, "-p", base, "-p", head, "-m", "Merge")
        git.run("update-ref", "refs/pull/1/merge", commit)
        return commit

    def check(self, permissions: dict[str, str] = MAY_COMMENT, *, fork: bool = False, **given: str) -> Run:
        """The workflow's job for the pull request's last push."""
        world = self.world
        bot = world.here.hub.add_account("github-actions", kind="actions", permissions=permissions)
        pull = {
            "number": 1, "html_url": f"{world.here.hub.url}/octo/students/pull/1", "base": {"ref": "main"},
            "head": {"sha": world.tip(BRANCH), "repo": None if fork else {"full_name": "octo/students"}},
        }  # fmt: skip
        world.exchanges.clear()
        job = world.job(commit=self.merged(), mode="data", token=bot.token, approver_token="", **given)
        event = {"repository": {"default_branch": "main"}, "pull_request": pull}
        (job.files / "event.json").write_text(json.dumps(event))
        environ = job.environ | {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/1/merge"}
        before = contents(job.workspace)
        run = job.result(*in_process(environ))
        shutil.rmtree(job.workspace / ".ml-auto-update")
        assert contents(job.workspace) == before
        world.audit(job, run)
        assert bot.token not in run.summary + run.log.replace(f"::add-mask::{bot.token}\n", "")
        assert all(bot.token not in comment for comment in self.comments)
        return run

    @property
    def comments(self) -> list[str]:
        return [comment.body for comment in self.world.pull.comments]


@pytest.fixture
def ada(production: World) -> Contributor:
    return Contributor(production)


# --- on a pull request -------------------------------------------------------------------------------------


def test_one_comment_that_a_corrected_push_edits(ada: Contributor) -> None:
    good = drifted(3, 8)
    ada.push({"a.csv": good[0], "b.csv": broken(good[1]), "c.csv": good[2]})
    ada.open()
    state = ada.world.state.commit
    run = ada.check()
    assert (run.code, run.decision, run.outputs["count"], run.outputs["quarantined"]) == (3, "failed", "3", "1")
    assert run.outputs["reason"] == "1 of 3 datasets is bad"
    assert (run.outputs["ready"], run.outputs["pr-number"]) == ("false", "1")
    assert f"::error file={STORE}/b.csv,line=3::bad dataset: holds text ('many')" in run.log
    assert "❌ failed: 1 of 3 datasets is bad" in run.log
    (comment,) = ada.comments
    assert comment.startswith(f"{MARKER}\n### ❌ Datasets: 1 of 3 datasets is bad\n")
    assert f"| ❌ bad | `{STORE}/b.csv` | 3 | holds text" in comment
    assert "a.csv" not in comment
    assert "Judged against the data of champion v1" in comment.replace("\\", "")
    assert "/actions/runs/7" in comment
    assert ada.world.pull.comments[0].user.login == "github-actions[bot]"

    ada.push({"b.csv": good[1]})
    again = ada.check()
    assert (again.code, again.decision, again.outputs["quarantined"]) == (0, "ready", "0")
    (comment,) = ada.comments
    assert comment.startswith(f"{MARKER}\n### ✅ Datasets: 3 datasets are good\n")
    assert "PATCH" in " ".join(ada.world.calls)
    assert ada.world.state.commit == state, "judging records nothing"
    assert ada.world.versions == ["v1"]


def test_a_pull_request_with_bad_files_only_gets_a_verdict_and_no_failure(ada: Contributor) -> None:
    """max-quarantine stops the loop when a source is broken; here each file is judged."""
    ada.push({f"{n}.csv": broken(text) for n, text in enumerate(drifted(9, 8))})
    ada.open()
    run = ada.check()
    assert (run.code, run.outputs["reason"], run.outputs["quarantined"]) == (3, "9 of 9 datasets are bad", "9")
    assert run.summary.count("holds text") == ada.comments[0].count("holds text") == 9


def test_a_token_that_may_only_read_is_a_note(ada: Contributor) -> None:
    ada.push({"a.csv": broken(drifted(1, 8)[0])})
    ada.open()
    run = ada.check(MAY_READ, fork=True)
    assert (run.code, run.decision) == (3, "failed")
    assert (
        "no comment: the workflow's token may only read, since the pull request comes from a fork" in run.plain_summary
    )
    assert "holds text" in run.plain_summary
    assert ada.comments == []
    run = ada.check(MAY_READ)
    assert (run.code, run.decision) == (3, "failed")
    assert "add `pull-requests: write` under `permissions:`" in run.plain_summary
    assert ada.comments == []


def test_a_pull_request_without_datasets_gets_no_comment_and_an_earlier_one_is_edited(ada: Contributor) -> None:
    ada.push({"docs/note.md": "x"})
    ada.open()
    run = ada.check()
    assert (run.code, run.decision, run.outputs["count"]) == (0, "waiting", "0")
    assert ada.comments == []

    ada.push({"a.csv": broken(drifted(1, 8)[0])})
    ada.check()
    ada.push({"a.csv": None})
    assert ada.check().code == 0
    (comment,) = ada.comments
    assert "This pull request no longer adds or changes a dataset." in comment


def test_people_who_quote_the_comment_keep_their_words(ada: Contributor) -> None:
    ada.push({"a.csv": drifted(1, 8)[0]})
    ada.open()
    quote = f"{MARKER}\nmy own words"
    ada.world.api(ada.world.person(), "POST", "/repos/octo/students/issues/1/comments", body=quote)
    for _ in range(2):
        assert ada.check().code == 0
    assert len(ada.comments) == 2
    assert ada.comments[0] == quote
    assert "1 dataset is good" in ada.comments[1]


def test_hostile_names_and_cells_are_text(ada: Contributor) -> None:
    head, row, *rest = drifted(1, 8)[0].splitlines()
    cell = "<script>@octo/all</script>|::error::x"
    bad = "\n".join([head, cell + "," + row.partition(",")[2], *rest]) + "\n"
    ada.push({EVIL: bad})
    ada.open()
    assert ada.check().code == 3
    (comment,) = ada.comments
    assert "<script>" not in comment
    assert "@octo/all" not in comment
    (span,) = re.findall(r"\| (`[^`]*`) \| 2 \|", comment)
    assert span == f"`{STORE}/{EVIL}`".replace("|", "¦").replace("#1 `[a](e.x)`", "#1 \u02cb[a](e.x)\u02cb")
    assert len([line for line in comment.splitlines() if line.startswith("| ❌")]) == 1


def test_datasets_merged_into_the_base_meanwhile_are_not_counted_for_the_pull_request(ada: Contributor) -> None:
    ada.push({"a.csv": drifted(1, 8)[0]})
    ada.open()
    ada.world.arrive([broken(text) for text in drifted(3, 9)])
    run = ada.check()
    assert (run.code, run.outputs["count"]) == (0, "1")


def test_merged_files_that_nothing_judged_do_not_define_what_is_usual(ada: Contributor) -> None:
    """Files of copied rows that were merged unseen say nothing of what is usual."""
    old = [ada.world.read(f"{STORE}/batch-1-{n:03}.csv").decode() for n in range(7)]
    ada.world.arrive([f"{text}{n},7,0.8,town,60\n" for n, text in enumerate(old[:6])])
    ada.push({"a.csv": old[6] + "9,7,0.8,town,60\n", "b.csv": drifted(1, 8)[0]})
    ada.open()
    run = ada.check()
    assert (run.code, run.outputs["quarantined"]) == (3, "1")
    assert re.search(r"has \d+ of its \d+ rows from", run.plain_summary)


def test_renamed_and_copied_datasets_do_no_harm(ada: Contributor) -> None:
    old = f"{STORE}/batch-1-000.csv"
    ada.push({"again.csv": ada.world.read(f"{STORE}/batch-1-001.csv")}, moves={old: f"{STORE}/renamed.csv"})
    ada.open()
    run = ada.check()
    assert (run.code, run.decision) == (0, "waiting")
    assert run.reason == "nothing new: 2 datasets are a copy of what is there"
    (comment,) = ada.comments
    assert comment.count("👯 copy") == 2
    assert "has the same content as" in comment


def test_an_edited_dataset_is_not_compared_with_its_old_content(ada: Contributor) -> None:
    path = f"{STORE}/batch-1-000.csv"
    ada.push({path: ada.world.read(path).decode() + drifted(1, 8)[0].splitlines()[1] + "\n"})
    ada.open()
    run = ada.check()
    assert (run.code, run.reason) == (0, "1 dataset is good")


def test_drift_of_many_datasets_names_the_columns_that_moved(ada: Contributor) -> None:
    ada.push({f"d{n:02}.csv": text for n, text in enumerate(noise(40, 3))})
    ada.open()
    run = ada.check(drift="0.01")
    assert "drift" in run.outputs
    assert run.code == 0


def test_datasets_that_cannot_be_judged_are_reported_on_the_pull_request(ada: Contributor) -> None:
    ada.push({"a.csv": drifted(1, 8)[0]})
    ada.open()
    run = ada.check(target="nowhere")
    assert (run.code, run.decision) == (3, "failed")
    assert "not judged" in ada.comments[0]
    assert "nowhere" in ada.comments[0]
    assert ada.check().code == 0
    assert "1 dataset is good" in ada.comments[0]


def test_a_first_pull_request_into_a_repository_without_a_champion(empty: World) -> None:
    empty.commit({"readme": "x"})
    ada = Contributor(empty)
    ada.push({f"{n}.csv": text for n, text in enumerate(steady(3, 1))} | {"bad.csv": "1,2\n3\n\n4,5,6\n"})
    ada.open()
    run = ada.check()
    assert (run.code, run.outputs["count"], run.outputs["quarantined"]) == (3, "4", "1")
    assert "no contract yet" in run.plain_summary


def test_the_rules_in_the_pull_requests_settings_file_apply(ada: Contributor) -> None:
    ada.push({"a.csv": drifted(1, 8)[0], "ml-auto-update.toml": "[contract.hours_studied]\nmax = 0.001\n"})
    ada.open()
    run = ada.check()
    assert (run.code, run.outputs["quarantined"]) == (3, "1")
    assert "more than max" in run.plain_summary


@pytest.mark.parametrize(("spoil", "code"), [(False, 0), (True, 3)])
def test_a_required_check_answers_in_the_merge_queue(production: World, spoil: bool, code: int) -> None:
    queue = "gh-readonly-queue/main/pr-1-0123456789abcdef"
    text = drifted(1, 8)[0]
    production.git.run("update-ref", f"refs/heads/{queue}", production.tip("main"))
    production.commit({f"{STORE}/a.csv": broken(text) if spoil else text}, queue)
    job = production.job(commit=production.tip(queue), branch=queue, mode="data", approver_token="")
    (job.files / "event.json").write_text('{"repository": {"default_branch": "main"}, "merge_group": {}}')
    run = job.result(*in_process(job.environ | {"GITHUB_EVENT_NAME": "merge_group"}))
    assert (run.code, run.outputs["count"]) == (code, "1"), run.log


# --- without a pull request --------------------------------------------------------------------------------


def test_on_a_push_it_judges_the_new_datasets_and_writes_no_comment(production: World) -> None:
    production.arrive([*drifted(2, 8), broken(drifted(3, 8)[2])])
    run = production.hour(mode="data")
    assert (run.code, run.reason) == (3, "1 of 3 datasets is bad")
    assert production.calls == []


def test_pull_request_target_is_refused(production: World) -> None:
    job = production.job(mode="data")
    run = job.result(*in_process(job.environ | {"GITHUB_EVENT_NAME": "pull_request_target"}))
    assert run.code == 2
    assert "use `on: pull_request`" in run.plain_summary


# --- by a person -------------------------------------------------------------------------------------------


@pytest.fixture
def clone(production: World, tmp_path: Path) -> Path:
    """A person's clone of a repository with v1 in production."""
    path = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", production.repository.path.as_uri(), str(path)], check=True)
    return path


def types(clone: Path, *arguments: str) -> tuple[int, Any]:
    code, output = in_process(
        {"PATH": "/usr/bin:/bin", "COLUMNS": "200"}, ["data", *arguments, "--workspace", str(clone)]
    )
    return code, json.loads(output) if "--json" in arguments else output


def test_a_person_checks_explains_and_agrees_and_nothing_changes(clone: Path) -> None:
    good = drifted(2, 8)
    (clone / STORE / "good.csv").write_text(good[0])
    (clone / STORE / "bad.csv").write_text(broken(good[1]))
    before = fingerprint_of_folder(clone)
    code, found = types(clone, "check", "--json")
    assert code == 3
    assert {item["path"]: (item["verdict"], item["line"]) for item in found["datasets"]} == {
        f"{STORE}/bad.csv": ("bad", 3), f"{STORE}/good.csv": ("good", 0),
    }  # fmt: skip
    assert found["contract"].startswith("the data of champion v1")
    assert types(clone, "check", str(clone / STORE / "good.csv"))[0] == 0
    code, found = types(clone, "explain", f"{STORE}/batch-1-000.csv", "--json")
    assert (code, found["counts"]) == (0, False)
    assert "the last attempt saw it" in found["reason"]
    code, found = types(clone, "contract", "--json")
    assert (code, found["source"], found["target"]) == (0, "champion v1", "score")
    assert fingerprint_of_folder(clone) == before


def test_labels_in_several_spellings_are_reported_and_read_as_one_where_the_user_wants_it(empty: World) -> None:
    words = {"no": ["no", "No ", "NO"], "yes": ["yes", " Yes", "yes."]}

    def people(n: int) -> str:
        lines = [f"{place}.{n:02},{words['yes' if place > 4 else 'no'][(n + place) % 3]}" for place in range(10)]
        return "\n".join(["visits,churn", *lines]) + "\n"

    empty.commit({f"{STORE}/{n:03}.csv": people(n) for n in range(45)})
    run = empty.hour(target="churn", gate="not-worse")
    assert "'churn' has 2 labels in several spellings" in run.plain_summary
    assert "merge-spellings = true" in run.plain_summary
    empty.commit({f"{STORE}/more-{n:03}.csv": people(n + 45) for n in range(45)})
    run = empty.hour(target="churn", merge_spellings="true")
    assert "in several spellings" not in run.plain_summary
    profile = empty.state.last
    assert profile.comparison is not None
    assert profile.comparison.challenger["accuracy"] > 0.9
