import io
import json
import os
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_action.runtime import actions
from ml_action.runtime.actions import ActionsLog
from ml_action.runtime.event import PullEvent
from tests.support.factories import make_git, make_repository

HOSTILE = [
    "",
    "a",
    "a\nb",
    "a\r\nb\n",
    "x<<EOF\ny\nEOF",
    "EOF",
    "name=value",
    "::error::x",
    "\n\n",
    "ünï 🚀",
    "a=b<<c",
    "\u2028\x85x",
]


# --- what the runner gives ----------------------------------------------------------------------------------


def test_inputs_in_the_runners_spelling_and_in_a_shells():
    environ = {"INPUT_DATA-PATH": "a", "INPUT_MODEL_DIR": "b", "INPUT_NAME": "c", "PATH": "x", "INPUT_SEED": ""}
    assert actions.read_inputs(environ) == {"data-path": "a", "model-dir": "b", "name": "c"}


def test_inputs_of_every_docker_action_are_ignored():
    assert actions.read_inputs({"INPUT_ARGS": "x", "INPUT_ENTRYPOINT": "y"}) == {}


def test_a_path_in_the_workspace_is_one_in_the_repository():
    environ = {
        "GITHUB_WORKSPACE": "/github/workspace",
        "INPUT_A": "/github/workspace/data/",
        "INPUT_B": "/github/workspacex",
    }
    assert actions.read_inputs(environ | {"INPUT_C": "/github/workspace"}) == {
        "a": "data",
        "b": "/github/workspacex",
        "c": ".",
    }
    assert actions.read_inputs({"INPUT_A": "/x", "GITHUB_WORKSPACE": ""}) == {"a": "/x"}


def test_an_unknown_input_is_kept_so_that_it_can_be_reported():
    assert actions.read_inputs({"INPUT_TRESHOLD": "5"}) == {"treshold": "5"}


def test_the_context_of_a_step(tmp_path):
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"repository": {"default_branch": "trunk"}}))
    environ = {
        "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://git.example/", "GITHUB_REPOSITORY": "o/r",
        "GITHUB_API_URL": "https://git.example/api/v3/", "GITHUB_RUN_ID": "7", "GITHUB_EVENT_PATH": str(event),
        "GITHUB_OUTPUT": "/x/out", "GITHUB_STEP_SUMMARY": "/x/sum", "RUNNER_TEMP": str(tmp_path), "SECRET": "hidden",
    }  # fmt: skip
    context = actions.read_context(environ, tmp_path)
    assert context.in_actions
    assert (context.git_url, context.api_url) == ("https://git.example/o/r.git", "https://git.example/api/v3")
    assert context.run_url == "https://git.example/o/r/actions/runs/7"
    assert context.default_branch == "trunk"
    assert (str(context.output), str(context.summary), str(context.scratch)) == ("/x/out", "/x/sum", str(tmp_path))
    assert "hidden" not in repr(context)


def test_the_context_of_a_laptop(tmp_path):
    context = actions.read_context({"TMPDIR": str(tmp_path)}, tmp_path)
    assert not context.in_actions
    assert (context.output, context.summary, context.run_url, context.repository) == (None, None, "", "")
    assert (context.server_url, context.api_url) == ("https://github.com", "https://api.github.com")
    assert str(context.scratch) == str(tmp_path)


def test_a_folder_for_temporary_files_that_is_not_there_is_not_used(tmp_path):
    gone, there = str(tmp_path / "gone"), str(tmp_path)
    assert str(actions.read_context({"RUNNER_TEMP": gone, "TMPDIR": there}, tmp_path).scratch) == there
    assert str(actions.read_context({"RUNNER_TEMP": gone, "TMPDIR": gone}, tmp_path).scratch) == "/tmp"  # noqa: S108


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"repository": null}', '{"repository": {}}', "\udcff"])
def test_an_event_without_a_default_branch(tmp_path, content):
    event = tmp_path / "event.json"
    event.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert actions.read_context({"GITHUB_EVENT_PATH": str(event)}, tmp_path).default_branch == ""
    assert actions.read_context({"GITHUB_EVENT_PATH": str(tmp_path / "none")}, tmp_path).default_branch == ""


