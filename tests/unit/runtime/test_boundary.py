"""Every ending of a run: exit code, outputs, summary, log."""

import contextlib
import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ml_action.core import errors
from ml_action.core.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_TERMINATED, ExpectedError
from ml_action.core.log import PlainLog
from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import RejectedDataset
from ml_action.core.records.evaluation import Decision
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.promotion import Publication
from ml_action.git.command import Login
from ml_action.git.process import GitFailed
from ml_action.runtime import actions, boundary
from ml_action.runtime.actions import ActionsLog
from ml_action.runtime.boundary import run_guarded
from tests.support.factories import make_evidence, make_outcome, make_pull, make_repository, make_trial

ENTRYPOINT = Path(__file__).parents[3] / "entrypoint.py"
PROBLEMS = [kind for kind in (ExpectedError, *ExpectedError.__subclasses__()) if kind.__module__ == errors.__name__]
SECRET = "ghs_verysecret"


@pytest.fixture(autouse=True)
def _signals_as_they_were():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


class Ran:
    """One guarded story: its exit code and all that it left."""

    def __init__(self, tmp_path, story, secrets=(), as_json=False, in_actions=True):
        self.workspace = tmp_path / "workspace"
        self.workspace.mkdir()
        environ = {"GITHUB_OUTPUT": str(tmp_path / "out"), "GITHUB_STEP_SUMMARY": str(tmp_path / "sum")}
        context = actions.read_context(environ | ({"GITHUB_ACTIONS": "true"} if in_actions else {}), self.workspace)
        self.stream = io.StringIO()
        log = ActionsLog(self.stream) if in_actions else PlainLog(self.stream)
        self.code = run_guarded(story, context, log, secrets, as_json=as_json)
        self.log = self.stream.getvalue()
        out, summary = tmp_path / "out", tmp_path / "sum"
        self.outputs = dict(
            re.findall(r"(?s)([a-z-]+)<<(?:ml_\w+)\n(.*?)\nml_\w+\n", out.read_text() if out.exists() else "")
        )
        self.summary = summary.read_text() if summary.exists() else ""

    @property
    def everything(self):
        """All that it left; escapes of Markdown are taken out, since no page shows them."""
        files = [path.read_text() for path in self.workspace.rglob("*") if path.is_file()]
        return "\n".join([self.log, self.summary, *self.outputs.values(), *files]).replace("\\", "")


@pytest.fixture
def ran(tmp_path):
    return lambda story, *given, **options: Ran(tmp_path, story, *given, **options)


def raising(error):
    def story():
        raise error

    return story


def test_a_good_ending_is_0_with_outputs_summary_report_and_the_verdict(ran):
    done = ran(make_outcome)
    assert done.code == 0
    assert done.outputs["decision"] == "promote"
    assert done.outputs["report-path"] == ".ml-auto-update/report.md"
    assert (done.workspace / ".ml-auto-update/report.md").read_text() == done.summary
    assert done.summary.startswith("## 🚀 promote: better by far")
    assert done.log.splitlines() == ["🚀 promote: better by far", "   next: a person reviews"]


def test_the_log_shows_the_picture_and_what_would_change_the_verdict(ran):
    trial = make_trial(comparison=make_evidence())
    held = Decision(Verdict.HOLD, "not proven better", outlook="about 90 more datasets")
    lines = ran(lambda: make_outcome(verdict=Verdict.HOLD, trial=trial, decision=held)).log.splitlines()
    assert lines[1] == "gain of each dataset, sorted (share of the champion's error)"
    assert lines[-2:] == ["   next: a person reviews", "   what would change it: about 90 more datasets"]


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.FAILED])
def test_whatever_the_verdict_the_run_did_its_work(ran, verdict):
    assert ran(lambda: make_outcome(verdict=verdict)).code == 0


@pytest.mark.parametrize("kind", PROBLEMS)
def test_every_kind_of_problem_has_its_exit_code_and_is_reported_everywhere(ran, kind):
    done = ran(raising(kind("the file is odd", why="someone edited it", fix="restore it", path="a.csv", line=3)))
    assert done.code == kind.exit_code
    assert done.outputs["decision"] == "failed"
    assert done.outputs["reason"] == "the file is odd"
    assert done.outputs["ready"] == "false"
    assert done.summary.startswith("## ❌ failed: the file is odd\n\n**Next:** restore it")
    assert "::error file=a.csv,line=3::the file is odd%0A  Why: someone edited it%0A  Do:  restore it" in done.log


def test_what_git_refuses_is_a_problem_wherever_it_comes_from(ran):
    done = ran(raising(GitFailed(("diff-tree",), 128, "fatal: unable to read 1234")))
    assert done.code == 4
    assert done.outputs["reason"] == "the repository lacks an object that is needed"


