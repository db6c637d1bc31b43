import base64
import json
import os
import stat
import time
import tracemalloc
from pathlib import Path

import pytest

from ml_action.core.errors import RepositoryError
from ml_action.git import process
from ml_action.git.command import Git, Login, environment
from ml_action.git.process import GitFailed
from tests.support.factories import make_git, make_repository

SECRET = "ghs_verysecret"


def config(env):
    return [(env[f"GIT_CONFIG_KEY_{n}"], env[f"GIT_CONFIG_VALUE_{n}"]) for n in range(int(env["GIT_CONFIG_COUNT"]))]


# --- the environment ----------------------------------------------------------------------------------------


def test_inherited_git_variables_are_dropped():
    inherited = {
        "PATH": "/bin",
        "HOME": "/h",
        "GIT_DIR": "/evil",
        "GIT_WORK_TREE": "/evil",
        "GIT_CONFIG_PARAMETERS": "'core.sshCommand=evil'",
        "GIT_CONFIG_KEY_9": "x",
    }
    env = environment(inherited)
    assert (env["PATH"], env["HOME"]) == ("/bin", "/h")
    assert not {"GIT_DIR", "GIT_WORK_TREE", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_KEY_9"} & set(env)
    assert env["GIT_TERMINAL_PROMPT"] == "0"
    assert env["LC_ALL"] == "C"


def test_token_is_in_one_configuration_value_after_an_empty_one():
    env = environment({}, Login("https://github.com/", SECRET))
    word = base64.b64encode(f"x-access-token:{SECRET}".encode()).decode()
    assert config(env)[-2:] == [
        ("http.https://github.com/.extraheader", ""),
        ("http.https://github.com/.extraheader", f"AUTHORIZATION: basic {word}"),
    ]
    assert [name for name, value in env.items() if word in value] == [f"GIT_CONFIG_VALUE_{len(config(env)) - 1}"]


@pytest.mark.parametrize("login", [None, Login("https://github.com", "")])
def test_without_a_token_there_is_no_header(login):
    assert not [key for key, _ in config(environment({}, login)) if "extraheader" in key]


def test_no_repr_shows_the_token():
    login = Login("https://github.com", SECRET)
    here = Git(os.curdir, environment({}, login))
    assert SECRET not in repr(login) + repr(here)
    assert login.header().split()[-1] not in repr(here)


def test_a_persisted_header_is_cleared_for_git_itself(tmp_path):
    workspace = make_repository(tmp_path / "w", {})
    key = "http.https://github.com/.extraheader"
    workspace.git.run("config", key, "AUTHORIZATION: basic persisted")
    here = Git(workspace.path, environment(os.environ, Login("https://github.com", SECRET)))
    values = here.line("config", "--get-urlmatch", "http.extraheader", "https://github.com/o/r.git")
    assert "persisted" not in values


@pytest.fixture
def fake_git(tmp_path):
    """A git on PATH that writes down how it was called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "git"
    script.write_text(
        "#!/usr/bin/python3 -I\nimport json, os, sys\n"
        f"json.dump([sys.argv, dict(os.environ)], open({str(tmp_path / 'called.json')!r}, 'w'))\n"
    )
    script.chmod(stat.S_IRWXU)

    def called(*arguments, login):
        Git(tmp_path, environment({"PATH": str(folder), "GIT_DIR": "/evil"}, login)).run(*arguments)
        return json.loads((tmp_path / "called.json").read_text())

    return called


def test_the_token_is_in_no_argument(fake_git):
    login = Login("https://github.com", SECRET)
    argv, env = fake_git("push", "https://github.com/o/r.git", login=login)
    word = login.header().split()[-1]
    assert argv[1:] == ["push", "https://github.com/o/r.git"]
    assert not [text for text in argv if SECRET in text or word in text]
    assert [name for name, text in env.items() if word in text] == ["GIT_CONFIG_VALUE_9"]
    assert not [name for name, text in env.items() if SECRET in text]
    assert "GIT_DIR" not in env


def test_a_repository_of_another_user_can_be_read(tmp_path):
    workspace = make_repository(tmp_path / "w", {"a": "b"})
    for path in [workspace.path, *workspace.path.rglob("*")]:
        os.chown(path, 1001, 1001)
    assert make_git(workspace.path).object_id("HEAD:a")
    assert make_git(workspace.path).run("status", "--porcelain") == b""


# --- running ------------------------------------------------------------------------------------------------


def test_failure_has_command_code_and_output(tmp_path):
    with pytest.raises(GitFailed) as caught:
        make_git(tmp_path).run("--no-pager", "rev-parse", "HEAD")
    failed = caught.value
    assert (failed.command, failed.code) == ("rev-parse", 128)
    assert "not a git repository" in failed.output
    assert str(failed).startswith("git rev-parse ended with 128: fatal: not a git repository")


def test_missing_folder_is_reported(tmp_path):
    with pytest.raises(RepositoryError, match=r"there is no folder '.*nowhere'"):
        make_git(tmp_path / "nowhere").run("status")


def test_missing_git_is_reported(tmp_path):
    with pytest.raises(RepositoryError, match="the git command was not found") as caught:
        Git(tmp_path, {"PATH": str(tmp_path)}).run("status")
    assert "install git" in caught.value.fix


def test_hanging_git_is_stopped(tmp_path, monkeypatch):
    (tmp_path / "git").write_text("#!/bin/sh\nexec sleep 30\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setattr(process, "TIMEOUT", 0.2)
    began = time.monotonic()
    with pytest.raises(RepositoryError, match="git fetch did not end within 0 s"):
        Git(tmp_path, {"PATH": f"{tmp_path}:/usr/bin:/bin"}).run("fetch")
    assert time.monotonic() - began < 10


@pytest.fixture
def workspace(tmp_path):
    return make_repository(tmp_path / "w", {"a": "content of a", "dir/b c": b"\0\xff\n", "empty": "", "new\nline": "x"})


def test_names_resolve_to_ids(workspace):
    here = workspace.git
    assert here.object_id("HEAD:a") == here.line("hash-object", "a")
    assert here.object_id("HEAD:nothing") == ""
    assert here.object_id("--help") == ""
    assert here.line_or_empty("rev-parse", "HEAD:a") == here.object_id("HEAD:a")
    assert here.line_or_empty("rev-parse", "--verify", "--quiet", "HEAD:nothing") == ""


def test_many_names_resolve_in_one_process(workspace):
    here = workspace.git
    names = ("HEAD", "HEAD:dir", "HEAD:dir/b c", "HEAD:nothing at all", "0" * 40, "HEAD:\udcff")
    found = here.resolve(*names)
    assert [kind for _, kind in found] == ["commit", "tree", "blob", "", "", ""]
    assert [oid for oid, _ in found[:3]] == [here.object_id(name) for name in names[:3]]
    assert found[3:] == (("", ""),) * 3


def test_ambiguous_abbreviation_resolves_to_nothing(workspace):
    here = workspace.git
    workspace.write({f"many/{n}": str(n) for n in range(600)})
    listed = "".join(f"many/{n}\n" for n in range(600))
    ids = here.line("hash-object", "-w", "--stdin-paths", stdin=listed.encode()).splitlines()
    prefixes = {oid[:4] for oid in ids if sum(other.startswith(oid[:4]) for other in ids) > 1}
    if prefixes:  # four digits: almost always
        assert here.resolve(prefixes.pop()) == (("", ""),)


def test_read_returns_a_whole_blob_or_none(workspace):
    here = workspace.git
    assert here.read("HEAD:dir/b c") == b"\0\xff\n"
    assert here.read("HEAD:empty") == b""
    assert here.read("HEAD:dir") is None
    assert here.read("HEAD:nothing") is None


def test_blobs_come_in_order_from_one_process(workspace):
    here = workspace.git
    blobs = [here.object_id(f"HEAD:{name}") for name in ("a", "empty", "dir/b c", "empty", "new\nline", "a")]
    assert list(here.blobs(blobs)) == [b"content of a", b"", b"\0\xff\n", b"", b"x", b"content of a"]
    assert list(here.blobs([])) == []


def test_blobs_may_be_large_or_look_like_headers(workspace):
    here = workspace.git
    large, tricky = os.urandom(300_000), b"0" * 40 + b" blob 3\nabc\n"
    blobs = [here.line("hash-object", "-w", "--stdin", stdin=text) for text in (large, tricky, large)]
    assert list(here.blobs(blobs)) == [large, tricky, large]


def test_missing_blob_is_a_failure(workspace):
    with pytest.raises(GitFailed, match=r"bad object 1{40} missing"):
        list(workspace.git.blobs([workspace.git.object_id("HEAD:a"), "1" * 40]))


def test_blobs_are_streamed_and_git_ends_with_the_iterator(workspace):
    others = children()
    here = workspace.git
    large = here.line("hash-object", "-w", "--stdin", stdin=os.urandom(3_000_000))
    contents = here.blobs([large] * 50)
    assert len(next(contents)) == 3_000_000
    (child,) = children() - others
    contents.close()
    assert child not in children()


def test_more_names_than_a_pipe_holds_do_not_block(workspace):
    here = workspace.git
    blobs = [here.object_id("HEAD:a"), here.object_id("HEAD:empty")] * 20_000
    assert sum(map(len, here.blobs(blobs))) == 20_000 * len(b"content of a")


def test_blob_over_the_limit_is_skipped(workspace):
    here = workspace.git
    blobs = [here.line("hash-object", "-w", "--stdin", stdin=b"x" * size) for size in (10, 11, 3_000_000, 0, 9)]
    found = list(here.blobs(blobs, 10))
    assert [content if content is None else len(content) for content in found] == [10, None, None, 0, 9]


def test_blob_over_the_limit_takes_no_memory(workspace):
    blob = workspace.git.line("hash-object", "-w", "--stdin", stdin=bytes(100_000_000))
    tracemalloc.start()
    try:
        assert list(workspace.git.blobs([blob], 1000)) == [None]
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
        assert [len(content) for content in workspace.git.blobs([blob])] == [100_000_000]
        assert tracemalloc.get_traced_memory()[1] < 110_000_000  # once, not twice
    finally:
        tracemalloc.stop()


def test_git_that_ends_early_is_a_failure(workspace, tmp_path, monkeypatch):
    script = tmp_path / "git"
    script.write_text("#!/bin/sh\nprintf '%040d blob 5\\nabc' 0\necho broken pack >&2\nexit 3\n")
    script.chmod(stat.S_IRWXU)
    here = Git(workspace.path, {"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(GitFailed, match="git cat-file ended with 3: broken pack"):
        list(here.blobs(["0" * 40]))
    with pytest.raises(GitFailed, match="git cat-file ended with 3: broken pack"):
        list(here.blobs(["0" * 40], 1))
    script.write_text("#!/bin/sh\necho fatal: bad object store >&2\nexit 128\n")
    with pytest.raises(GitFailed, match="git cat-file ended with 128: fatal: bad object store"):
        list(here.blobs(["0" * 40]))


def test_blobs_of_a_silent_git_time_out(workspace, tmp_path, monkeypatch):
    others = children()  # of earlier tests in this process
    script = tmp_path / "git"
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    script.chmod(stat.S_IRWXU)
    monkeypatch.setattr(process, "TIMEOUT", 0.05)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(RepositoryError, match="git cat-file did not end within 0 s"):
        list(Git(workspace.path, {"PATH": os.environ["PATH"]}).blobs(["0" * 40]))
    assert children() <= others


def test_blobs_without_git_or_without_a_folder(workspace, tmp_path, monkeypatch):
    with pytest.raises(RepositoryError, match="no folder"):
        list(Git(tmp_path / "nothing", workspace.git.env).blobs(["0" * 40]))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RepositoryError, match="git command was not found"):
        list(Git(workspace.path, {"PATH": str(tmp_path)}).blobs(["0" * 40]))


def children():
    """The processes that this one started and that still run."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return set(listed.split())


def test_unreachable_blob_is_not_taken_for_an_absent_one(tmp_path):
    """As in a partial clone whose server does not answer: an unreadable champion may not pass for none."""
    git = Git(tmp_path, environment(os.environ))
    git.run("init", "--quiet")
    gone = "1234567890123456789012345678901234567890"
    tree = git.line("mktree", "--missing", stdin=f"100644 blob {gone}\tmodel_metadata.json\n".encode())
    assert git.read(f"{tree}:absent.json") is None
    with pytest.raises(GitFailed):
        git.read(f"{tree}:model_metadata.json")