# --- outputs and summary ------------------------------------------------------------------------------------


def env_file_pairs(text):
    """The runner's EnvFileKeyValuePairs (actions/runner, FileCommandManager.cs), which every output goes through."""
    lines = iter(re.findall(r"([^\r\n]*)(\r\n|\n|\r|$)", text))
    for line, _ in lines:
        equals, heredoc = line.find("="), line.find("<<")
        if line and equals >= 0 and (heredoc < 0 or equals < heredoc):
            yield line[:equals], line[equals + 1 :]
        elif line:
            assert heredoc > 0, f"Invalid format '{line}'"
            yield line[:heredoc], _heredoc(lines, line[heredoc + 2 :])


def _heredoc(lines, delimiter):
    assert delimiter
    value, before = "", ""
    for line, newline in lines:
        if line == delimiter:
            return value
        assert newline, "EOF marker missing new line."
        value += before + line
        before = newline
    raise AssertionError("Matching delimiter not found")


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_output_is_read_back_as_it_was(value):
    outputs = {"reason": value, "count": "3"}
    assert dict(env_file_pairs(actions.outputs_text(outputs))) == outputs


@given(st.dictionaries(st.sampled_from(["reason", "ci-low", "pr-url"]), st.text() | st.text("<=E\n\r:", max_size=20)))
def test_whatever_the_values_the_runner_reads_them_back(outputs):
    text = actions.outputs_text(outputs)
    # a carriage return at the very end belongs to the line's end for the runner
    assert dict(env_file_pairs(text)) == {name: value.removesuffix("\r") for name, value in outputs.items()}


def test_a_value_cannot_know_the_delimiter():
    delimiters = {re.match(r"a<<(\w+)", actions.outputs_text({"a": "x"}))[1] for _ in range(20)}
    assert len(delimiters) == 20


