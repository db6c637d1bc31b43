"""`simulate` on a person's own repository: what would have been promoted, what the policy finds; nothing is touched."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.world import STORE, drifted, fingerprint_of_folder, in_process, steady

ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_", "INPUT_"))} | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
FEW = ("--threshold", "100", "--thresholds", "60", "--rounds", "2", "--jobs", "1")
PAST_ALONE = ("--threshold", "100", "--rounds", "0")


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


class Person:
    """A user with a repository to which datasets come week by week."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.weeks = folder, 0
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, when: str = "2026-01-01") -> str:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        done = subprocess.run(
            ["git", *who, *arguments], cwd=self.folder, env=ENVIRON | {"GIT_COMMITTER_DATE": f"{when}T08:00:00Z"},
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    def week(self, texts: Sequence[str]) -> None:
        self.weeks += 1
        (self.folder / STORE).mkdir(parents=True, exist_ok=True)
        for number, text in enumerate(texts):
            # names do not show the order
            (self.folder / STORE / f"{number:03}-{99 - self.weeks}.csv").write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "More data", when=f"2026-{self.weeks:02}-01")

    def types(self, *arguments: str) -> tuple[int, str]:
        return in_process(dict(ENVIRON), ["simulate", "--workspace", str(self.folder), *arguments])

    def ok(self, *arguments: str) -> str:
        code, output = self.types(*arguments)
        assert code == 0, output
        return output

    def found(self, *arguments: str) -> Any:
        return json.loads(self.ok("--json", *arguments))


