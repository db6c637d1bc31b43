"""GitHub, through PyGithub: the only module that knows its types, texts and traps.

While there is trouble, reads are repeated. So are writes, after a look: the first may have had its effect before its
answer was lost. What is not done then is left to the next run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

from github.Commit import Commit
from github.PullRequest import PullRequest as Raw

from ml_action.core.errors import ForgeError
from ml_action.core.records.promotion import Proposal, PullRequest
from ml_action.core.records.repository_facts import RepositoryFacts
from ml_action.core.retry import RetryBudget
from ml_action.forge.base import Approval, MergeAnswer, MergeReply, Refused
from ml_action.forge.github import comments, convert, labels, repository_facts
from ml_action.forge.github.errors import Operation, merge_reply
from ml_action.forge.github.issues import GitHubIssues
from ml_action.forge.github.repository_facts import BranchNames
from ml_action.forge.github.session import GitHubSession, Timing


class GitHub:
    """The pull requests of one repository on GitHub, or on a GitHub Enterprise server; see `Forge`."""

    def __init__(
        self,
        api_url: str,
        repository: str,
        token: str,
        approver_token: str = "",
        *,
        patience: RetryBudget,
        pace: Timing | None = None,
    ) -> None:
        """Nothing is sent yet.

        Raises:
            ForgeError: a token is empty or is not one word.
        """
        logging.getLogger("github").handlers.clear()  # PyGithub prints requests to stderr, which the runner parses
        self.repository = repository
        pace = pace or Timing()
        self._author = GitHubSession(api_url, repository, "token", token, pace, patience)
        self._approver = (
            GitHubSession(api_url, repository, "approver-token", approver_token, pace, patience)
            if approver_token
            else None
        )
        self._labels: set[str] = set()  # that are known to be there
        self._pulls: dict[int, Raw] = {}  # as GitHub told them last: saves asking for what we were just told

    def board(self) -> GitHubIssues:
        """Where the dashboard is kept."""
        return GitHubIssues(self._author)

    def facts(self, names: BranchNames, *, thorough: bool) -> RepositoryFacts:
        """What GitHub tells about the repository and the tokens; see `lookout`."""
        found, seen = repository_facts.fetch_facts(self._author, self._approver, names, thorough=thorough)
        self._labels |= {names.label.casefold()} if seen.label else set()
        return found

    def close(self) -> None:
        """Let go of the connections."""
        for identity in filter(None, (self._author, self._approver)):
            identity.client.close()

    def default_branch(self) -> str:
        """The branch that the service reads."""
        return self._author.ask(
            Operation("tell the default branch", "contents: read"), lambda: str(self._author.repo.default_branch)
        )

    def author(self) -> str:
        """The login of the identity that opens pull requests."""
        return self._author.login()

    def approver(self) -> str:
        """The login of the second identity; empty when there is none."""
        return self._approver.login() if self._approver else ""

    def find(self, branch: str) -> PullRequest | None:
        """The pull request of this repository's branch: the open one, else the newest finished one."""
        # the owner's other forks match this too: `_newest` leaves them out
        head = f"{self.repository.split('/')[0]}:{branch}"
        call = Operation("list the pull requests", "pull-requests: read")
        return self._author.ask(call, lambda: self._newest(self._author.repo.get_pulls(state="all", head=head)))

    def get(self, number: int) -> PullRequest:
        """The pull request as it is now, with its mergeable state."""
        call = Operation(f"show the pull request {number}", "pull-requests: read")
        return self._author.ask(call, lambda: self._record(self._author.repo.get_pull(number).complete()))

    def open(self, proposal: Proposal) -> PullRequest | None:
        """Open it, or find the one that is open already: perhaps ours, when only the answer was lost."""
        call = Operation("open the pull request", "pull-requests: write")
        try:
            return self._author.ask(call, lambda: self._created(proposal), lambda: self._opened(proposal))
        except Refused:
            found = self._opened(proposal)
            if found is None:
                raise
            return found

    def edit(self, pull: PullRequest, *, title: str, body: str) -> PullRequest:
        """Replace title and body."""
        raw = self._raw(pull)

        def edit() -> PullRequest:
            raw.edit(title=title, body=body)
            return self._record(raw)

        def look() -> PullRequest | None:
            fresh = self.get(pull.number)  # changed by us, or by a person whose word stands
            return fresh if (fresh.title, fresh.body) != (pull.title, pull.body) else None

        return self._author.ask(Operation("edit the pull request", "pull-requests: write"), edit, look)

    def ready(self, pull: PullRequest) -> PullRequest:
        """Make it a pull request to be reviewed and merged: it was a draft."""
        call = Operation("take the pull request out of draft", "pull-requests: write")
        self._author.ask(call, self._raw(pull).mark_ready_for_review)
        return replace(pull, draft=False)

    def label(self, pull: PullRequest, name: str) -> None:
        """Put the label on it; the label is created when the repository does not have it."""
        labels.ensure(self._author, self._raw(pull), name, known=name.casefold() in self._labels)

    def comment_once(self, pull: PullRequest, marker: str, text: str) -> bool:
        """Say something, unless a comment with this hidden marker says it already."""
        return comments.post_once(self._author, self._raw(pull), marker, text)

    def tell(self, number: int, marker: str, text: str, *, anew: bool = True) -> bool:
        """Say it in one comment of ours that is edited in place; people who quote its marker keep their words."""
        return comments.upsert(self._author, self._author.repo.get_pull(number), marker, text, anew=anew)

    def changed_paths(self, pull: PullRequest) -> tuple[str, ...]:
        """Every path that it changes, the former path of a renamed file included."""
        files = self._author.ask(
            Operation("list the changed files", "pull-requests: read"), lambda: list(self._raw(pull).get_files())
        )
        return tuple(path for file in files for path in (file.filename, file.previous_filename) if path)

    def approvals(self, pull: PullRequest) -> frozenset[Approval]:
        """The approvals that stand, the last word of each reviewer, and those that were dismissed."""
        reviews = self._author.ask(
            Operation("list the reviews", "pull-requests: read"), lambda: list(self._raw(pull).get_reviews())
        )
        return convert.approvals(reviews)

    def approve(self, pull: PullRequest, commit: str, text: str) -> None:
        """Approve this commit of it, as the second identity."""
        identity = self._approver
        if identity is None:
            raise Refused(
                "the pull request was not approved",
                why="approver-token is empty",
                fix="pass the token of a second identity as approver-token",
            )
        call = Operation("approve the pull request", "pull-requests: write", "approver-token")
        review = Commit(identity.client.requester, {}, {"sha": commit}, completed=True)
        raw = identity.repo.get_pull(pull.number)

        def look() -> object:
            return Approval(identity.login(), commit) in self.approvals(pull) or None

        identity.ask(call, lambda: raw.create_review(review, text, "APPROVE"), look)

    def merge(self, pull: PullRequest, commit: str, method: str) -> MergeAnswer:
        """Merge it now, if its head is this commit."""
        call = Operation("merge the pull request", "contents: write")
        act = lambda: self._raw(pull).merge(merge_method=method, sha=commit)  # noqa: E731
        return self._try(call, act, lambda: self._is_merged(pull, commit))

    def enable_auto_merge(self, pull: PullRequest, commit: str, method: str) -> MergeAnswer:
        """Let GitHub merge it when its requirements are met, if its head is this commit; asked for once."""
        raw = self._raw(pull)
        if raw.auto_merge:
            return MergeAnswer(MergeReply.DONE)
        call = Operation("enable auto-merge", "contents: write and pull-requests: write")
        act = lambda: raw.enable_automerge(merge_method=method.upper(), expected_head_oid=commit)  # noqa: E731
        return self._try(call, act, lambda: self._is_merged(pull, commit) or self._raw(pull).auto_merge)

    def enqueue(self, pull: PullRequest, commit: str) -> MergeAnswer:
        """Put it into the base branch's merge queue, if its head is this commit.

        Not by auto-merge, which waits for a change that has happened already: https://github.com/cli/cli/issues/13398
        """
        given = {"pullRequestId": self._raw(pull).node_id, "expectedHeadOid": commit}
        call = Operation("put the pull request into the merge queue", "contents: write and pull-requests: write")
        ask = self._author.client.requester.graphql_named_mutation
        # done twice it is refused: it stands in the queue already
        act = lambda: ask("enqueuePullRequest", given, "mergeQueueEntry { position }")  # noqa: E731
        return self._try(call, act, lambda: self._is_merged(pull, commit))

    def disable_auto_merge(self, pull: PullRequest) -> None:
        """Take back the order to merge it, if there is one."""
        raw = self._raw(pull)

        def look() -> object:
            return self.get(pull.number).state != "open" or not self._raw(pull).auto_merge or None

        if raw.auto_merge:
            call = Operation("disable auto-merge", "contents: write and pull-requests: write")
            self._author.ask(call, raw.disable_automerge, look)

    def retire(self, pull: PullRequest, marker: str, text: str) -> PullRequest:
        """Close it, and say why before: a run that dies in between says it and closes it the next time."""
        self.disable_auto_merge(pull)
        self.comment_once(pull, marker, text)
        raw = self._raw(pull)

        def end() -> PullRequest:
            raw.edit(state="closed")
            return self._record(raw)

        def look() -> PullRequest | None:
            fresh = self.get(pull.number)
            return fresh if fresh.state != "open" else None

        return self._author.ask(Operation("close the pull request", "pull-requests: write"), end, look)

    def _try(self, call: Operation, act: Callable[[], object], look: Callable[[], object]) -> MergeAnswer:
        """Ask for a merge: GitHub's no is an answer here, trouble on the way is not.

        GitHub also says no to what is done already, perhaps by another run: so a no is looked into.
        """
        try:
            self._author.ask(call, act, look)
        except ForgeError as problem:
            reply = merge_reply(problem)
            if reply.reply is not MergeReply.REFUSED:
                return reply
            if not isinstance(problem, Refused):
                raise
            return MergeAnswer(MergeReply.DONE) if look() else reply
        return MergeAnswer(MergeReply.DONE)

    def _is_merged(self, pull: PullRequest, commit: str) -> bool | None:
        """Whether this commit of it is merged by now; None: it is not."""
        fresh = self.get(pull.number)
        return (fresh.state == "merged" and fresh.head_sha == commit) or None

    def _created(self, proposal: Proposal) -> PullRequest:
        raw = self._author.repo.create_pull(
            base=proposal.base,
            head=proposal.branch,
            title=proposal.title,
            body=proposal.body,
            draft=proposal.draft,
        )
        pull = self._record(raw)
        self._author.learn(pull.author)
        return pull

    def _opened(self, proposal: Proposal) -> PullRequest | None:
        """The pull request of the branch that is open, or was until somebody merged this very commit."""
        found = self.find(proposal.branch)
        ours = found and (found.state == "open" or (found.state == "merged" and found.head_sha == proposal.commit))
        return found if ours else None

    def _newest(self, listed: Iterable[Raw]) -> PullRequest | None:
        """The open one of this repository's own, else the first: GitHub lists the newest first."""
        newest = None
        for raw in listed:
            pull = self._record(raw, complete=False)
            if pull.head_repository != raw.base.repo.full_name:
                continue
            if pull.state == "open":
                return pull
            newest = newest or pull
        return newest

    def _raw(self, pull: PullRequest) -> Raw:
        """PyGithub's object: the one we were told last, else one that is fetched when an answer needs it."""
        return self._pulls.get(pull.number) or self._author.repo.get_pull(pull.number)

    def _record(self, raw: Raw, *, complete: bool = True) -> PullRequest:
        """Our noun for PyGithub's object, which is kept."""
        pull = convert.pull_request(raw, complete=complete)
        self._pulls[pull.number] = raw
        return pull
