"""The three ways to merge on GitHub: directly, by auto-merge, and through a merge queue."""

from __future__ import annotations

from collections.abc import Callable

from ml_action.core.errors import ForgeError
from ml_action.core.records.promotion import PullRequest
from ml_action.forge.base import MergeAnswer, MergeReply, Refused
from ml_action.forge.github.errors import Operation, merge_reply
from ml_action.forge.github.pulls import PullRequestCache
from ml_action.forge.github.session import GitHubSession

MERGE = Operation("merge the pull request", "contents: write")
ENABLE = Operation("enable auto-merge", "contents: write and pull-requests: write")
DISABLE = Operation("disable auto-merge", "contents: write and pull-requests: write")
ENQUEUE = Operation("put the pull request into the merge queue", "contents: write and pull-requests: write")


class GitHubMerges:
    """Requests merges. GitHub's refusal is an answer here, and only other failures are errors."""

    def __init__(self, session: GitHubSession, pulls: PullRequestCache) -> None:
        self.session = session
        self.pulls = pulls

    def merge(self, pull: PullRequest, commit: str, method: str) -> MergeAnswer:
        """Merges the pull request now if its head is this commit."""

        def send() -> object:
            return self.pulls.raw(pull).merge(merge_method=method, sha=commit)

        return self.request(MERGE, send, lambda: self.is_merged(pull, commit))

    def request(
        self, operation: Operation, send: Callable[[], object], find_effect: Callable[[], object]
    ) -> MergeAnswer:
        """Returns the answer to a request to merge.

        GitHub also refuses what is done already, perhaps by another run: so a refusal is checked with `find_effect`.
        """
        try:
            self.session.call(operation, send, find_effect)
        except ForgeError as problem:
            answer = merge_reply(problem)
            if answer.reply is not MergeReply.REFUSED:
                return answer
            if not isinstance(problem, Refused):
                raise
            return MergeAnswer(MergeReply.DONE) if find_effect() else answer
        return MergeAnswer(MergeReply.DONE)

    def is_merged(self, pull: PullRequest, commit: str) -> bool | None:
        """Returns True if this commit of the pull request is merged by now, else `None`."""
        fresh = self.pulls.get(pull.number)
        return (fresh.state == "merged" and fresh.head_sha == commit) or None


class GitHubAutoMerge:
    """Auto-merge; implements `AutoMerge`."""

    def __init__(self, merges: GitHubMerges) -> None:
        self._merges = merges
        self._pulls = merges.pulls

    def enable(self, pull: PullRequest, commit: str, method: str) -> MergeAnswer:
        """Enables auto-merge if the head is this commit and auto-merge is not on already."""
        raw = self._pulls.raw(pull)
        if raw.auto_merge:
            return MergeAnswer(MergeReply.DONE)

        def send() -> object:
            return raw.enable_automerge(merge_method=method.upper(), expected_head_oid=commit)

        def find_effect() -> object:
            return self._merges.is_merged(pull, commit) or self._pulls.raw(pull).auto_merge

        return self._merges.request(ENABLE, send, find_effect)

    def disable(self, pull: PullRequest) -> None:
        """Disables auto-merge if it is enabled."""
        raw = self._pulls.raw(pull)

        def find_effect() -> object:
            return self._pulls.get(pull.number).state != "open" or not self._pulls.raw(pull).auto_merge or None

        if raw.auto_merge:
            self._merges.session.call(DISABLE, raw.disable_automerge, find_effect)


class GitHubMergeQueue:
    """The merge queue; implements `MergeQueue`."""

    def __init__(self, merges: GitHubMerges) -> None:
        self._merges = merges

    def add(self, pull: PullRequest, commit: str) -> MergeAnswer:
        """Adds the pull request to the queue if its head is this commit.

        Auto-merge would wait for a change that has happened already: https://github.com/cli/cli/issues/13398
        """
        values = {"pullRequestId": self._merges.pulls.raw(pull).node_id, "expectedHeadOid": commit}
        mutate = self._merges.session.client.requester.graphql_named_mutation

        def send() -> object:  # GitHub refuses a repetition: the pull request is in the queue already
            return mutate("enqueuePullRequest", values, "mergeQueueEntry { position }")

        return self._merges.request(ENQUEUE, send, lambda: self._merges.is_merged(pull, commit))
