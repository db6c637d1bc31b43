"""The changes of pull requests after branches have moved: updated, closed, merged, merged automatically."""

from __future__ import annotations

from sandbox.accounts import Account
from sandbox.clock import now
from sandbox.pull_requests import merge_queue
from sandbox.pull_requests.merge import MergeRequest, merge
from sandbox.pull_requests.mergeability import mergeability_of
from sandbox.records import PullRequest
from sandbox.repository import Repository


def synchronise(repository: Repository, pusher: Account | None) -> None:
    """Updates every open pull request from the refs, and repeats that after each auto-merge."""
    while True:
        refs = repository.git.refs()
        for pull in repository.open_pulls():
            update(repository, pull, refs, pusher)
        if not any(auto_merge(repository, pull) for pull in repository.open_pulls()):
            return


def update(repository: Repository, pull: PullRequest, refs: dict[str, str], pusher: Account | None) -> None:
    """Updates one pull request after its branches may have moved."""
    head, base = head_tip(repository, pull, refs), refs.get(f"refs/heads/{pull.base}")
    if base and is_merged(repository, pull, head or pull.head_sha, base):
        adopt_head(repository, pull, head or pull.head_sha, pusher)
        pull.mark_merged(base, pusher)
    elif not head or not base or (head != pull.head_sha and repository.git.is_ancestor(head, base)):
        pull.close(pusher)  # a branch was deleted, or a force push left nothing to merge
    else:
        pull.base_sha = base
        adopt_head(repository, pull, head, pusher)


def head_tip(repository: Repository, pull: PullRequest, refs: dict[str, str]) -> str | None:
    """Returns the tip of the head branch after fetching its commits; a pull request outlives its deleted fork."""
    home = repository.head_repository(pull)
    if home is None:
        return pull.head_sha
    if home is repository:
        return refs.get(f"refs/heads/{pull.head}")
    return tip_of_fork(repository, home, pull.head)


def tip_of_fork(repository: Repository, fork: Repository, branch: str) -> str | None:
    """Returns the tip of a fork's branch after fetching its commits, because forks on GitHub share their objects."""
    tip = fork.git.refs().get(f"refs/heads/{branch}")
    if tip and repository.git.resolve(tip) is None:
        repository.git.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(fork.path), tip)
    return tip


def is_merged(repository: Repository, pull: PullRequest, head: str, base: str) -> bool:
    """Whether the base contains the head since it moved: a push has merged it."""
    contains = repository.git.is_ancestor
    return base != pull.base_sha and contains(head, base) and not contains(head, pull.base_sha)


def adopt_head(repository: Repository, pull: PullRequest, head: str, pusher: Account | None) -> None:
    """Moves the head: remembers who pushed, dismisses stale approvals, and leaves the merge queue."""
    if head == pull.head_sha:
        return
    rule = repository.rule(pull.base)
    stale = pull.reviews if rule and rule.dismiss_stale else []
    for review in stale:
        review.state = "DISMISSED" if review.state == "APPROVED" else review.state
    pull.former_heads.add(pull.head_sha)
    pull.head_sha, pull.updated_at, pull.queued_by = head, now(), None  # the queue had accepted the old head
    pull.last_pusher = pusher.login if pusher else ""
    keep_head(repository, pull)


def keep_head(repository: Repository, pull: PullRequest) -> None:
    """Writes the ref of the head that GitHub keeps forever, even after the branch is deleted."""
    ref = f"refs/pull/{pull.number}/head"
    repository.git.run("update-ref", ref, pull.head_sha)


def auto_merge(repository: Repository, pull: PullRequest) -> bool:
    """Carries out auto-merge if the requirements are met. Returns whether the pull request was merged."""
    wanted = pull.auto_merge
    if wanted is None or not mergeability_of(repository, pull).ready:
        return False
    if merge_queue.is_required(repository, pull):
        pull.queued_by, pull.auto_merge = wanted.enabled_by, None
        return False
    merged = merge(repository, pull, MergeRequest(wanted.enabled_by, wanted.method, wanted.title, wanted.message))
    if merged is None:
        pull.auto_merge = None  # GitHub cancels it when the branch cannot be rebased
    return merged is not None
