"""Merges in the bare repository by one of three methods, without a worktree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.accounts import Account
from sandbox.clock import now
from sandbox.git.command import Git
from sandbox.git.objects import Commit, Person
from sandbox.records import PullRequest
from sandbox.repository import Repository

GITHUB = Person("GitHub", "noreply@github.com")
HEAD_MOVED = "Head branch was modified. Review and try the merge again."
METHOD_FORBIDDEN = {
    "merge": "Merge commits are not allowed on this repository.",
    "squash": "Squash merges are not allowed on this repository.",
    "rebase": "Rebase merges are not allowed on this repository.",
}


@dataclass(frozen=True)
class MergeRequest:
    """Who merges, by which method, and with which message; an empty title or message means GitHub's default."""

    by: Account
    method: str  # merge squash rebase
    title: str = ""
    message: str = ""


def merge(repository: Repository, pull: PullRequest, request: MergeRequest) -> str | None:
    """Merges a pull request into its base.

    Returns:
        The commit, or `None` if there is a conflict or the base has moved.
    """
    commit = METHODS[request.method](repository, pull, request)
    base = f"refs/heads/{pull.base}"
    if commit is None or not repository.git.move(base, commit, pull.base_sha):
        return None
    repository.signed.add(commit)
    pull.mark_merged(commit, request.by)
    own = not pull.fork and f"refs/heads/{pull.head}" in repository.git.refs()
    if repository.settings.delete_branch_on_merge and own:
        repository.git.delete(f"refs/heads/{pull.head}")
    return commit


def _merge_commit(repository: Repository, pull: PullRequest, request: MergeRequest) -> str | None:
    title = request.title or f"Merge pull request #{pull.number} from {repository.head_owner(pull)}/{pull.head}"
    message = _message(title, request.message or pull.title)
    return _commit(repository.git, (pull.base_sha, pull.head_sha), message, pull, request)


def _squash(repository: Repository, pull: PullRequest, request: MergeRequest) -> str | None:
    commits = repository.git.between(pull.base_sha, pull.head_sha)
    single = commits[0].message if len(commits) == 1 else ""
    title = request.title or f"{single.partition(chr(10))[0] or pull.title} (#{pull.number})"
    body = single.partition("\n")[2].strip() if single else "\n\n".join(f"* {c.message}" for c in commits)
    return _commit(repository.git, (pull.base_sha,), _message(title, request.message or body), pull, request)


def _commit(git: Git, parents: tuple[str, ...], message: str, pull: PullRequest, request: MergeRequest) -> str | None:
    tree = git.merged_tree(pull.base_sha, pull.head_sha)
    author = Person(request.by.login, request.by.email)
    return tree and git.write_commit(tree, parents, message, author, GITHUB)


def _rebase(repository: Repository, pull: PullRequest, request: MergeRequest) -> str | None:
    onto = pull.base_sha
    committer = Person(request.by.login, request.by.email, now())
    for commit in repository.git.between(pull.base_sha, pull.head_sha):
        if len(commit.parents) > 1:
            continue  # like git rebase, which does not replay merge commits
        replayed = _replay(repository.git, commit, onto, committer)
        if replayed is None:
            return None
        onto = replayed
    return onto


def _replay(git: Git, commit: Commit, onto: str, committer: Person) -> str | None:
    """Cherry-picks a commit without a worktree.

    `merge-tree --merge-base` needs git 2.40. A temporary commit with the new base's tree and the old parent gives the
    three-way merge the same merge base on git 2.39.
    """
    new_base = git.commit(onto)
    temporary = git.write_commit(new_base.tree, commit.parents, "temporary", committer, committer)
    tree = git.merged_tree(temporary, commit.sha)
    return tree and git.write_commit(tree, (onto,), commit.message, commit.author, committer)


def _message(title: str, body: str) -> str:
    return f"{title}\n\n{body}".strip()


METHODS: dict[str, Callable[[Repository, PullRequest, MergeRequest], str | None]] = {
    "merge": _merge_commit,
    "squash": _squash,
    "rebase": _rebase,
}
