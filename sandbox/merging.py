"""Merges made in the bare repository: three methods, no worktree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.clock import now
from sandbox.git import Commit, Git, Person
from sandbox.identities import Identity
from sandbox.records import PullRequest

if TYPE_CHECKING:
    from sandbox.repository import Repository

GITHUB = Person("GitHub", "noreply@github.com")


@dataclass(frozen=True)
class Order:
    """Who merges how, and in which words; empty words mean GitHub's own."""

    by: Identity
    method: str  # merge squash rebase
    title: str = ""
    message: str = ""


def perform(repository: Repository, pull: PullRequest, order: Order) -> str | None:
    """Merge into the base. None: it conflicts, or the base moved meanwhile."""
    commit = METHODS[order.method](repository, pull, order)
    base = f"refs/heads/{pull.base}"
    if commit is None or not repository.git.move(base, commit, pull.base_sha):
        return None
    repository.signed.add(commit)
    pull.mark_merged(commit, order.by)
    own = not pull.fork and f"refs/heads/{pull.head}" in repository.git.refs()
    if repository.settings.delete_branch_on_merge and own:
        repository.git.delete(f"refs/heads/{pull.head}")
    return commit


def _merge(repository: Repository, pull: PullRequest, order: Order) -> str | None:
    title = order.title or f"Merge pull request #{pull.number} from {repository.head_owner(pull)}/{pull.head}"
    parents = (pull.base_sha, pull.head_sha)
    return _write(repository.git, parents, _text(title, order.message or pull.title), pull, order)


def _squash(repository: Repository, pull: PullRequest, order: Order) -> str | None:
    commits = repository.git.between(pull.base_sha, pull.head_sha)
    single = commits[0].message if len(commits) == 1 else ""
    title = order.title or f"{single.partition(chr(10))[0] or pull.title} (#{pull.number})"
    body = single.partition("\n")[2].strip() if single else "\n\n".join(f"* {c.message}" for c in commits)
    return _write(repository.git, (pull.base_sha,), _text(title, order.message or body), pull, order)


def _write(git: Git, parents: tuple[str, ...], text: str, pull: PullRequest, order: Order) -> str | None:
    tree = git.merged_tree(pull.base_sha, pull.head_sha)
    author = Person(order.by.login, order.by.email)
    return tree and git.write_commit(tree, parents, text, author, GITHUB)


def _rebase(repository: Repository, pull: PullRequest, order: Order) -> str | None:
    onto = pull.base_sha
    committer = Person(order.by.login, order.by.email, now())
    for commit in repository.git.between(pull.base_sha, pull.head_sha):
        if len(commit.parents) > 1:
            continue  # as git rebase does: a merge commit is not replayed
        replayed = _replay(repository.git, commit, onto, committer)
        if replayed is None:
            return None
        onto = replayed
    return onto


def _replay(git: Git, commit: Commit, onto: str, committer: Person) -> str | None:
    """Cherry-pick without a worktree.

    `merge-tree --merge-base` came with git 2.40. A stand-in commit with the new base's tree and the old
    parent gives the three-way merge the same merge base on git 2.39.
    """
    new_base = git.commit(onto)
    stand_in = git.write_commit(new_base.tree, commit.parents, "stand-in", committer, committer)
    tree = git.merged_tree(stand_in, commit.sha)
    return tree and git.write_commit(tree, (onto,), commit.message, commit.author, committer)


def _text(title: str, body: str) -> str:
    return f"{title}\n\n{body}".strip()


METHODS: dict[str, Callable[[Repository, PullRequest, Order], str | None]] = {
    "merge": _merge,
    "squash": _squash,
    "rebase": _rebase,
}
