"""GitHub, through PyGithub. No module outside this package knows its types, texts and pitfalls.

While failures are transient, reads are repeated. Writes are repeated after a check: the first may have had its effect
although its response was lost. What is not done then is left to the next run.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from urllib.parse import quote

from github.Commit import Commit

from ml_action.core.records.promotion import Proposal, PullRequest
from ml_action.core.records.repository_facts import RepositoryFacts
from ml_action.forge.base import Approval, ForgeLimits, MergeAnswer, Refused
from ml_action.forge.github import comments, convert, labels, repository_facts
from ml_action.forge.github.branch_protection import BranchNames
from ml_action.forge.github.errors import Operation
from ml_action.forge.github.issues import GitHubIssues
from ml_action.forge.github.merging import GitHubAutoMerge, GitHubMergeQueue, GitHubMerges
from ml_action.forge.github.pulls import PullRequestCache
from ml_action.forge.github.session import ApiAccess, Credential, GitHubSession

# "body is too long (maximum is 65536 characters)" (HTTP 422), the same for titles, and the files that it lists:
# https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files
LIMITS = ForgeLimits(title=256, body=65_536, changed_files=3_000)

LIST = Operation("list the pull requests", "pull-requests: read")
OPEN = Operation("open the pull request", "pull-requests: write")
EDIT = Operation("edit the pull request", "pull-requests: write")
CLOSE = Operation("close the pull request", "pull-requests: write")
REOPEN = Operation("open the pull request again", "pull-requests: write")
CLOSED_BY = Operation("show who closed the pull request", "pull-requests: read")
PERMISSION = Operation("show what an account may do here", "metadata: read")
MARK_READY = Operation("take the pull request out of draft", "pull-requests: write")
APPROVE = Operation("approve the pull request", "pull-requests: write", "approver-token")
LIST_FILES = Operation("list the changed files", "pull-requests: read")
LIST_REVIEWS = Operation("list the reviews", "pull-requests: read")
DEFAULT_BRANCH = Operation("show the default branch", "contents: read")


class GitHub:
    """The pull requests of one repository on GitHub or GitHub Enterprise Server; implements `Forge`."""

    name = "GitHub"
    limits = LIMITS

    def __init__(
        self, access: ApiAccess, repository: str, token: str, approver_token: str = "", *, page: str = ""
    ) -> None:
        """Sends nothing.

        Args:
            access: where the API is, and how it is called.
            repository: owner/name.
            token: the author's token.
            approver_token: the second identity's token, if there is one.
            page: the repository's address for people.

        Raises:
            ForgeError: a token is empty or contains a space.
        """
        logging.getLogger("github").handlers.clear()  # PyGithub prints requests to stderr, which the runner parses
        self.repository = repository
        self._page = page
        self._author = GitHubSession(access, repository, Credential("token", token))
        approver = Credential("approver-token", approver_token)
        self._approver = GitHubSession(access, repository, approver) if approver_token else None
        self._writers: dict[str, bool | None] = {}  # whether an account may write, by its login
        self._labels: set[str] = set()  # labels that are known to exist, in lower case
        self._pulls = PullRequestCache(self._author)
        self._merges = GitHubMerges(self._author, self._pulls)
        self.auto_merge = GitHubAutoMerge(self._merges)
        self.merge_queue = GitHubMergeQueue(self._merges)

    def issues(self) -> GitHubIssues:
        """Returns the store of the dashboard."""
        return GitHubIssues(self._author, self.may_write)

    def facts(self, names: BranchNames, *, thorough: bool) -> RepositoryFacts:
        """Returns the facts about the repository and the tokens; see `repository_facts`."""
        found, result = repository_facts.fetch_facts(self._author, self._approver, names, thorough=thorough)
        self._labels |= {names.label.casefold()} if result.label else set()
        return found

    def close(self) -> None:
        """Closes the connections."""
        for session in filter(None, (self._author, self._approver)):
            session.client.close()

    def default_branch(self) -> str:
        """Returns the repository's default branch."""
        return self._author.call(DEFAULT_BRANCH, lambda: str(self._author.repo.default_branch))

    def author(self) -> str:
        """Returns the login of the identity that opens pull requests."""
        return self._author.login()

    def approver(self) -> str:
        """Returns the login of the second identity, or "" if only one is used."""
        return self._approver.login() if self._approver else ""

    def compare_url(self, base: str, branch: str) -> str:
        """Returns the page where a person can open a pull request, or "" if the repository's page is unknown."""
        return f"{self._page}/compare/{quote(base)}...{quote(branch)}?expand=1" if self._page else ""

    # --- pull requests ------------------------------------------------------------------------------------

    def pulls_of(self, branch: str) -> tuple[PullRequest, ...]:
        """Returns the pull requests of a branch of this repository: open ones, then the newest finished ones."""
        # the owner's other forks match this filter too: `own` leaves them out
        head = f"{self.repository.split('/')[0]}:{branch}"
        return self._author.call(LIST, lambda: self._pulls.own(self._author.repo.get_pulls(state="all", head=head)))

    def get(self, number: int) -> PullRequest:
        """Returns the current state of a pull request, with its merge state."""
        return self._pulls.get(number)

    def open(self, proposal: Proposal) -> PullRequest | None:
        """Opens a pull request, or finds the open one: it may be ours if only the response was lost."""
        try:
            return self._author.call(OPEN, lambda: self._create(proposal), lambda: self._find_opened(proposal))
        except Refused:
            found = self._find_opened(proposal)
            if found is None:
                raise
            return found

    def edit(self, pull: PullRequest, *, title: str, body: str) -> PullRequest:
        """Replaces title and body."""
        raw = self._pulls.raw(pull)

        def send() -> PullRequest:
            raw.edit(title=title, body=body)
            return self._pulls.keep(raw)

        def find_effect() -> PullRequest | None:
            fresh = self.get(pull.number)  # changed by us, or by a person, whose text is kept
            return fresh if (fresh.title, fresh.body) != (pull.title, pull.body) else None

        return self._author.call(EDIT, send, find_effect)

    def mark_ready(self, pull: PullRequest) -> PullRequest:
        """Marks a draft as ready for review."""
        self._author.call(MARK_READY, self._pulls.raw(pull).mark_ready_for_review)
        return replace(pull, draft=False)

    def label(self, pull: PullRequest, name: str) -> None:
        """Adds the label, and creates it if the repository does not have it."""
        labels.ensure(self._author, self._pulls.raw(pull), name, exists=name.casefold() in self._labels)

    def comment_once(self, pull: PullRequest, marker: str, text: str) -> bool:
        """Comments, unless a comment has this hidden marker. Returns whether it commented."""
        return comments.post_once(self._author, self._pulls.raw(pull), marker, text)

    def upsert_comment(self, number: int, marker: str, text: str, *, create: bool = True) -> bool:
        """Edits our comment in place, or creates it. Comments of other authors that quote the marker are kept."""
        return comments.upsert(self._author, self._author.repo.get_pull(number), marker, text, create=create)

    def changed_paths(self, pull: PullRequest) -> tuple[str, ...]:
        """Returns the path of each changed file, and the former path of each renamed one."""
        files = self._author.call(LIST_FILES, lambda: list(self._pulls.raw(pull).get_files()))
        return tuple(path for file in files for path in (file.filename, file.previous_filename) if path)

    def close_with_comment(self, pull: PullRequest, marker: str, text: str) -> PullRequest:
        """Comments, then closes: a run that is killed in between comments and closes the next time."""
        self.auto_merge.disable(pull)
        self.comment_once(pull, marker, text)
        raw = self._pulls.raw(pull)

        def send() -> PullRequest:
            raw.edit(state="closed")
            return self._pulls.keep(raw)

        def find_effect() -> PullRequest | None:
            fresh = self.get(pull.number)
            return fresh if fresh.state != "open" else None

        return self._author.call(CLOSE, send, find_effect)

    def reopen(self, pull: PullRequest) -> PullRequest:
        """Opens a closed pull request again."""
        raw = self._pulls.raw(pull)

        def send() -> PullRequest:
            raw.edit(state="open")
            return self._pulls.keep(raw)

        def find_effect() -> PullRequest | None:
            fresh = self.get(pull.number)
            return fresh if fresh.state == "open" else None

        return self._author.call(REOPEN, send, find_effect)

    def closed_by(self, pull: PullRequest) -> str:
        """Returns the login of the account that closed the pull request: only the issue behind it says so."""
        shown = self._author.get_or_none(f"/issues/{pull.number}", CLOSED_BY) or {}
        return str((shown.get("closed_by") or {}).get("login", ""))

    def may_write(self, login: str) -> bool | None:
        """Whether a person may write here. GitHub shows this only to tokens that may write, and not for Apps."""
        if login not in self._writers:
            shown = self._author.get_or_none(f"/collaborators/{quote(login)}/permission", PERMISSION)
            self._writers[login] = shown["permission"] in ("admin", "write") if shown else None
        return self._writers[login]

    def _create(self, proposal: Proposal) -> PullRequest:
        raw = self._author.repo.create_pull(
            base=proposal.base,
            head=proposal.branch,
            title=proposal.title,
            body=proposal.body,
            draft=proposal.draft,
        )
        pull = self._pulls.keep(raw)
        self._author.remember_login(pull.author)
        return pull

    def _find_opened(self, proposal: Proposal) -> PullRequest | None:
        """Returns the branch's pull request if it is open, or was until this very commit was merged."""
        there = (pull for pull in self.pulls_of(proposal.branch) if pull.base_branch == proposal.base)
        return next((pull for pull in there if pull.state == "open" or _is_merged(pull, proposal)), None)

    # --- reviews and merges -------------------------------------------------------------------------------

    def approvals(self, pull: PullRequest) -> frozenset[Approval]:
        """Returns the approvals in effect, and the dismissed ones."""
        return convert.approvals(self._author.call(LIST_REVIEWS, lambda: list(self._pulls.raw(pull).get_reviews())))

    def approve(self, pull: PullRequest, commit: str, text: str) -> None:
        """Approves this commit of the pull request as the second identity."""
        session = self._approver
        if session is None:
            raise Refused(
                "the pull request was not approved",
                why="approver-token is empty",
                fix="pass the token of a second identity as approver-token",
            )
        approved = Commit(session.client.requester, {}, {"sha": commit}, completed=True)
        raw = session.repo.get_pull(pull.number)

        def find_effect() -> object:
            return Approval(session.login(), commit) in self.approvals(pull) or None

        session.call(APPROVE, lambda: raw.create_review(approved, text, "APPROVE"), find_effect)

    def merge(self, pull: PullRequest, commit: str, method: str) -> MergeAnswer:
        """Merges the pull request now if its head is this commit."""
        return self._merges.merge(pull, commit, method)


def _is_merged(pull: PullRequest, proposal: Proposal) -> bool:
    """Whether this very commit was merged."""
    return pull.state == "merged" and pull.head_sha == proposal.commit