def test_a_subclass_of_a_problem_has_its_code(ran):
    from ml_action.forge.base import Refused

    assert ran(raising(Refused("no"))).code == 5


STOPS = [(signal.SIGINT, EXIT_INTERRUPTED), (signal.SIGTERM, EXIT_TERMINATED)]


@pytest.mark.parametrize(("number", "code"), STOPS)
def test_a_run_that_is_stopped_says_so(ran, number, code):
    done = ran(lambda: signal.raise_signal(number))
    assert done.code == code
    assert done.outputs["decision"] == "failed"
    assert "the run was stopped from outside" in done.log
    assert "the next run continues from here" in done.summary


@pytest.mark.parametrize(("number", "code"), STOPS)
def test_a_stop_that_comes_out_as_another_error_is_still_a_stop(ran, number, code):
    """As in the middle of importing numpy."""

    def story():
        try:
            signal.raise_signal(number)
        except BaseException as stop:
            raise ImportError("cannot load module more than once per process") from stop

    done = ran(story)
    assert (done.code, done.outputs["decision"]) == (code, "failed")
    assert "bug" not in done.log


def test_a_stop_that_python_drops_in_a_destructor_is_raised_again(ran):
    class Dropping:
        def __del__(self):
            with contextlib.suppress(BaseException):
                signal.raise_signal(signal.SIGINT)

    def story():
        Dropping()
        time.sleep(5)
        return make_outcome()

    done = ran(story)
    assert (done.code, done.outputs["decision"]) == (EXIT_INTERRUPTED, "failed")


def test_the_signals_are_as_they_were_once_the_story_has_ended(ran):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    ran(make_outcome)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_a_bug_ends_with_a_report_to_paste(ran):
    done = ran(raising(ZeroDivisionError("oh")))
    assert done.code == EXIT_BUG
    assert done.outputs["decision"] == "failed"
    assert "::error::this is a bug in ml-auto-update: ZeroDivisionError('oh')" in done.log
    assert f"Please paste this into {boundary.ISSUES}:" in done.log
    report = re.search(r"```text\n(.*)\n```", done.log, re.DOTALL)[1]
    assert re.match(r"ml-auto-update \d+\.\d+\.\d+, Python 3\.\d+\.\d+, git version \S+, ", report)
    assert "Traceback (most recent call last):" in report
    assert "ZeroDivisionError: oh" in report
    assert "the log has a report to paste" in done.summary


@pytest.mark.parametrize(
    "error",
    [
        ExpectedError(f"token {SECRET} refused", why=SECRET, fix=f"replace {SECRET}"),
        ValueError(f"https://x:{SECRET}@github.com"),
        GitFailed(("push",), 1, f"fatal: odd https://x:{SECRET}@github.com"),
    ],
)
def test_a_token_shows_nowhere(ran, error):
    done = ran(raising(error), (SECRET, ""))
    assert SECRET not in done.everything
    assert "***" in done.log


def test_a_token_in_an_outcome_shows_nowhere(ran, capsys):
    outcome = make_outcome(verdict=Verdict.BLOCKED, reason=f"a {SECRET}", next_step=f"b {SECRET}", notes=(SECRET,))
    done = ran(lambda: outcome, (SECRET,), as_json=True)
    assert SECRET not in done.everything + capsys.readouterr().out


def test_a_token_as_git_sends_it_shows_nowhere(ran):
    header = Login("https://x", SECRET).header().split()[-1]

    def fail():
        raise RuntimeError(f"a {header}")

    assert header not in ran(fail, (SECRET,)).everything


def test_set_aside_datasets_and_what_a_person_should_see_are_annotated(ran):
    outcome = make_outcome(
        verdict=Verdict.BLOCKED, reason="closed by a person", set_aside=(RejectedDataset("a.csv", "1", "empty", 2),)
    )
    done = ran(lambda: outcome)
    assert "::warning file=a.csv,line=2::set aside: empty" in done.log
    assert "::warning::closed by a person" in done.log


def test_a_story_that_only_showed_something_delivers_nothing(ran):
    done = ran(lambda: None)
    assert (done.code, done.outputs, done.summary, done.log) == (0, {}, "", "")


def test_outside_of_a_runner_no_report_is_left(ran):
    done = ran(make_outcome, in_actions=False)
    assert list(done.workspace.iterdir()) == []
    assert done.outputs["report-path"] == ""


def test_the_outputs_as_json(ran, capsys):
    ran(make_outcome, as_json=True)
    assert json.loads(capsys.readouterr().out)["pr-url"] == make_pull().url


def test_hostile_text_in_an_ending_becomes_no_command(ran):
    hostile = "x\n::error::pwned\n##[warning]y"
    outcome = Outcome(Verdict.BLOCKED, hostile, hostile, publication=Publication(notes=(hostile,)))
    done = ran(lambda: outcome)
    commands = [line for line in done.log.splitlines() if line.startswith("::")]
    assert commands == ["::warning::x%0A\u200b::error::pwned%0A#\u200b#[warning]y"]
    assert done.outputs["reason"] == hostile


