"""What happens to pull requests when branches move: followed, closed, merged, merged automatically."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox import merge_queue, merging
from sandbox.clock import now
from sandbox.identities import Identity
from sandbox.records import PullRequest

if TYPE_CHECKING:
    from sandbox.repository import Repository


def synchronise(repository: Repository, pusher: Identity | None) -> None:
    """Bring every open pull request up to date with the refs; repeat while auto-merges move them again."""
    while True:
        refs = repository.git.refs()
        for pull in repository.open_pulls():
            follow(repository, pull, refs, pusher)
        if not any(merge_if_ordered(repository, pull) for pull in repository.open_pulls()):
            return


def follow(repository: Repository, pull: PullRequest, refs: dict[str, str], pusher: Identity | None) -> None:
    """One pull request after its branches may have moved."""
    head, base = head_tip(repository, pull, refs), refs.get(f"refs/heads/{pull.base}")
    if base and arrived(repository, pull, head or pull.head_sha, base):
        adopt_head(repository, pull, head or pull.head_sha, pusher)
        pull.mark_merged(base, pusher)
    elif not head or not base or (head != pull.head_sha and repository.git.is_ancestor(head, base)):
        pull.close()  # a branch is gone, or a force push left nothing to merge
    else:
        pull.base_sha = base
        adopt_head(repository, pull, head, pusher)


def head_tip(repository: Repository, pull: PullRequest, refs: dict[str, str]) -> str | None:
    """Where the head branch points, with its commits at hand; a pull request outlives the fork it came from."""
    home = repository.head_repository(pull)
    if home is None:
        return pull.head_sha
    if home is repository:
        return refs.get(f"refs/heads/{pull.head}")
    return tip_of_fork(repository, home, pull.head)


def tip_of_fork(repository: Repository, fork: Repository, branch: str) -> str | None:
    """Where a fork's branch points; its commits are fetched, as GitHub's forks share their objects."""
    tip = fork.git.refs().get(f"refs/heads/{branch}")
    if tip and repository.git.resolve(tip) is None:
        repository.git.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(fork.path), tip)
    return tip


def arrived(repository: Repository, pull: PullRequest, head: str, base: str) -> bool:
    """Whether the base has come to contain the head: someone merged by pushing."""
    contains = repository.git.is_ancestor
    return base != pull.base_sha and contains(head, base) and not contains(head, pull.base_sha)


def adopt_head(repository: Repository, pull: PullRequest, head: str, pusher: Identity | None) -> None:
    """The head branch moved: remember who pushed, dismiss what the rule calls stale."""
    if head == pull.head_sha:
        return
    rule = repository.rule(pull.base)
    stale = pull.reviews if rule and rule.dismiss_stale else []
    for review in stale:
        review.state = "DISMISSED" if review.state == "APPROVED" else review.state
    pull.former_heads.add(pull.head_sha)
    pull.head_sha, pull.updated_at, pull.queued_by = head, now(), None  # what was queued is not what is there now
    pull.last_pusher = pusher.login if pusher else ""
    keep_head(repository, pull)


def keep_head(repository: Repository, pull: PullRequest) -> None:
    """The ref that GitHub keeps for ever, also when the branch is deleted."""
    ref = f"refs/pull/{pull.number}/head"
    repository.git.run("update-ref", ref, pull.head_sha)


def merge_if_ordered(repository: Repository, pull: PullRequest) -> bool:
    """Carry out a standing auto-merge order when nothing stands against it any more."""
    order = pull.auto_merge
    if order is None or not repository.standing(pull).ready:
        return False
    if merge_queue.guards(repository, pull):
        pull.queued_by, pull.auto_merge = order.enabled_by, None
        return False
    merged = merging.perform(
        repository, pull, merging.Order(order.enabled_by, order.method, order.title, order.message)
    )
    if merged is None:
        pull.auto_merge = None  # it cannot be rebased: GitHub takes the order back
    return merged is not None
