"""The command line and the Action: arguments are tested in this process, loaded modules in new ones."""

import io
import json
import os
import re
import shutil
import signal
import sys
from pathlib import Path

import pytest

from ml_action import __version__, cli
from ml_action.commands import base, table
from ml_action.config.options import MODES, OPTIONS
from ml_action.core import model_metadata
from tests.support import signing
from tests.support.factories import make_csvs, make_history, make_remote, make_repository, run_python

ROOT = Path(__file__).parents[2]
ENTRYPOINT = str(ROOT / "entrypoint.py")
SECRET = "ghs_verysecret"


@pytest.fixture(autouse=True)
def _restored_signals():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def workspace(tmp_path):
    return make_repository(tmp_path / "w", {"readme": "x"} | make_csvs(3))


@pytest.fixture
def environ(tmp_path):
    """The environment of a runner without a repository on the server."""
    (tmp_path / "temp").mkdir()
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RUNNER_TEMP": str(tmp_path / "temp")}


@pytest.fixture
def step(tmp_path, environ, workspace):
    """Runs the Action as a runner starts it, in this process. Returns exit code and outputs."""

    def run(**inputs):
        out = tmp_path / "out"
        out.unlink(missing_ok=True)
        here = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(workspace.path), "GITHUB_OUTPUT": str(out)}
        code = cli.main([], environ | here | {f"INPUT_{name}": value for name, value in inputs.items()})
        return code, dict(re.findall(r"(?s)([a-z-]+)<<(?:ml_\w+)\n(.*?)\nml_\w+\n", out.read_text()))

    return run


# --- the command line ---------------------------------------------------------------------------------------


def run(environ, workspace, *arguments):
    return cli.main([arguments[0], "--workspace", str(workspace.path), *arguments[1:]], environ)


def test_check_counts(environ, workspace, capsys):
    assert run(environ, workspace, "check", "--threshold", "5") == 0
    assert capsys.readouterr().out == (
        "⏳ waiting 3/5: 2 more new datasets start a training\n"
        "   next: nothing until more datasets arrive; the next check counts again\n"
    )


def test_check_as_json_keeps_the_log_out_of_standard_output(environ, workspace, capsys):
    assert run(environ, workspace, "check", "--json", "--threshold=3") == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["decision"] == "ready"
    assert "ready 3/3" in captured.err


@pytest.mark.parametrize("name", ["run", "check"])
def test_json_on_a_runner_is_still_json(environ, workspace, capsys, name):
    assert run(environ | {"GITHUB_ACTIONS": "true"}, workspace, name, "--json", "--data-path", "nowhere") == 3
    captured = capsys.readouterr()
    assert json.loads(captured.out)["decision"] == "failed"
    assert "::error::the data path" in captured.err


def test_a_flag_wins_over_the_file(environ, workspace, capsys):
    workspace.write({"ml-auto-update.toml": "threshold = 3"})
    assert run(environ, workspace, "check") == 0
    assert run(environ, workspace, "check", "--threshold", "4") == 0
    output = capsys.readouterr().out
    assert "ready 3/3" in output
    assert "waiting 3/4" in output


def test_wrong_flags_are_reported_together_with_exit_code_2(environ, workspace, capsys):
    assert run(environ, workspace, "check", "--threshold", "0", "--confidence", "2") == 2
    output = capsys.readouterr().out
    assert output.startswith("error: 2 settings are wrong:")
    assert "threshold = '0' (given)" in output


def test_an_unknown_flag_is_an_error(environ, workspace, capsys):
    with pytest.raises(SystemExit) as caught:
        run(environ, workspace, "check", "--treshold", "3")
    assert caught.value.code == 2
    assert "unrecognized arguments: --treshold" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["chekc"]])
def test_a_missing_or_unknown_command_is_an_error(environ, capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments, environ)
    assert caught.value.code == 2
    assert "usage: ml-auto-update" in capsys.readouterr().err