# --- files of the runner that cannot be written ---------------------------------------------------------------


@pytest.mark.parametrize("name", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
@pytest.mark.parametrize(
    ("path", "problem"),
    [("/nope/file", "No such file"), ("/dev/full", "No space left"), (".", "Is a directory"), ("file/x", "Not a dir")],
)
def test_a_file_of_the_runner_that_cannot_be_written_is_a_warning(tmp_path, name, path, problem):
    (tmp_path / "file").touch()
    good = {"GITHUB_OUTPUT": "GITHUB_STEP_SUMMARY", "GITHUB_STEP_SUMMARY": "GITHUB_OUTPUT"}[name]
    environ = {name: str(tmp_path / path), good: str(tmp_path / "good"), "GITHUB_ACTIONS": "true"}
    stream = io.StringIO()
    assert run_guarded(make_outcome, actions.read_context(environ, tmp_path), ActionsLog(stream)) == 0
    log = stream.getvalue()
    assert f"::warning::{name} cannot be written" in log
    assert problem in log
    assert "🚀 promote: better by far" in log
    assert "promote" in (tmp_path / "good").read_text()  # each is tried by itself


def test_an_output_that_is_cut_by_a_full_disk_is_taken_back(tmp_path):
    """Half a value without its delimiter would fail the step."""

    class Full(io.FileIO):
        def write(self, content):
            if os.fstat(self.fileno()).st_size > 20:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(bytes(content)[:10])

    (tmp_path / "out").write_bytes(b"of an earlier step\n")
    with Full(tmp_path / "out", "ab") as file, pytest.raises(OSError, match="No space left"):
        actions._append_whole(file, b"name<<end\nvalue\nend\n")
    assert (tmp_path / "out").read_bytes() == b"of an earlier step\n"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_full_or_read_only_disk_is_no_bug(ran, number):
    done = ran(raising(OSError(number, os.strerror(number), "/data/x")))
    assert done.code == 4
    assert f"::error::/data/x cannot be written: {os.strerror(number)}" in done.log
    assert "Traceback" not in done.log


# --- a real process -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, EXIT_TERMINATED), (signal.SIGINT, EXIT_INTERRUPTED)])
def test_a_process_that_is_stopped_in_the_middle_of_git_ends_cleanly(tmp_path, number, code):
    workspace = make_repository(tmp_path / "w", {"data/new_data/a.csv": "x"})
    (tmp_path / "temp").mkdir()
    fake = tmp_path / "bin/git"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; exec sleep 60\n")
    fake.chmod(0o755)
    environ = {
        "PATH": f"{fake.parent}:/usr/bin:/bin", "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(workspace.path),
        "INPUT_MODE": "check", "GITHUB_OUTPUT": str(tmp_path / "out"), "GITHUB_STEP_SUMMARY": str(tmp_path / "sum"),
        "RUNNER_TEMP": str(tmp_path / "temp"),
    }  # fmt: skip
    command = [sys.executable, "-I", str(ENTRYPOINT)]
    with subprocess.Popen(command, env=environ, cwd=workspace.path, stdout=subprocess.PIPE, text=True) as process:
        patience = time.monotonic() + 20
        while not (tmp_path / "pid").exists() and time.monotonic() < patience:
            time.sleep(0.01)
        os.kill(process.pid, number)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == code
    assert "::error::the run was stopped from outside" in output
    assert "decision<<" in (tmp_path / "out").read_text()
    assert "❌ failed" in (tmp_path / "sum").read_text()
    assert list((tmp_path / "temp").iterdir()) == []
    git = Path("/proc") / (tmp_path / "pid").read_text().strip() / "cmdline"
    assert not git.exists() or b"sleep" not in git.read_bytes()  # the git that it waited for is gone too


def test_many_equal_reasons_are_one_with_a_count():
    rejected = [RejectedDataset(f"d/{n}.csv", f"{n:040}", f"lacks the column 'a{n}'", line=n) for n in range(120)]
    others = [RejectedDataset("d/x.csv", "f" * 40, "is empty")] * 3
    assert [(item.path, more) for item, more in boundary.grouped([*rejected, *others])] == [
        ("d/0.csv", 119), ("d/x.csv", 0), ("d/x.csv", 0), ("d/x.csv", 0),
    ]  # fmt: skip


def test_a_package_of_an_extra_that_is_missing_is_named(tmp_path):
    def story():
        raise ModuleNotFoundError("No module named 'rich.console'", name="rich.console")

    ran = Ran(tmp_path, story)
    assert ran.code == errors.SettingsError.exit_code
    assert "pip install 'ml-auto-update[terminal]'" in ran.log
    assert "bug" not in ran.log
