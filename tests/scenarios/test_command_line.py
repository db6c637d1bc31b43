"""The command line as a person uses it, and the Action as a runner starts it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.world import ENTRYPOINT, STORE, Started, World, drifted, fingerprint_of_folder, in_process, steady

ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_", "INPUT_"))} | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


class Person:
    """A user with a terminal in their own repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        done = subprocess.run(
            ["git", *who, *arguments], cwd=self.folder, env=ENVIRON, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "More data")

    def types(self, command: str, *arguments: str) -> tuple[int, str]:
        """`ml-auto-update command …` in the repository's folder."""
        return in_process(dict(ENVIRON), [command, "--workspace", str(self.folder), *arguments])

    def ok(self, command: str, *arguments: str) -> str:
        code, output = self.types(command, *arguments)
        assert code == 0, output
        return output


@pytest.fixture
def ada(tmp_path: Path) -> Person:
    return Person(tmp_path / "ada")


def test_a_person_adds_data_checks_runs_merges_and_looks_at_the_history(ada: Person) -> None:
    few = ("--threshold", "40")
    ada.ok("add-data", "45", "--seed-of-data", "1")
    ada.commit()
    assert "ready 45/40" in ada.ok("check", *few)
    assert ada.git("branch", "--list", "ml-auto-update/*") == ""

    output = ada.ok("run", *few)
    assert "promote: better by" in output
    assert "would open a pull request" in output
    assert json.loads(ada.ok("status", "--json", *few))["attempts"][0]["verdict"] == "promote"
    assert "promotion     its branch is not merged" in ada.ok("explain")
    assert json.loads(ada.ok("history", "--json")) == []

    ada.git("merge", "--quiet", "--ff-only", "ml-auto-update/model/proposal")
    status = json.loads(ada.ok("status", "--json", *few))
    assert (status["count"], status["ready"], status["champion"]["version"]) == (0, False, "v1")
    assert [version["version"] for version in json.loads(ada.ok("history", "--json"))] == ["v1"]
    assert "v1" in ada.ok("history")
    assert "waiting 0/40" in ada.ok("status", *few)
    assert "waiting 0/40" in ada.ok("run", *few)
    assert json.loads(ada.ok("status", "--json", *few))["attempts"][0]["state"] == "merged"

    ada.ok("add-data", "45", "--world", "drifted", "--seed-of-data", "8")
    ada.commit()
    verdict = json.loads(ada.ok("run", "--json", *few))
    assert (verdict["decision"], verdict["version"]) == ("promote", "v2")
    assert "promotion     merged: in production" in ada.ok("explain", "v1")
    explained = json.loads(ada.ok("explain", "--json"))
    assert (explained["version"], len(explained["comparison"]["gains"])) == ("v2", 41)
    assert "gain of each dataset, sorted (share of the champion's error)" in ada.ok("explain", "--markdown")
    assert ada.git("status", "--porcelain") == ""


def test_json_on_standard_output_is_nothing_but_json(ada: Person) -> None:
    ada.ok("add-data", "3")
    ada.commit()
    for command in ("check", "run", "status", "history"):
        json.loads(ada.ok(command, "--json"))


def test_mistakes_on_the_command_line_have_exit_codes(ada: Person) -> None:
    assert ada.types("check")[0] == 3  # nothing is committed yet
    assert ada.types("run")[0] == 4
    ada.ok("add-data", "3")
    ada.commit()
    assert ada.types("check", "--threshold", "x")[0] == 2
    assert ada.types("check", "--data-path", "nowhere")[0] == 3
    assert ada.types("add-data", "0")[0] == 2
    assert ada.types("run", "--forge", "github", "--token", "x")[0] == 2
    with pytest.raises(SystemExit) as ending:
        ada.types("chek")
    assert ending.value.code == 2


def test_add_data_overwrites_nothing_and_names_the_next_step(ada: Person) -> None:
    output = ada.ok("add-data", "5", "--seed-of-data", "1")
    ada.ok("add-data", "5", "--seed-of-data", "2")
    assert len(list((ada.folder / STORE).glob("*.csv"))) == 10
    assert "commit and push" in output


def test_a_rehearsal_shows_the_pull_request_and_touches_nothing(ada: Person) -> None:
    ada.ok("add-data", "45", "--seed-of-data", "1")
    ada.commit()
    (ada.folder / "unsaved.txt").write_text("half a sen")
    before = fingerprint_of_folder(ada.folder)
    code, output = in_process(dict(ENVIRON), ["rehearse", str(ada.folder), "--threshold", "40"])
    assert code == 0, output
    assert "nothing leaves this machine" in output
    assert "Promote model v1" in output
    assert "labels: model-update" in output
    assert "approved by: github-actions[bot]" in output
    assert fingerprint_of_folder(ada.folder) == before


