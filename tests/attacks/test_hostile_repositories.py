"""Second review: repositories that are made to be counted or read otherwise than they are, and to run commands."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_action.commands.check import check
from ml_action.config.data_path import DataPath
from ml_action.core.errors import DataError, ExpectedError
from ml_action.datasets import contents
from ml_action.git import workspace
from ml_action.git.process import GitFailed
from tests.support.counting import Place
from tests.support.factories import make_csvs, make_git, make_settings

ATTRIBUTES = (
    "* text eol=crlf\n*.csv ident export-ignore export-subst -diff binary filter=evil diff=evil merge=evil\n"
    "*.csv working-tree-encoding=UTF-16\ndata/** linguist-vendored\n"
)
STRANGE = [
    b"-rf.csv", b"--upload-pack=touch x.csv", b":(top)x.csv", b":!x.csv", b"a\nb.csv", b"a\tb.csv", b'a"b.csv',
    b"a\\b.csv", b"\x1b]0;pwned\x07.csv", "\u202ecod.csv".encode(), b"\xff\xfe.csv", b"x" * 240 + b".csv",
    b"$(touch x).csv", b"`touch x`.csv", b"%0A::error::x.csv", "a\u2028b.csv".encode(), b" .csv", b"*.csv", b"?.csv",
]  # fmt: skip


PROGRAMS = (
    "core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.askPass", "core.gitProxy", "gpg.program",
    "diff.external", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv",
    "diff.evil.command", "merge.evil.driver", "uploadpack.packObjectsHook", "pager.log", "alias.rev-parse",
    "sequence.editor", "interactive.diffFilter",
)  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, {"readme": "x"} | make_csvs(3))


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    """A program that leaves a file when it is run. It never is."""
    program, mark = tmp_path / "evil.sh", tmp_path / "ran"
    program.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    yield program
    assert not mark.exists()


def remote(place: Place, *arguments: str, stdin: bytes = b"") -> str:
    done = subprocess.run(
        ["git", "-C", str(place.remote), *arguments], input=stdin, check=True, capture_output=True,
        env=make_git(place.remote).env,
    )  # fmt: skip
    return done.stdout.decode().strip()


def stage(place: Place, name: str | bytes, content: bytes) -> None:
    """Puts a file into the index as it is, whatever its name and git's attributes say."""
    blob = place.workspace.git.line("hash-object", "-w", "--no-filters", "--stdin", stdin=content).encode()
    path = name.encode() if isinstance(name, str) else name
    place.workspace.git.run("update-index", "-z", "--index-info", stdin=b"100644 blob %s\t%s\0" % (blob, path))


def publish_index(place: Place) -> None:
    git = place.workspace.git
    git.run("update-ref", "refs/heads/main", git.line("commit-tree", "-p", "HEAD", "-m", "x", git.line("write-tree")))
    git.run("push", "-q", str(place.remote), "main")


def evil_commit(place: Place) -> str:
    """A commit with fifty datasets, which is on no branch."""
    place.workspace.commit(make_csvs(50, start=10))
    commit = place.workspace.git.line("rev-parse", "HEAD")
    place.workspace.git.run("push", "-q", str(place.remote), f"{commit}:refs/heads/evil")
    place.workspace.git.run("reset", "-q", "--hard", "HEAD~1")
    return commit


@pytest.mark.parametrize("ref", ["refs/tags/main", "refs/main", "refs/heads/refs/heads/main", "refs/remotes/main"])
def test_a_tag_or_ref_that_looks_like_the_base_branch_is_not_counted(place: Place, ref: str) -> None:
    commit = evil_commit(place)
    remote(place, "update-ref", ref, commit)
    remote(place, "update-ref", "refs/tags/ml-auto-update/model/state", commit)
    scene = place.look()
    assert (scene.trigger.count, scene.tips.state) == (3, "")
    assert scene.tips.base == place.workspace.git.line("rev-parse", "refs/heads/main")


def test_replacements_and_grafts_on_the_server_and_in_the_checkout_change_nothing(place: Place) -> None:
    commit, base = evil_commit(place), place.workspace.git.line("rev-parse", "main")
    remote(place, "replace", base, commit)
    place.workspace.git.run("fetch", "-q", str(place.remote), "refs/heads/evil")
    place.workspace.git.run("replace", base, commit)
    found = place.borrow()
    assert check(make_settings(threshold=5), found).trigger.count == 3


def test_attributes_do_not_change_what_is_counted_or_read(place: Place) -> None:
    plain = make_csvs(1, start=20)
    for path, content in {".gitattributes": ATTRIBUTES, "data/new_data/.gitattributes": ATTRIBUTES}.items():
        stage(place, path, content.encode())
    publish_index(place)
    settings = make_settings(threshold=5, unit="rows")
    assert place.look().trigger.count == 3
    before = place.look(settings).trigger.count
    ((name, text),) = plain.items()
    stage(place, str(name), str(text).encode())
    publish_index(place)
    assert place.look(settings).trigger.count == before + len(str(text).splitlines()) - 1
    added = place.look().datasets()[-1]
    (read,) = contents.contents(place.borrow(), (added,), 10**6)
    assert read == str(text).encode()