def make_ada(folder: Path) -> Person:
    """Two weeks of one world, and one of another."""
    ada = Person(folder)
    for texts in (steady(100, 30), steady(100, 31), drifted(100, 32)):
        ada.week(texts)
    return ada


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Whom no test may change."""
    return make_ada(tmp_path_factory.mktemp("people") / "ada")


def without_seconds(found: Any) -> Any:
    for one in found["calibration"]["thresholds"]:
        assert one.pop("seconds") > 0
    return found


def test_it_promotes_at_the_drift_and_not_before_and_touches_nothing(ada: Person) -> None:
    before, refs = fingerprint_of_folder(ada.folder), ada.git("for-each-ref")
    found = ada.found(*FEW)
    rounds = found["replay"]["rounds"]
    assert [(one["time"][:10], one["verdict"], one["version"]) for one in rounds] == [
        ("2026-01-01", "promote", "v1"),
        ("2026-02-01", "hold", "v1"),
        ("2026-03-01", "promote", "v2"),
    ]
    assert found["replay"]["sentence"] == "3 attempts: 2 promoted, 1 held; v2 is in place, 0 of 100 new ones wait"
    (calibration,) = found["calibration"]["thresholds"]
    assert calibration["unchanged"]["promoted"]["of"] == 2
    assert [one["gain"] for one in calibration["power"]] == [0.02, 0.05, 0.1]
    assert found["calibration"]["sentences"]
    assert fingerprint_of_folder(ada.folder) == before
    assert (ada.git("status", "--porcelain"), ada.git("for-each-ref")) == ("", refs)


def test_the_output_depends_on_the_seed_and_not_on_the_number_of_processes(ada: Person) -> None:
    first, together = (without_seconds(ada.found(*FEW[:-1], jobs)) for jobs in ("1", "2"))
    assert first == together
    assert without_seconds(ada.found(*FEW, "--seed", "5"))["calibration"] != first["calibration"]


def test_a_person_reads_a_table_a_picture_and_two_sentences(ada: Person) -> None:
    output = ada.ok(*FEW)
    assert "3 attempts to replay and 2 draws of 5 attempts" in output
    assert "policy: threshold 100, gate better, confidence 0.95, min-improvement 0.005" in output
    assert "  ▲───○───▲" in output
    assert "finds a gain of 5 %" in output
    assert "3 attempts: 2 promoted, 1 held" in output
    assert "with 60 new datasets" in output


def test_on_a_narrow_terminal_the_pictures_of_the_intervals_are_left_out(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    output = ada.ok(*PAST_ALONE)
    assert "loss │ gain" not in output
    assert max(len(line) for line in output.splitlines() if line.startswith(("┏", "│"))) <= 80


def test_another_policy_promotes_other_attempts(ada: Person) -> None:
    verdicts = [one["verdict"] for one in ada.found(*PAST_ALONE, "--gate", "higher")["replay"]["rounds"]]
    assert verdicts[0] == verdicts[2] == "promote"
    careful = ada.found(*PAST_ALONE, "--min-improvement", "0.5")
    assert [one["verdict"] for one in careful["replay"]["rounds"]] == ["promote", "hold", "hold"]
    assert careful["calibration"] == {"rounds": 0, "thresholds": [], "sentences": []}


def test_a_shallow_clone_and_a_single_commit_go_by_names_and_say_so(ada: Person, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", ada.folder.as_uri(), str(clone)], check=True, env=ENVIRON)
    code, output = in_process(dict(ENVIRON), ["simulate", "--workspace", str(clone), *PAST_ALONE])
    assert code == 0
    assert "the clone is shallow" in output
    assert len(re.findall(r"│ – +│ 100 │", output)) == 3
    ben = Person(tmp_path / "ben")
    ben.week(steady(45, 1))
    assert "one commit brought all datasets" in ben.ok("--threshold", "40", "--rounds", "0")


def test_too_few_datasets_are_reported_with_the_number_needed(tmp_path: Path) -> None:
    ben = Person(tmp_path / "ben")
    ben.week(steady(25, 1))
    code, output = ben.types()
    assert code == 3
    assert "25 datasets can be used, and a simulation needs 60" in output
    assert "wait for 35 more datasets" in output
    assert ben.types("--thresholds", "30", "--threshold", "20")[0] == 2


def test_a_calibration_needs_no_attempt_in_the_past(tmp_path: Path) -> None:
    ben = Person(tmp_path / "ben")
    ben.week(steady(64, 1))
    found = ben.found("--rounds", "1", "--jobs", "1")
    assert found["replay"]["sentence"] == "no attempt: 64 of 200 new ones wait"
    assert [one["threshold"] for one in found["calibration"]["thresholds"]] == [32]


def test_an_unknown_option_of_simulate_is_refused_with_an_exit_code(ada: Person, tmp_path: Path) -> None:
    assert "simulate knows datasets only" in ada.types("--unit", "rows")[1]
    assert ada.types("--unit", "rows")[0] == 2
    assert ada.types("--data-path", "nowhere")[0] == 3
    for wrong in (("--rounds", "-1"), ("--thresholds", "many"), ("--jobs", "x")):
        with pytest.raises(SystemExit) as ending:
            ada.types(*wrong)
        assert ending.value.code == 2


def test_a_file_in_the_folder_does_not_shadow_a_module_of_the_processes(tmp_path: Path) -> None:
    ben = make_ada(tmp_path / "ben")
    for name in ("random", "statistics", "argparse", "joblib"):
        (ben.folder / f"{name}.py").write_text("raise SystemExit('not ours')\n")
    command = [str(Path(sys.executable).with_name("ml-auto-update")), "simulate", *FEW[:-1], "2", "--json"]
    done = subprocess.run(command, cwd=ben.folder, env=ENVIRON, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["calibration"]["thresholds"][0]["unchanged"]["promoted"]["of"] == 2


def test_an_interrupt_ends_it_cleanly_and_its_processes_with_it(ada: Person) -> None:
    command = [
        str(Path(sys.executable).with_name("ml-auto-update")),
        "simulate",
        *FEW[:4],
        "--rounds",
        "200",
        "--jobs",
        "2",
    ]
    process = subprocess.Popen(
        command, cwd=ada.folder, env=ENVIRON, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout
    for line in process.stdout:
        if line.startswith("replay:"):
            break
    os.killpg(process.pid, signal.SIGINT)  # the two processes are about to start
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in out + err
    assert is_gone(process.pid)


def is_gone(group: int) -> bool:
    """Whether no process of the group is left, after a moment."""
    for _ in range(50):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