def test_a_rehearsal_of_a_clone_reads_the_state_branch_of_the_server(production: World, tmp_path: Path) -> None:
    production.arrive(drifted(45, 8))
    clone = tmp_path / "clone"
    url = production.repository.path.as_uri()
    subprocess.run(["git", "clone", "--quiet", url, str(clone)], check=True, env=ENVIRON)
    before, refs = fingerprint_of_folder(clone), production.git.line("for-each-ref")
    code, output = in_process(dict(ENVIRON), ["rehearse", str(clone), "--threshold", "40"])
    assert code == 0, output
    assert "Promote model v2" in output
    assert fingerprint_of_folder(clone) == before
    assert production.git.line("for-each-ref") == refs


@pytest.mark.parametrize("depth", ["--depth=1", "--no-single-branch"])
def test_a_rehearsal_of_any_clone_works(production: World, tmp_path: Path, depth: str) -> None:
    production.arrive(drifted(3, 8))
    clone = tmp_path / "clone"
    url = production.repository.path.as_uri()
    subprocess.run(["git", "clone", "--quiet", depth, url, str(clone)], check=True, env=ENVIRON)
    before = fingerprint_of_folder(clone)
    code, output = in_process(dict(ENVIRON), ["rehearse", str(clone), "--threshold", "40"])
    assert code == 0, output
    assert "3" in output
    assert fingerprint_of_folder(clone) == before


def test_run_with_the_sandbox_as_forge_is_a_rehearsal(ada: Person) -> None:
    ada.ok("add-data", "3")
    ada.commit()
    before = fingerprint_of_folder(ada.folder)
    assert "rehears" in ada.ok("run", "--forge", "sandbox")
    assert fingerprint_of_folder(ada.folder) == before


# --- as the Action -----------------------------------------------------------------------------------------


def test_the_action_as_a_runner_starts_it_promotes(production: World) -> None:
    production.arrive(drifted(45, 8))
    job = production.job()
    run = Started(job).wait()
    production.audit(job, run)
    assert (run.code, run.decision, run.outputs["merge-state"]) == (0, "promote", "merged"), run.log
    assert production.versions == ["v1", "v2"]
    assert "Scores on the same unseen rows" in run.summary


def test_the_check_needs_no_checkout_and_no_third_party(production: World) -> None:
    """An empty workspace: a blobless clone of its own, the runner's python, the standard library."""
    production.arrive(drifted(45, 8))
    job = production.job(mode="check")
    shutil.rmtree(job.workspace)
    job.workspace.mkdir()
    production.git.run("config", "uploadpack.allowFilter", "true")
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(ENTRYPOINT)], env=job.environ, cwd=job.workspace,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    run = job.result(done.returncode, done.stdout + done.stderr)
    assert (run.code, run.decision, run.outputs["count"], run.outputs["ready"]) == (0, "ready", "45", "true"), run.log
    assert production.calls == []


def test_check_and_run_count_the_same_as_git_by_hand(production: World) -> None:
    production.arrive(drifted(30, 8))
    production.commit({f"{STORE}/batch-1-000.csv": steady(1, 77)[0], f"{STORE}/batch-1-001.csv": None})
    check, run = production.hour(mode="check"), production.hour()
    by_hand = production.git.line(
        "diff-tree", "-r", "-C100%", "--find-copies-harder", "--diff-filter=AM", "--name-only",
        "ml-auto-update/model/state:data", f"main:{STORE}",
    )  # fmt: skip
    assert check.outputs["count"] == run.outputs["count"] == str(len(by_hand.splitlines())) == "31"


@pytest.mark.parametrize("data", ["students", "real"])
def test_the_demo_plays_its_episodes(data: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", str(ENTRYPOINT), "demo", "--data", data, "--keep", str(tmp_path)],
        env=ENVIRON | {"COLUMNS": "160"}, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = re.findall(r"(?m)^╭─ \W+ ([a-z-]+) ─", done.stdout)
    spoiled = ["review", "failed"] if data == "students" else []
    assert verdicts == ["promote", "promote", "waiting", "waiting", "hold", "waiting", *spoiled], done.stdout
    if spoiled:
        assert re.search(r"labels\s+reversed or shuffled\?", done.stdout)
        assert "minutes instead of hours" in done.stdout
    assert "model/model_metadata.json on main says: v2" in done.stdout
    assert "waiting 37/200" in done.stdout
    assert re.search(r"pull requests: 2, versions: 2", done.stdout)
    (path,) = tmp_path.glob("play-*/octo/*.git")
    assert subprocess.run(["git", "-C", str(path), "log", "-1"], check=False, capture_output=True).returncode == 0
