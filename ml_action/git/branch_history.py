"""The commits of a branch on the server, which a clone without history does not know."""

from __future__ import annotations

from ml_action.git import remote as server
from ml_action.git.command import Git
from ml_action.git.errors import explain
from ml_action.git.open import ORIGIN, address_of, make_partial, new_store
from ml_action.git.process import GitFailed
from ml_action.git.repository import FETCH_OPTIONS, UPLOAD_PACK, Repository

TIP = "refs/tip"


def contains(repository: Repository, branch: str, tip: str, commit: str) -> bool:
    """Whether the branch, whose last commit is `tip`, contains a commit.

    The branch's commits are fetched without their files, in one round trip, unless the commit is the tip.

    Raises:
        RepositoryError: the server could not be reached.
    """
    if commit == tip:
        return True
    commits = fetch_commits(repository, branch, "base-history.git")
    return commit in commits.line("rev-list", TIP).splitlines()


def fetch_commits(repository: Repository, branch: str, folder: str) -> Git:
    """Returns a new store of that name, with the branch's commits at `TIP` and without their files.

    Raises:
        RepositoryError: the server could not be reached.
    """
    store = repository.store
    kind = store.line("rev-parse", "--show-object-format")
    commits = new_store(store, store.directory.with_name(folder), kind)
    make_partial(commits, address_of(repository), leave_out="tree:0")
    try:
        server.read(commits, "fetch", *FETCH_OPTIONS, UPLOAD_PACK, ORIGIN, f"+refs/heads/{branch}:{TIP}")
    except GitFailed as failed:
        raise explain(failed) from failed
    return commits


def parents(store: Git, commit: str) -> tuple[str, ...]:
    """Returns the parents of a commit as it names them, whether they are in the store or not."""
    lines = store.run("cat-file", "commit", commit).decode("utf-8", "replace").split("\n\n", 1)[0].splitlines()
    return tuple(line.removeprefix("parent ") for line in lines if line.startswith("parent "))