@pytest.mark.parametrize("character", ["a", "é", "🚀", "\udcff"])
@pytest.mark.parametrize("surplus", [0, 1, 2, 3])
def test_a_summary_that_the_runner_would_drop_is_cut_between_characters(character, surplus):
    size = len(character.encode("utf-8", "replace"))
    text = "x" * surplus + character * (1024 * 1024 // size)
    content = actions.summary_text(text)
    assert len(content) < 1024 * 1024
    decoded = content.decode()
    assert decoded.endswith(actions.CUT)
    assert text.encode("utf-8", "replace").decode().startswith(decoded[: -len(actions.CUT)])


def test_a_summary_that_fits_is_whole():
    assert actions.summary_text("short") == b"short"
    assert len(actions.summary_text("x" * actions.SUMMARY_BYTES)) == actions.SUMMARY_BYTES


def test_files_are_appended_to(tmp_path):
    actions.append(tmp_path / "out", b"a\n")
    actions.append(tmp_path / "out", b"b\n")
    actions.append(None, b"nothing")
    assert (tmp_path / "out").read_bytes() == b"a\nb\n"


# --- the report in the workspace ----------------------------------------------------------------------------


def test_the_report_is_hidden_from_git_and_owned_as_the_workspace_is(tmp_path):
    workspace = make_repository(tmp_path / "w", {"a": "b"})
    os.chown(workspace.path, 1001, 1002)
    assert actions.leave_report(workspace.path, "# Report é\udcff") == ".ml-auto-update/report.md"
    assert actions.leave_report(workspace.path, "# Report 2") == ".ml-auto-update/report.md"
    folder = workspace.path / ".ml-auto-update"
    assert (folder / "report.md").read_text() == "# Report 2"
    assert make_git(workspace.path).run("status", "--porcelain", "--untracked-files=all") == b""
    for path in (folder, folder / "report.md", folder / ".gitignore"):
        assert (path.stat().st_uid, path.stat().st_gid) == (1001, 1002)
    assert folder.stat().st_mode & 0o777 == 0o755


def test_without_the_right_to_give_files_away_they_stay_ours(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1001)
    monkeypatch.setattr(os, "chown", None)
    assert actions.leave_report(tmp_path, "text") == ".ml-auto-update/report.md"


@pytest.mark.parametrize("link", [".ml-auto-update", ".ml-auto-update/report.md", ".ml-auto-update/.gitignore"])
def test_nothing_is_written_through_someone_elses_link(tmp_path, link):
    workspace, outside = tmp_path / "w", tmp_path / "outside"
    (workspace / link).parent.mkdir(parents=True)
    outside.mkdir()
    target = outside if link == ".ml-auto-update" else outside / "precious"
    if target != outside:
        target.write_text("precious")
    (workspace / link).symlink_to(target)
    assert actions.leave_report(workspace, "text") == ""
    assert [path.read_text() for path in outside.iterdir()] in ([], ["precious"])


def test_a_report_that_cannot_be_written_is_left_out(tmp_path):
    (tmp_path / ".ml-auto-update").write_text("a file in the way")
    assert actions.leave_report(tmp_path, "text") == ""
    assert actions.leave_report(tmp_path / "nowhere", "text") == ""


def test_what_root_wrote_into_the_repository_is_given_to_its_owner(tmp_path):
    workspace = make_repository(tmp_path / "w", {"a": "b"})
    os.chown(workspace.path, 1001, 1002)
    kept = workspace.path / ".git/HEAD"
    os.chown(kept, 1003, 1003)
    actions.restore_ownership(workspace.path)
    owners = {(path.stat().st_uid, path.stat().st_gid) for path in (workspace.path / ".git").rglob("*")}
    assert owners == {(1001, 1002), (1003, 1003)}
    assert kept.stat().st_uid == 1003


# --- the log ------------------------------------------------------------------------------------------------

any_text = st.text(st.characters()) | st.text("::##[]error \n\r\t\x0b\u2028\xa0", max_size=30)
SPACES = "".join(chr(code) for code in range(sys.maxunicode) if chr(code).isspace())
NET_SPACES = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def commands_in(text):
    """What the runner takes for commands (ActionCommand.cs): `::x` after TrimStart, `##[` anywhere."""
    lines = re.split(r"\r\n|\r|\n", text)
    return [line for line in lines if line.lstrip(NET_SPACES).startswith("::") or "##[" in line]


@given(any_text)
def test_no_text_becomes_a_workflow_command(text):
    assert commands_in(actions.escape_commands(text)) == []


@given(any_text)
def test_a_person_sees_the_text_as_it_was(text):
    assert actions.escape_commands(text).replace("\u200b", "") == text.replace("\r", " ").replace("\u200b", "")


def test_every_space_that_the_runner_trims_is_seen_as_one():
    assert set(NET_SPACES) <= set(SPACES)


def make_log():
    return ActionsLog(io.StringIO())


def written(log):
    return log.stream.getvalue().splitlines()


def test_lines_and_the_end_of_a_stage():
    log = make_log()
    log.info("::error::x")
    log.progress("fold", 1, 2)
    log.progress("fold", 2, 2)
    assert written(log) == ["\u200b::error::x", "fold: 2 of 2"]


def test_a_hostile_path_is_shown_and_not_obeyed():
    log = make_log()
    log.warn("odd", path="a\x1b[31m\u202eb\n")
    assert written(log) == ["::warning file=a\\x1b[31m\\u202eb\\n::odd"]


def test_annotations_point_at_file_and_line():
    log = make_log()
    log.warn("odd, 100 %\nmore", path="data/a,b:c.csv", line=3)
    log.error("bad")
    assert written(log) == ["::warning file=data/a%2Cb%3Ac.csv,line=3::odd, 100 %25%0Amore", "::error::bad"]


@given(text=any_text, path=any_text)
def test_an_annotation_is_one_command_whatever_its_text(text, path):
    log = make_log()
    log.warn(text, path=path, line=1)
    (line,) = log.stream.getvalue().encode("utf-8", "surrogatepass").decode("utf-8", "surrogatepass").split("\n")[:-1]
    assert line.startswith("::warning ")
    assert "\r" not in line
    assert "##[" not in line


def test_the_tenth_annotation_of_a_kind_represents_all_that_follow():
    log = make_log()
    for number in range(25):
        log.warn(f"odd {number}")
    log.error("bad")
    log.close()
    log.close()
    warnings = [line for line in written(log) if line.startswith("::warning")]
    assert len(warnings) == 10
    assert warnings[-1] == "::warning::16 more of these: the job summary lists them all"
    assert [line for line in written(log) if line.startswith("::error")] == ["::error::bad"]


@pytest.mark.parametrize("count", [1, 9, 10, 11, 50])
def test_never_more_annotations_than_the_runner_takes_and_none_is_lost(count):
    log = make_log()
    for number in range(count):
        log.error(f"e{number}")
    log.close()
    lines = written(log)
    assert len(lines) <= 10
    summed = re.match(r"::error::(\d+) more", lines[-1])
    assert len(lines) - bool(summed) + (int(summed[1]) if summed else 0) == count


def test_a_message_is_cut_where_the_runner_would():
    log = make_log()
    log.warn("x" * 10_000)
    assert len(written(log)[0]) < 4096


def test_secrets_are_masked_and_blank_ones_are_not():
    log = make_log()
    log.mask("hidden%")
    log.mask(" ")
    assert written(log) == ["::add-mask::hidden%25"]


properties = st.dictionaries(st.sampled_from(["file", "line"]), st.text())


@given(st.sampled_from(["error", "add-mask"]), properties, st.text())
def test_without_the_toolkit_a_command_is_written_the_same(command, given_properties, message):
    whole = actions.command_line(command, given_properties, message)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "actions_toolkit.command", None)
        assert actions.command_line(command, given_properties, message) == whole


