"""The store that borrows a workspace: real repositories on the disk, snapshots before and after."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from ml_action.core.errors import RepositoryError
from ml_action.git import journal, repository
from ml_action.git.journal import Counter, State
from ml_action.git.open import clone_blobless, open_in_place, open_in_place_with_store, open_with_own_store
from ml_action.git.repository import AUTHOR, Branches, ConcurrentUpdate, Push
from tests.support.factories import TIME, Workspace, make_csvs, make_git, make_remote, make_repository

BRANCHES = Branches("main", "ml-auto-update/model/state", "ml-auto-update/model/proposal")
COUNTER = Counter(0, 200, "", "")


def snapshot(folder: Path) -> dict[str, object]:
    """Every file with its bytes, every link, mode and time; but git marks an object that is wanted again as young."""
    found = {}
    for path in sorted(folder.rglob("*")):
        entry = path.lstat()
        content = path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None
        time = 0 if "objects" in path.parts else entry.st_mtime_ns
        found[str(path.relative_to(folder))] = (content, entry.st_mode, entry.st_uid, time)
    return found


@pytest.fixture
def origin(tmp_path):
    workspace = make_repository(tmp_path / "origin", {"model/v1.pkl": "one", "readme": "x"} | make_csvs(3))
    workspace.commit(make_csvs(2, start=10), "second")
    workspace.commit({"readme": "y"}, "third")
    return workspace


@pytest.fixture
def remote(origin, tmp_path):
    return make_remote(tmp_path / "remote.git", origin)


@pytest.fixture
def borrow(tmp_path, remote):
    """Borrows a workspace for a remote, in a scratch folder of its own each time."""

    def borrow(workspace: Workspace | Path, of: Path | str = remote):
        path = workspace if isinstance(workspace, Path) else workspace.path
        scratch = tmp_path / f"scratch{len(list(tmp_path.iterdir()))}"
        scratch.mkdir()
        return open_with_own_store(make_git(path), str(of), scratch)

    return borrow


def make_clone(path: Path, remote: Path, *options: str) -> Workspace:
    path.mkdir()
    make_git(path).run("clone", "-q", *options, remote.as_uri(), ".")
    return Workspace(path)


def one_attempt(borrowed, state=None):
    """Writes and pushes a state; what a held attempt does."""
    tips = borrowed.fetch(BRANCHES)
    before = journal.read(borrowed.store, tips.state) if state is None else state
    data = borrowed.store.line("rev-parse", f"{borrowed.head}:data/new_data")
    commit = journal.write(borrowed, State(before.commit, data, report="x"), COUNTER, "hold", time=TIME)
    borrowed.push([Push(BRANCHES.state, before.commit, commit)])
    return commit


# --- objects by their id --------------------------------------------------------------------------------------


def test_tree_of_an_older_commit_is_fetched_into_the_store(origin, remote, borrow, tmp_path):
    old = origin.git.line("rev-parse", "HEAD~2:data/new_data")
    clone = make_clone(tmp_path / "clone", remote, "--depth=1")
    borrowed = borrow(clone, remote.as_uri())
    before = snapshot(clone.path)
    assert not clone.git.object_id(f"{old}^{{tree}}")
    assert borrowed.fetch_tree(old)
    assert len(borrowed.store.line("ls-tree", "--name-only", old).splitlines()) == 3
    assert snapshot(clone.path) == before


@pytest.mark.parametrize("tree", ["d" * 40, "", "gone", "+refs/heads/*:refs/heads/*", "--upload-pack=false"])
def test_unknown_tree_is_no_failure(remote, borrow, tmp_path, tree):
    borrowed = borrow(make_clone(tmp_path / "clone", remote, "--depth=1"), remote.as_uri())
    assert not borrowed.fetch_tree(tree)
    assert borrowed.store.line("for-each-ref", "--format=%(refname)", "refs/heads/") == ""


def test_unreachable_server_of_a_tree_is_reported(remote, borrow, tmp_path):
    borrowed = borrow(make_clone(tmp_path / "clone", remote, "--depth=1"), tmp_path / "nowhere")
    with pytest.raises(RepositoryError):
        borrowed.fetch_tree("d" * 40)


# --- borrowing ----------------------------------------------------------------------------------------------

SHAPES = {
    "plain": (),
    "depth one": ("--depth=1",),
    "no checkout": ("--no-checkout",),
    "single branch, no tags": ("--single-branch", "--no-tags"),
    "bare": ("--bare",),
    "blobless": ("--filter=blob:none",),
    "blobless, depth one, no checkout": ("--filter=blob:none", "--depth=1", "--no-checkout"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_workspace_of_any_shape_does_not_change(shape, tmp_path, remote, borrow):
    clone = make_clone(tmp_path / "clone", remote, *SHAPES[shape])
    before = snapshot(clone.path)
    borrowed = borrow(clone)
    first = one_attempt(borrowed)
    second = one_attempt(borrow(clone))
    assert snapshot(clone.path) == before
    on_remote = make_git(remote)
    assert on_remote.line("rev-parse", BRANCHES.state, f"{BRANCHES.state}^") == f"{second}\n{first}"
    assert on_remote.line("rev-parse", f"{BRANCHES.state}:data") == on_remote.line("rev-parse", "main:data/new_data")
    on_remote.run("fsck", "--strict")


def test_dirty_workspace_does_not_change(tmp_path, remote, borrow):
    clone = make_clone(tmp_path / "clone", remote)
    clone.write({"readme": "edited", "staged": "s", "untracked": "u", "data/new_data/00001.csv": None})
    clone.git.run("add", "staged", "readme")
    clone.write({"readme": "edited again"})
    (clone.path / ".git/index.lock").write_text("")  # another git command is running
    before = snapshot(clone.path)
    one_attempt(borrow(clone))
    assert snapshot(clone.path) == before


def test_a_detached_head_counts_by_its_commit(tmp_path, origin, remote, borrow):
    clone = make_clone(tmp_path / "clone", remote)
    clone.git.run("checkout", "-q", "--detach", "HEAD~1")
    borrowed = borrow(clone)
    assert borrowed.head == origin.git.line("rev-parse", "HEAD~1")
    assert borrowed.fetch(BRANCHES).base == origin.git.line("rev-parse", "HEAD")


def test_a_worktree_and_a_folder_inside_are_borrowed_too(tmp_path, origin, borrow):
    origin.git.run("worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    assert borrow(tmp_path / "tree").head == borrow(origin.path / "data").head


def test_a_workspace_of_another_user_works_also_as_its_own_remote(origin, borrow):
    for path in [origin.path, *origin.path.rglob("*")]:
        os.chown(path, 1001, 1001, follow_symlinks=False)
    commit = one_attempt(borrow(origin, origin.path))
    assert origin.git.line("rev-parse", BRANCHES.state) == commit


def test_a_repository_of_sha256_ids_works(tmp_path, borrow):
    workspace = make_repository(tmp_path / "w", make_csvs(2), "--object-format=sha256")
    commit = one_attempt(borrow(workspace, workspace.path))
    assert len(commit) == 64
    assert workspace.git.line("rev-parse", BRANCHES.state) == commit
    assert (
        borrow(workspace, workspace.path).empty_tree()
        == "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
    )


@pytest.mark.parametrize("name", ["with space", "quo'te", 'dou"ble', "#hash", "é🚀", "-dash"])
def test_a_workspace_of_any_name_works(tmp_path, name, borrow):
    workspace = make_repository(tmp_path / name, make_csvs(2))
    commit = one_attempt(borrow(workspace, workspace.path))
    assert workspace.git.line("rev-parse", BRANCHES.state) == commit


def test_a_workspace_that_borrows_itself_works(tmp_path, origin, borrow):
    origin.git.run("clone", "-q", "--shared", str(origin.path), str(tmp_path / "shared"))
    workspace = Workspace(tmp_path / "shared")
    assert borrow(workspace, workspace.path).fetch(BRANCHES).base == origin.git.line("rev-parse", "HEAD")


def test_folder_without_repository_is_reported(tmp_path, borrow):
    (tmp_path / "empty").mkdir()
    with pytest.raises(RepositoryError, match="this folder is not a git repository"):
        borrow(tmp_path / "empty")


def test_repository_without_a_commit_is_reported(tmp_path, borrow):
    make_repository(tmp_path / "new")
    with pytest.raises(RepositoryError, match="the repository has no commit yet"):
        borrow(tmp_path / "new")


# --- the branches -------------------------------------------------------------------------------------------


def test_tips_are_the_current_ones_of_the_remote(origin, remote, borrow):
    borrowed = borrow(origin)
    assert borrowed.fetch(BRANCHES) == repository.Tips(origin.git.line("rev-parse", "HEAD"), "", "")
    there = make_git(remote)
    there.run("update-ref", f"refs/heads/{BRANCHES.state}", "main")
    there.run("update-ref", f"refs/heads/{BRANCHES.proposal}", "main~1")
    tips = borrowed.fetch(BRANCHES)
    assert (tips.state, tips.proposal) == (there.line("rev-parse", "main"), there.line("rev-parse", "main~1"))
    there.run("update-ref", "-d", f"refs/heads/{BRANCHES.proposal}")
    assert borrowed.fetch(BRANCHES).proposal == ""


def test_branches_of_another_model_are_ignored(origin, remote, borrow):
    make_git(remote).run("update-ref", "refs/heads/ml-auto-update/model-2/state", "main")
    assert borrow(origin).fetch(BRANCHES).state == ""


def test_missing_base_branch_is_reported(origin, borrow):
    with pytest.raises(RepositoryError, match="the base branch does not exist on the server"):
        borrow(origin).fetch(Branches("trunk", BRANCHES.state, BRANCHES.proposal))


def commit_of(borrowed, text="x"):
    tree = borrowed.tree({"file": (repository.FILE, borrowed.blob(text.encode()))})
    return borrowed.commit(tree, "", text, time=TIME)


def refs(remote):
    return dict(
        line.split()[::-1]
        for line in make_git(remote).line("for-each-ref", "--format=%(objectname) %(refname:short)").splitlines()
    )


def test_a_push_moves_every_branch(origin, remote, borrow):
    borrowed = borrow(origin)
    one, two = commit_of(borrowed, "one"), commit_of(borrowed, "two")
    borrowed.push([Push("a", "", one), Push("b", "", two)])
    borrowed.push([Push("a", one, two)])
    assert {name: oid for name, oid in refs(remote).items() if name in "ab"} == {"a": two, "b": two}


def test_a_push_moves_both_or_none(origin, remote, borrow):
    borrowed = borrow(origin)
    one, two = commit_of(borrowed, "one"), commit_of(borrowed, "two")
    borrowed.push([Push("a", "", one)])
    before = refs(remote)
    for pushes in ([Push("b", "", two), Push("a", "", two)], [Push("a", one, two), Push("b", one, two)]):
        with pytest.raises(ConcurrentUpdate):
            borrowed.push(pushes)
        assert refs(remote) == before


def test_server_that_refuses_one_branch_accepts_none(origin, remote, borrow):
    hook = remote / "hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/b ] || { echo "GH013: no" >&2; exit 1; }\n')
    hook.chmod(stat.S_IRWXU)
    borrowed = borrow(origin)
    before = refs(remote)
    with pytest.raises(RepositoryError, match="the server's branch rules refuse the bot's push"):
        borrowed.push([Push("a", "", commit_of(borrowed)), Push("b", "", commit_of(borrowed))])
    assert refs(remote) == before


def test_the_users_hooks_are_not_run(origin, remote, borrow, tmp_path):
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-push", "post-commit", "reference-transaction"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran-{name}\nexit 1\n")
        (hooks / name).chmod(0o755)
    origin.git.run("config", "core.hooksPath", str(hooks))
    one_attempt(borrow(origin))
    assert not list(tmp_path.glob("ran-*"))


# --- objects ------------------------------------------------------------------------------------------------


def objects(remote):
    rows = dict(line.split(": ") for line in make_git(remote).line("count-objects", "-v").splitlines())
    return int(rows["count"]) + int(rows["in-pack"])


@pytest.mark.parametrize("shape", [("--depth=1",), (), ("--depth=1", "--filter=blob:none", "--no-checkout")])
def test_push_of_a_state_is_a_few_objects_for_any_size_of_the_data(tmp_path, shape, borrow):
    source = make_repository(tmp_path / "large", make_csvs(500))
    remote = make_remote(tmp_path / "large.git", source)
    clone = make_clone(tmp_path / "clone", remote, *shape)
    before = objects(remote)
    one_attempt(borrow(clone, remote))
    assert objects(remote) - before <= 4  # commit, tree, counter, report; no data


def test_push_of_a_state_is_a_few_objects_after_the_base_branch_moved(tmp_path, borrow):
    source = make_repository(tmp_path / "large", make_csvs(500))
    remote = make_remote(tmp_path / "large.git", source)
    clone = make_clone(tmp_path / "clone", remote, "--depth=1")
    source.commit(make_csvs(10, start=5000))
    source.git.run("push", "-q", str(remote), "main")
    before = objects(remote)
    one_attempt(borrow(clone, remote))
    assert objects(remote) - before <= 4


def test_the_same_content_at_the_same_time_is_the_same_commit(origin, borrow):
    assert commit_of(borrow(origin)) == commit_of(borrow(origin))
    borrowed = borrow(origin)
    assert borrowed.store.line("log", "-1", "--format=%an <%ae> %cn %cI", commit_of(borrowed)) == (
        f"{AUTHOR[0]} <{AUTHOR[1]}> {AUTHOR[0]} {TIME.replace('Z', '+00:00')}"
    )


def test_message_may_be_any_text(origin, borrow):
    borrowed = borrow(origin)
    commit = borrowed.commit(borrowed.empty_tree(), "", "-F evil\n\n@é \udcff", time=TIME)
    assert borrowed.store.line("log", "-1", "--format=%B", commit) == "-F evil\n\n@é ?"


def test_entries_of_a_tree_may_have_any_names(origin, borrow):
    borrowed = borrow(origin)
    blob = borrowed.blob(b"x")
    sub = "1" * 40
    entries = {"a b": ("100644", blob), "n\nl": ("100755", blob), "\udcff": ("120000", blob), "sub": ("160000", sub)}
    tree = borrowed.tree(entries | {"dir": (repository.FOLDER, borrowed.tree({}))})
    assert borrowed.entries(tree) == entries | {"dir": (repository.FOLDER, borrowed.empty_tree())}
    assert borrowed.entries("") == {}


@pytest.mark.parametrize("path", ["model", "new", "deep/er/model", "model/inner"])
def test_files_are_written_into_a_folder_and_all_else_is_unchanged(origin, borrow, path):
    borrowed = borrow(origin)
    base = origin.git.line("rev-parse", "HEAD^{tree}")
    tree = borrowed.with_files(base, path, {"v1.pkl": b"two", "v2.md": b"\0"})
    before = origin.git.line("ls-tree", "-r", base).splitlines()
    after = borrowed.store.line("ls-tree", "-r", tree).splitlines()
    added = {line.split("\t")[1] for line in set(after) - set(before)}
    removed = {line.split("\t")[1] for line in set(before) - set(after)}
    assert added == {f"{path}/v1.pkl", f"{path}/v2.md"}
    assert removed == ({"model/v1.pkl"} if path == "model" else set())
    assert borrowed.store.read(f"{tree}:{path}/v1.pkl") == b"two"
    borrowed.store.run("fsck", "--strict", tree)


@pytest.mark.parametrize("path", ["readme", "readme/model", "link", "link/model", "sub", "sub/model", "model/v1.pkl/x"])
def test_file_link_or_submodule_in_place_of_a_folder_is_not_overwritten(origin, borrow, path):
    (origin.path / "link").symlink_to("/etc")
    origin.commit()
    commit = origin.git.line("rev-parse", "HEAD")
    origin.git.run("update-index", "--add", "--cacheinfo", f"160000,{commit},sub")
    origin.git.run("commit", "-q", "-m", "sub")
    with pytest.raises(RepositoryError, match="of the model directory is no folder on the base branch"):
        borrow(origin).with_files(origin.git.line("rev-parse", "HEAD^{tree}"), path, {"f": b"x"})


def test_written_file_replaces_a_folder_of_its_name(origin, borrow):
    origin.commit({"model/v2.pkl/oops": "x"})
    borrowed = borrow(origin)
    tree = borrowed.with_files(origin.git.line("rev-parse", "HEAD^{tree}"), "model", {"v2.pkl": b"two"})
    assert borrowed.store.read(f"{tree}:model/v2.pkl") == b"two"


# --- without a workspace ------------------------------------------------------------------------------------


def test_without_a_workspace_only_trees_are_fetched(tmp_path, origin, remote):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    found = clone_blobless(make_git(tmp_path), remote.as_uri(), BRANCHES, scratch)
    assert found.head == found.tips.base == origin.git.line("rev-parse", "HEAD")
    missing = found.store.line("rev-list", "--objects", "--missing=print", found.tips.base).splitlines()
    assert sum(line.startswith("?") for line in missing) == 7
    assert found.store.read(f"{found.tips.base}:readme") == b"y"  # fetched when it is read
    again = found.store.line("rev-list", "--objects", "--missing=print", found.tips.base).splitlines()
    assert sum(line.startswith("?") for line in again) == 6


def test_counting_in_place_needs_no_store(origin):
    found = open_in_place(origin.git, BRANCHES.state)
    assert found.store.object_id(f"{found.head}:readme") == origin.git.object_id("HEAD:readme")
    assert found.store.object_id(found.tips.state) == ""


def test_tree_of_folders_has_the_trees_at_their_paths_only(origin, tmp_path):
    scratch = tmp_path / "mirror"
    scratch.mkdir()
    found = open_with_own_store(make_git(origin.path), str(origin.path), scratch)
    inner = found.tree({"a.csv": (repository.FILE, found.blob(b"1"))})
    mirror = found.tree_of_folders({"x/y": inner, "x/z": inner, "w": inner})
    assert found.store.line("ls-tree", "-r", "--name-only", mirror).splitlines() == [
        "w/a.csv",
        "x/y/a.csv",
        "x/z/a.csv",
    ]
    assert found.entries(f"{mirror}:x")["y"] == (repository.FOLDER, inner)


def test_counting_with_a_store_writes_nothing_into_the_workspace(origin, tmp_path):
    before = sorted(path for path in origin.path.rglob("*"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    found = open_in_place_with_store(origin.git, BRANCHES.state, scratch)
    found.tree_of_folders({"data": found.tree({"a.csv": (repository.FILE, found.blob(b"new"))})})
    assert (found.head, found.tips.base, found.tips.state) == (
        found.tips.base,
        origin.git.line("rev-parse", "HEAD"),
        "",
    )
    assert sorted(path for path in origin.path.rglob("*")) == before


# --- servers and gits that differ -----------------------------------------------------------------------------


def test_a_server_with_long_object_ids_is_cloned_too(tmp_path):
    source = make_repository(tmp_path / "sha256", make_csvs(2), "--object-format=sha256")
    remote = make_remote(tmp_path / "r.git", source)
    (tmp_path / "scratch").mkdir()
    found = clone_blobless(make_git(tmp_path), remote.as_uri(), BRANCHES, tmp_path / "scratch")
    assert found.head == source.git.object_id("HEAD")
    assert len(found.head) == 64


@pytest.mark.parametrize(
    ("version", "old"),
    [("git version 2.30.2", True), ("git version 2.25.1", True), ("git version 2.31.0", False),
     ("git version 2.50.1 (Apple Git-155)", False), ("git version 3.0.0.windows.1", False), ("another", False)],
)  # fmt: skip
def test_an_old_git_is_named_before_anything_else(tmp_path, version, old):
    workspace = make_repository(tmp_path / "w", make_csvs(1))
    (tmp_path / "bin").mkdir()
    shim = tmp_path / "bin/git"
    shim.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "{version}" && exit\nexec /usr/bin/git "$@"\n')
    shim.chmod(0o755)
    git = replace(workspace.git, env={**workspace.git.env, "PATH": f"{shim.parent}:/usr/bin:/bin"})
    (tmp_path / "scratch").mkdir()
    if not old:
        assert open_with_own_store(git, str(workspace.path), tmp_path / "scratch").head
        return
    with pytest.raises(RepositoryError, match=rf"{version} is too old: 2\.31 or later is needed"):
        open_with_own_store(git, str(workspace.path), tmp_path / "scratch")
    with pytest.raises(RepositoryError, match="is too old"):
        clone_blobless(git, str(workspace.path), BRANCHES, tmp_path / "scratch")
