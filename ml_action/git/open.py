"""Opens the user's repository: in place, with a store of its own, or as a clone.

The store is a bare repository in a temporary folder that borrows the workspace's objects
(gitrepository-layout(5), objects/info/alternates). Fetches, new objects and shallow marks go there, so nothing in
the workspace, not even in its .git, ever changes: checkout, index, configuration and depth stay as they are.
Where there is no workspace (the `check` action without a checkout), the store is a blobless clone of depth 1.
"""

from __future__ import annotations

import re
from pathlib import Path

from ml_action.core.dataclass import replace
from ml_action.core.errors import RepositoryError
from ml_action.git.command import Git
from ml_action.git.errors import explain
from ml_action.git.process import GitFailed
from ml_action.git.repository import HERE, Branches, Repository, Tips

ORIGIN = "origin"  # the name of a partial clone's remote
STORE = "store.git"
NEEDED = (2, 31)  # of git: GIT_CONFIG_COUNT, and rev-parse --path-format
OTHER_FORMAT = "mismatched algorithms"  # what git says if the server's objects have longer ids


def open_in_place(workspace: Git, state_branch: str) -> Repository:
    """Returns the workspace itself, for counting only: names in place of ids, no store, no fetch, no process."""
    tips = Tips("HEAD", f"refs/heads/{state_branch}", "")
    return Repository(workspace, HERE, "HEAD", workspace.directory, "HEAD", tips=tips)


def open_in_place_with_store(workspace: Git, state_branch: str, scratch: Path) -> Repository:
    """Returns the workspace with a store, for counts that write trees or compare files without git's attributes."""
    found = open_with_own_store(workspace, HERE, scratch)
    return replace(found, tips=Tips(found.head, workspace.object_id(f"refs/heads/{state_branch}"), ""))


def open_with_own_store(workspace: Git, remote: str, scratch: Path) -> Repository:
    """Returns a repository whose store borrows the workspace's objects. Its tips are not fetched yet.

    Raises:
        RepositoryError: the workspace is no git repository, or has no commit yet.
    """
    require_version(workspace)
    objects, shallow, object_format, head = _describe(workspace)
    store = new_store(workspace, scratch / STORE, object_format)
    _write(store.directory / "objects/info/alternates", objects.encode("utf-8", "surrogateescape") + b"\n")
    if Path(shallow).is_file():
        _write(store.directory / "shallow", Path(shallow).read_bytes())
    if any(Path(objects).glob("pack/*.promisor")):
        make_partial(store, remote)  # what a partial clone lacks is no damage
    # What the workspace has need not be sent again: fetch and push negotiate from refs.
    store.run("update-ref", "refs/workspace", head)
    return Repository(store, remote, head, workspace.directory, head)


def clone_blobless(git: Git, remote: str, branches: Branches, scratch: Path) -> Repository:
    """Returns a repository without a workspace: it has trees, and fetches blobs when they are read. One round trip."""
    require_version(git)
    try:
        found = _partial_clone(git, remote, scratch / STORE, "sha1").updated(branches)
    except RepositoryError as error:
        if OTHER_FORMAT not in str(error):
            raise
        found = _partial_clone(git, remote, scratch / f"sha256-{STORE}", "sha256").updated(branches)
    return replace(found, head=found.tips.base)


def _partial_clone(git: Git, remote: str, path: Path, object_format: str) -> Repository:
    store = new_store(git, path, object_format)
    make_partial(store, remote)
    return Repository(store, ORIGIN, "")  # fetched by the remote's name, so that later reads find the missing blobs


def require_version(git: Git) -> None:
    """Stops if git is too old: it would ignore settings that it does not know, the token among them.

    Raises:
        RepositoryError: it is older than NEEDED.
    """
    text = git.line("--version")
    found = re.search(r"\b(\d+)\.(\d+)", text)
    if found and (int(found[1]), int(found[2])) < NEEDED:
        raise RepositoryError(
            f"{text} is too old: {NEEDED[0]}.{NEEDED[1]} or later is needed",
            why="it ignores settings that it does not know; this runner or container has an old system",
            fix="install a newer git on the runner, or use a newer image",
        )


def _describe(workspace: Git) -> list[str]:
    """Returns the paths of objects and shallow marks, the object format, and the commit that is checked out."""
    try:
        output = workspace.line(
            "rev-parse",
            "--path-format=absolute",
            "--git-path",
            "objects",
            "--git-path",
            "shallow",
            "--show-object-format",
            "--verify",
            "HEAD^{commit}",
        )
    except GitFailed as failed:
        empty = "needed a single revision" in failed.output.lower()
        raise (_no_commit(failed) if empty else explain(failed)) from failed
    return output.splitlines()


def new_store(git: Git, path: Path, object_format: str) -> Git:
    """Makes an empty bare repository in a folder that exists, with the environment of another one."""
    replace(git, directory=path.parent).run(
        "init", "--quiet", "--bare", "--template=", f"--object-format={object_format}", str(path)
    )
    return replace(git, directory=path)


def make_partial(store: Git, remote: str, leave_out: str = "blob:none") -> None:
    """Makes the store a partial clone (gitformat-pack(5), partial-clone in git's technical documentation).

    Args:
        store: a bare repository.
        remote: the address that it is a clone of.
        leave_out: the objects that are not fetched, as a filter of git-rev-list(1).
    """
    for key, value in (
        (f"remote.{ORIGIN}.url", remote),
        (f"remote.{ORIGIN}.promisor", "true"),
        (f"remote.{ORIGIN}.partialCloneFilter", leave_out),
        ("extensions.partialClone", ORIGIN),
    ):
        store.run("config", key, value)


def address_of(repository: Repository) -> str:
    """Returns the address of the remote. A clone without a checkout names the remote, so that blobs can follow."""
    if repository.remote != ORIGIN:
        return repository.remote
    return repository.store.line("config", "--get", f"remote.{ORIGIN}.url")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _no_commit(failed: GitFailed) -> RepositoryError:
    return RepositoryError(
        "the repository has no commit yet",
        why=f"it was just made ({failed.output.splitlines()[0]})",
        fix="commit and push the datasets first",
    )