def test_names_of_files_mean_nothing_to_git_or_to_a_shell(place: Place) -> None:
    for number, name in enumerate(STRANGE):
        stage(place, b"data/new_data/" + name, b"hours,score\n%d,1\n" % number)
    publish_index(place)
    scene = place.look()
    assert scene.trigger.count == 3 + len(STRANGE)
    read = list(contents.contents(scene.repository, scene.datasets(), 10**6))
    assert len(read) == 3 + len(STRANGE)
    assert None not in read


def test_names_that_differ_in_case_or_normalisation_are_datasets_of_their_own(place: Place) -> None:
    names = ["A.csv", "a.csv", "\u00e9.csv", "e\u0301.csv", "\u212b.csv", "\u00c5.csv"]
    place.publish({f"data/new_data/{name}": f"hours,score\n{n},7\n" for n, name in enumerate(names)})
    assert place.look().trigger.count == 3 + len(names)


@pytest.mark.parametrize("mode", ["120000", "160000", "100644"])
def test_a_link_a_submodule_or_a_file_in_the_place_of_the_data_folder_is_not_followed(place: Place, mode: str) -> None:
    git = place.workspace.git
    blob = git.line("hash-object", "-w", "--stdin", stdin=b"/etc")
    oid = git.line("rev-parse", "HEAD") if mode == "160000" else blob
    git.run("rm", "-rq", "--cached", "data/new_data")
    git.run("update-index", "--add", "--cacheinfo", f"{mode},{oid},data/new_data")
    publish_index(place)
    with pytest.raises(DataError, match="the data path 'data/new_data' is no folder"):
        check(make_settings(threshold=5), place.borrow())


def test_a_path_of_three_thousand_folders_is_counted_or_ends_in_words(place: Place) -> None:
    deep = "data/new_data/" + "d/" * 3000 + "x.csv"
    head = "commit refs/heads/main\ncommitter x <x@x> 0 +0000\ndata 1\nx\nfrom refs/heads/main^0\n"
    stream = f"{head}M 644 inline {deep}\ndata 17\nhours,score\n98,7\n\n"
    place.workspace.git.run("fast-import", "--quiet", stdin=stream.encode())
    counted = []
    with contextlib.suppress(GitFailed, ExpectedError):  # newer versions of git read no tree of more than 2,048 levels
        counted.append(check(make_settings(threshold=5), place.borrow()).trigger.count)
    assert counted in ([], [4])


def test_programs_that_the_checkouts_configuration_names_are_not_run(place: Place, canary: Path) -> None:
    evil = str(canary)
    for key in PROGRAMS:
        place.workspace.git.run("config", key, evil)
    place.workspace.git.run("config", "credential.helper", f"!{evil}")
    hooks = place.workspace.path / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-checkout", "reference-transaction", "pre-push", "post-index-change", "fsmonitor-watchman"):
        (hooks / hook).symlink_to(canary)
    (place.workspace.path / ".gitattributes").write_text("*.csv filter=evil diff=evil\n")
    for unit in ("datasets", "rows"):
        scene = place.borrow()
        assert check(make_settings(threshold=5, unit=unit), scene).trigger.count > 0
    (place.workspace.path / "data/new_data/new.csv").write_text("hours,score\n9,9\n")
    counted = check(make_settings(threshold=5, untracked=True), place.borrow())
    assert counted.trigger.count == 4


def test_an_untracked_dataset_that_becomes_a_link_after_the_count_is_not_followed(place: Place, tmp_path: Path) -> None:
    secret, file = tmp_path / "secret", place.workspace.path / "data/new_data/new.csv"
    secret.write_text("hours,score\n9,9\n")
    file.write_text("hours,score\n9,9\n")
    scene = place.look(make_settings(threshold=5, untracked=True))
    (found,) = (item for item in scene.datasets() if item.untracked)
    file.unlink()
    file.symlink_to(secret)
    with pytest.raises(DataError):
        list(contents.contents(scene.repository, (found,), 10**6))


def test_untracked_folders_nested_a_thousand_times_end_in_words(place: Place) -> None:
    folder = os.open(place.workspace.path / "data/new_data", os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    git = place.workspace.git
    with pytest.raises(DataError, match="nested more than 200 times"):
        workspace.untracked(git, place.workspace.path, DataPath.parse("data/new_data"), (), sha256=False)
    subprocess.run(["rm", "-rf", str(place.workspace.path / "data/new_data/d")], check=True)