def test_the_version(environ, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"], environ)
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"ml-auto-update {__version__}\n"


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_has_help_and_takes_the_settings_where_it_uses_them(command, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"], {})
    assert caught.value.code == 0
    _, _, text = capsys.readouterr().out.partition("\nsettings:\n")  # what is above may be a command's own --name
    for setting in OPTIONS:
        has_flag = setting.has_flag or setting.name == "workspace"  # that flag is no setting's: it has another default
        assert (f"--{setting.name} " in text) == (
            cli.COMMANDS[command].settings and has_flag and setting.name != "mode"
        )


@pytest.mark.parametrize("verb", cli.COMMANDS["data"].verbs)
def test_the_verbs_of_a_command_have_help_and_take_the_settings(verb, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["data", verb, "--help"], {})
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert "--threshold " in text
    assert "PATH" in text or verb == "contract"


def test_a_command_with_verbs_needs_one(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["data"], {})
    assert caught.value.code == 2
    assert "required: COMMAND" in capsys.readouterr().err


def test_data_check_returns_the_code_of_a_data_error(environ, workspace, capsys):
    workspace.write(
        {"data/new_data/bad.csv": "hours,score\nmany,1\n3,4\n", "data/new_data/good.csv": "hours,score\n7,1\n"}
    )
    here = ["--workspace", str(workspace.path)]
    assert cli.main(["data", "check", "data/new_data/good.csv", *here], environ) == 0
    assert cli.main(["data", "check", "--json", *here], environ) == 3
    output = capsys.readouterr().out
    assert json.loads(output[output.index("{\n") :])["bad"] == 1


def test_the_mode_data_fails_with_file_and_line(step, workspace, capsys):
    workspace.commit({"data/new_data/bad.csv": "hours,score\nmany,1\n3,4\n"})
    code, outputs = step(MODE="data")
    assert (code, outputs["decision"], outputs["count"], outputs["quarantined"]) == (3, "failed", "4", "1")
    assert "::error file=data/new_data/bad.csv,line=2::bad dataset: holds text ('many')" in capsys.readouterr().out


def test_the_help_lists_every_command(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"], {})
    text = capsys.readouterr().out
    for name, command in cli.COMMANDS.items():
        assert re.search(rf"^    {name}\b", text, re.MULTILINE)
        assert command.help.split(";")[0] in " ".join(text.split())


def test_a_secret_from_the_environment_is_never_shown(environ, workspace, capsys, without_waits):
    given = environ | {
        "ML_AUTO_UPDATE_TOKEN": f" {SECRET}\n",
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_SERVER_URL": f"http://x:{SECRET}@127.0.0.1:9",
    }
    assert run(given, workspace, "check", "--base", "main") == 4
    output = capsys.readouterr().out
    assert "the server could not be reached" in output
    assert SECRET not in output


def test_run_that_stops_at_the_trigger(environ, workspace, capsys):
    assert run(environ, workspace, "run") == 0
    assert "waiting 3/200" in capsys.readouterr().out
    assert workspace.git.line("for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert list(Path(environ["RUNNER_TEMP"]).iterdir()) == []


def test_approve_without_a_journal_is_blocked(environ, workspace, capsys):
    assert run(environ, workspace, "approve") == 0
    assert "and the journal holds no attempt yet" in capsys.readouterr().out


def test_add_data_writes_into_the_data_path(environ, workspace, capsys):
    assert (
        run(environ, workspace, "add-data", "4", "--seed-of-data", "1", "--world", "drifted", "--data-path", "d") == 0
    )
    assert len(list((workspace.path / "d").glob("student-*.csv"))) == 4
    assert "added 4 datasets of the drifted world" in capsys.readouterr().out
    assert run(environ, workspace, "add-data", "0") == 2


def test_status_and_history_show_the_versions(environ, workspace, capsys):
    workspace.commit({"model/model_metadata.json": model_metadata.to_bytes(make_history())})
    assert run(environ, workspace, "status") == 0
    assert run(environ, workspace, "history", "--json") == 0
    assert "v1 of 2026-03-01" in capsys.readouterr().out


def test_a_folder_that_is_no_repository_is_an_error(environ, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert cli.main(["check", "--workspace", str(tmp_path / "empty")], environ) == 4
    assert "is not a git repository" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "module", "name", "given"),
    [
        (["rehearse", "."], "commands.rehearse", "rehearse", (Path.cwd(), {})),
        (["rehearse", "/", "--target", "score"], "commands.rehearse", "rehearse", (Path("/"), {"target": "score"})),
        (
            ["run", "--forge", "sandbox", "--workspace", "/"],
            "commands.rehearse", "rehearse", (Path("/"), {"forge": "sandbox"}),
        ),
        (["sandbox", "/x", "--port", "8000"], "commands.sandbox", "serve", (Path("/x"), 8000)),
        (["demo", "--data", "real", "--keep", "/x"], "commands.demo.story", "run", ("real", Path("/x"))),
        (["demo"], "commands.demo.story", "run", ("students", None)),
    ],
)  # fmt: skip
def test_every_command_calls_its_function(environ, monkeypatch, arguments, module, name, given):
    called = []
    monkeypatch.setattr(f"ml_action.{module}.{name}", lambda *arguments: called.append(arguments))
    assert cli.main(arguments, environ) == 0
    ((first, second, *_),) = called
    second = {key: value for key, value in second.items() if value} if isinstance(second, dict) else second
    assert (first, second) == given


def test_at_a_terminal_there_are_progress_bars(environ, workspace, monkeypatch):
    from ml_action.runtime.console import TerminalLog

    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    logs = []
    monkeypatch.setattr("ml_action.commands.run.run", lambda call: logs.append(call.log))
    assert run(environ, workspace, "run") == 0
    assert isinstance(logs[0], TerminalLog)


def test_the_action_has_no_options_of_a_command():
    call = base.Invocation({}, None, None, Path)
    with pytest.raises(LookupError, match="only for the command line"):
        base.own_options(call)


LEAVES = {
    name if verb is None else f"{name} {verb}": command
    for name, group in table.COMMANDS.items()
    for verb, command in (group.verbs or {None: group}).items()
}


@pytest.mark.parametrize("command", LEAVES.values(), ids=LEAVES)
def test_every_command_of_the_table_has_a_module_that_runs_it_and_adds_its_options(command):
    module = table.load(command)
    assert callable(module.run)
    assert callable(module.add_options)


def test_every_mode_of_the_action_has_a_module():
    for mode in MODES:
        assert callable(table.load(table.COMMANDS[mode]).run)


def test_the_list_of_commands_loads_no_command(environ, workspace):
    code, packages, modules = loaded(environ, workspace, "--help", options=("-I", "-S"))
    assert code == 0
    assert packages - sys.stdlib_module_names <= {"ml_action", "__main__", "__mp_main__"}
    assert {name for name in modules if name.startswith("ml_action.commands.")} == {
        "ml_action.commands.base", "ml_action.commands.parser", "ml_action.commands.table",
    }  # fmt: skip


@pytest.mark.parametrize("command", ["rehearse", "init", "sandbox", "demo"])
def test_without_the_libraries_of_the_sandbox_a_command_names_the_missing_one(
    environ, workspace, monkeypatch, capsys, command
):
    monkeypatch.setitem(sys.modules, "ml_action.commands." + table.COMMANDS[command].module, None)
    assert cli.main([command], environ) == 2
    assert "error: the stand-in of GitHub is not installed here" in capsys.readouterr().out


def test_in_the_action_a_missing_sandbox_is_a_wrong_setting(step, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ml_action.commands.rehearse", None)
    code, outputs = step(FORGE="sandbox")
    assert (code, outputs["decision"]) == (2, "failed")
    assert "the stand-in of GitHub is not installed here" in capsys.readouterr().out


# --- the Action ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["DATA-PATH", "DATA_PATH"])
def test_inputs_in_either_spelling(step, workspace, spelling):
    workspace.commit(make_csvs(2, folder="incoming"))
    code, outputs = step(**{spelling: "incoming", "MODE": "check", "THRESHOLD": "2"})
    assert code == 0
    assert (outputs["ready"], outputs["count"], outputs["threshold"]) == ("true", "2", "2")


def test_without_inputs_the_action_runs_the_loop(step, capsys):
    code, outputs = step(TOKEN=f"{SECRET}\n", MODE=" ")
    assert (code, outputs["decision"], outputs["report-path"]) == (0, "waiting", ".ml-auto-update/report.md")
    assert capsys.readouterr().out.startswith(f"::add-mask::{SECRET}\n")


def test_each_line_of_a_signing_key_is_masked(step, capsys):
    step(**{"SIGNING-KEY": signing.pem(), "MODE": "check"})
    log = capsys.readouterr().out
    line = signing.pem().splitlines()[1]
    assert f"::add-mask::{line}\n" in log
    assert "::add-mask::-----BEGIN PRIVATE KEY-----\n" not in log


def test_processes_that_a_run_starts_inherit_no_secret(environ, workspace, monkeypatch, capsys):
    given = {"INPUT_SIGNING-KEY": signing.pem(), "INPUT_TOKEN": SECRET, "ML_AUTO_UPDATE_SIGNING_KEY": signing.pem()}
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "an identity")
    for name, value in (environ | given).items():
        monkeypatch.setenv(name, value)
    seen = []
    monkeypatch.setattr("ml_action.commands.check.run", lambda call: seen.append((call, dict(os.environ))))
    assert cli.main(["check", "--workspace", str(workspace.path)]) == 0
    ((call, inherited),) = seen
    assert call.inputs["signing-key"] == signing.pem()
    assert call.context.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] == "an identity"  # signing asks for it
    assert "ACTIONS_ID_TOKEN_REQUEST_TOKEN" not in inherited
    for environment in (inherited, call.context.environ):
        assert environment["HOME"] == environ["HOME"]
        assert not {name for name, value in environment.items() if signing.pem() in value or SECRET in value}
    assert capsys.readouterr().out == ""


def test_an_unknown_input_is_an_error_that_names_the_nearest(step, capsys):
    code, outputs = step(TRESHOLD="3", MODE="check")
    assert code == 2
    assert outputs["decision"] == "failed"
    assert "'treshold' is no input of ml-auto-update; perhaps you meant 'threshold'?" in capsys.readouterr().out


def test_an_unknown_mode_is_an_error(step, capsys):
    code, _ = step(MODE="chekc")
    assert code == 2
    assert (
        "mode = 'chekc' (given): choose one of run, check, data, approve, rollback, doctor; perhaps you meant 'check'?"
        in capsys.readouterr().out
    )


def test_the_mode_approve_approves(step):
    code, outputs = step(MODE="approve")
    assert (code, outputs["decision"]) == (0, "blocked")


def test_on_a_runner_arguments_are_a_command_line(environ, workspace, capsys):
    assert run(environ | {"GITHUB_ACTIONS": "true"}, workspace, "check", "--data-path", "nowhere") == 3
    assert "::error::the data path 'nowhere' is not there" in capsys.readouterr().out


# --- real processes -----------------------------------------------------------------------------------------

LOADED = """
import json, runpy, sys
sys.argv = [sys.argv[1], *sys.argv[2:]]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as end:
    print(json.dumps([end.code, sorted({name.partition(".")[0] for name in sys.modules}), sorted(sys.modules)]))
"""


def loaded(environ, workspace, *arguments, options=("-I",)):
    """Runs the entrypoint. Returns its exit code, and the packages and modules that it loaded."""
    done = run_python(*options, "-c", LOADED, ENTRYPOINT, *arguments, cwd=workspace.path, env=environ)
    assert done.stderr == ""
    code, packages, modules = json.loads(done.stdout.splitlines()[-1])
    return code, set(packages), set(modules)


@pytest.fixture
def on_server(tmp_path, environ, workspace):
    (tmp_path / "server/o").mkdir(parents=True)
    make_remote(tmp_path / "server/o/r.git", workspace)
    return environ | {"GITHUB_SERVER_URL": (tmp_path / "server").as_uri(), "GITHUB_REPOSITORY": "o/r"}


def test_check_loads_nothing_outside_of_the_standard_library(environ, workspace):
    code, packages, _ = loaded(environ, workspace, "check", options=("-I", "-S"))
    assert code == 0
    assert packages - sys.stdlib_module_names <= {"ml_action", "__main__", "__mp_main__"}


def test_check_loads_no_standard_dataclasses_after_the_first_attempt(environ, workspace):
    workspace.git.run("update-ref", "refs/heads/ml-auto-update/model/state", "HEAD")
    code, packages, _ = loaded(environ, workspace, "check", options=("-I", "-S"))
    assert code == 0
    assert not packages & {"dataclasses", "inspect"}  # with them, its modules take twice as long to load


@pytest.mark.parametrize("checkout", [True, False])
@pytest.mark.parametrize("inputs", [{}, {"INPUT_THRESHOLD": "x"}, {"INPUT_DATA_PATH": "nowhere"}])
def test_the_check_action_runs_on_a_bare_python(on_server, workspace, tmp_path, inputs, checkout):
    if not checkout:
        shutil.rmtree(workspace.path)
        workspace.path.mkdir()
    step = {
        "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(workspace.path), "INPUT_MODE": "check", "INPUT_TOKEN": SECRET,
        "GITHUB_OUTPUT": str(tmp_path / "out"), "GITHUB_STEP_SUMMARY": str(tmp_path / "sum"),
    }  # fmt: skip
    code, packages, _ = loaded(on_server | step | inputs, workspace, options=("-I", "-S"))
    assert code == {"": 0, "INPUT_THRESHOLD": 2, "INPUT_DATA_PATH": 3}["".join(inputs)]
    assert packages - sys.stdlib_module_names <= {"ml_action", "__main__", "__mp_main__"}
    outputs = (tmp_path / "out").read_text()
    assert "decision<<" in outputs
    assert ("\n3\n" in outputs) == (not inputs)
    assert (tmp_path / "sum").read_text().startswith("## ")


@pytest.mark.parametrize("inputs", [{}, {"GITHUB_ACTIONS": "true", "INPUT_TOKEN": SECRET}])
def test_a_run_that_stops_at_the_trigger_loads_no_library_of_the_training_or_of_github(on_server, workspace, inputs):
    here = {"GITHUB_WORKSPACE": str(workspace.path)}
    code, packages, modules = loaded(on_server | here | inputs, workspace, *([] if inputs else ["run"]))
    assert code == 0
    heavy = {"numpy", "pandas", "scipy", "sklearn", "joblib", "github", "requests", "rich", "urllib3"}
    assert not packages & heavy
    assert not [name for name in modules if name.startswith("ml_action.modelling")]


def test_nothing_in_the_workspace_can_shadow_a_module(environ, workspace):
    trap = "import pathlib, os; pathlib.Path(os.environ['RUNNER_TEMP'], 'trapped').touch(); raise SystemExit(99)\n"
    names = (
        "statistics",
        "json",
        "subprocess",
        "tomllib",
        "sitecustomize",
        "ml_action/__init__",
        "ml_action/cli",
        "entrypoint",
    )
    workspace.commit({f"{name}.py": trap for name in names})
    hostile = environ | {"PYTHONPATH": str(workspace.path), "PYTHONSTARTUP": str(workspace.path / "json.py")}
    done = run_python("-I", ENTRYPOINT, "check", cwd=workspace.path, env=hostile)
    assert (done.returncode, done.stderr) == (0, "")
    assert "waiting 3/200" in done.stdout
    assert not (Path(environ["RUNNER_TEMP"]) / "trapped").exists()


def test_git_ignores_hostile_environment_variables(environ, workspace, tmp_path):
    other = make_repository(tmp_path / "other", make_csvs(9))
    hostile = environ | {"GIT_DIR": str(other.path / ".git"), "GIT_WORK_TREE": str(other.path), "GIT_INDEX_FILE": "/x"}
    done = run_python("-I", ENTRYPOINT, "check", cwd=workspace.path, env=hostile)
    assert "waiting 3/200" in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_text_can_be_shown_on_any_terminal(environ, workspace, encoding):
    before = environ | {"PYTHONIOENCODING": encoding}
    done = run_python(ENTRYPOINT, "check", "--data-path", "é\udcff", cwd=workspace.path, env=before)
    assert done.returncode == 3
    assert "the data path" in done.stdout
    assert "is not there" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_module_can_be_run(environ, workspace):
    done = run_python("-m", "ml_action.cli", "check", cwd=ROOT, env=environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode in (3, 4)  # this repository holds no data/new_data, or is no repository at all
    assert done.stdout.startswith("error: ")