# --- the pull request of an event ---------------------------------------------------------------------------


def pull_event(tmp_path, payload, name="pull_request"):
    path = tmp_path / "event.json"
    path.write_text(payload if isinstance(payload, str) else json.dumps(payload))
    environ = {"GITHUB_EVENT_PATH": str(path), "GITHUB_EVENT_NAME": name, "GITHUB_REPOSITORY": "o/r"}
    return actions.read_context(environ, tmp_path).pull


PULL = {"number": 7, "html_url": "u", "base": {"ref": "main"}, "head": {"sha": "c" * 40, "repo": {"full_name": "o/r"}}}


def test_the_pull_request_of_an_event(tmp_path):
    assert pull_event(tmp_path, {"pull_request": PULL}) == PullEvent(7, "u", "main", "c" * 40, from_fork=False)
    for repo in ({"full_name": "x/r"}, None):
        fork = PULL | {"head": {"sha": "c" * 40, "repo": repo}}
        assert pull_event(tmp_path, {"pull_request": fork}).from_fork


@pytest.mark.parametrize(
    "payload", ["", "[]", "{}", "no json", {"pull_request": None}, {"pull_request": {"number": "x"}}]
)
def test_an_event_without_a_pull_request(tmp_path, payload):
    assert pull_event(tmp_path, payload) is None


@pytest.mark.parametrize("name", ["push", "pull_request_target", "issue_comment", ""])
def test_only_the_event_pull_request_is_one(tmp_path, name):
    assert pull_event(tmp_path, {"pull_request": PULL}, name) is None


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target", "pull_request_review"])
def test_an_approval_is_asked_for_by_every_event_of_a_pull_request(tmp_path, name):
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"pull_request": PULL}))
    environ = {"GITHUB_EVENT_PATH": str(path), "GITHUB_EVENT_NAME": name, "GITHUB_REPOSITORY": "o/r"}
    found = actions.read_context(environ, tmp_path)
    assert found.asking == PullEvent(7, "u", "main", "c" * 40, from_fork=False)
