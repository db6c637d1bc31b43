"""What a run leaves in git: the attempt in the journal, and the proposal that it makes.

State and proposal move in one atomic push: either both are there or neither. Everything after it is settled from what
is recorded (`lifecycle`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ml_action.config.settings import PublicationOptions
from ml_action.core.errors import RepositoryError
from ml_action.core.formatting import count_of
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Autonomy, Verdict
from ml_action.core.records.dataset import RejectedDataset
from ml_action.datasets.survey import Snapshot
from ml_action.git import branch_history, journal, registry
from ml_action.git.command import Git
from ml_action.git.journal import Counter, State
from ml_action.git.process import GitFailed
from ml_action.git.repository import Branches, ConcurrentUpdate, Push, Repository
from ml_action.promotion import proposal_content, signed_statement
from ml_action.promotion.proposal_content import ProposalContent, orphaned_proposal
from ml_action.provenance import statement
from ml_action.provenance.signing import Signing


@dataclass(frozen=True)
class RecordedAttempt:
    """An attempt that the journal holds, with the state as it is now."""

    attempt: Attempt
    state: State


@dataclass(frozen=True)
class Written:
    """A state as a commit that is not pushed yet."""

    state: State
    push: Push


@dataclass(frozen=True)
class Recorder:
    """Writes attempts and proposals of one model into git, each time in one atomic push."""

    repository: Repository
    branches: Branches
    name: str  # of the model
    threshold: int  # units that start a training: for the counter that people read
    publication: PublicationOptions
    now: Callable[[], str]  # UTC, ISO 8601
    signing: Signing = Signing()

    def record(
        self, attempt: Attempt, snapshot: Snapshot, onto: State, content: ProposalContent | None = None
    ) -> RecordedAttempt:
        """Records the attempt on top of a state. A promotion or a rollback pushes its proposal with it.

        Raises:
            ConcurrentUpdate: another run recorded something first.
        """
        pushes, state = [], onto
        attempt = replace(attempt, former=tuple(filter(None, (orphaned_proposal(snapshot),))))
        if content and self._proposes(attempt):
            attempt = self._with_commit(attempt, content, snapshot)
            pushes = [Push(self.branches.proposal, snapshot.tips.proposal, attempt.commit)]
            state = replace(state, report=content.text)
        state = replace(state, attempts=(*state.attempts, attempt))
        count = snapshot.trigger.count if state.data == snapshot.state.data else 0
        written = self._write(state, count, f"{attempt.verdict}: {attempt.reason}")
        snapshot.repository.push([*pushes, written.push])
        return RecordedAttempt(attempt, written.state)

    def remember(self, state: State, snapshot: Snapshot, rejected: tuple[RejectedDataset, ...]) -> State:
        """Records what a run without an attempt found. Writes nothing if the branch says the same already."""
        state = with_rejected(state, rejected)
        if state == snapshot.state:
            return state
        count = state.looked.count if state.looked and state.data == snapshot.state.data else 0
        message = f"set aside {count_of(len(rejected), 'datasets')}" if rejected else "nothing new in this data"
        written = self._write(state, count, message)
        self.repository.push([written.push])
        return written.state

    def note(self, recorded: RecordedAttempt, attempt: Attempt) -> State:
        """Replaces the attempt in the journal. If another run writes at the same time, that run will do it."""
        if attempt == recorded.attempt:
            return recorded.state
        state = recorded.state.with_attempt(attempt)
        written = self._write(state, None, f"{attempt.version} is {attempt.state}")
        try:
            self.repository.push([written.push])
        except ConcurrentUpdate:
            return recorded.state
        return written.state

    def delete_proposal(self, commit: str) -> bool:
        """Deletes the proposals' branch if it still is at this commit, which is merged. Returns whether it is gone."""
        try:
            self.repository.push([Push(self.branches.proposal, commit, "")])
        except (ConcurrentUpdate, RepositoryError):
            return False  # the forge was faster, or a rule keeps branches: then the next proposal takes it over
        return True

    def only_updates(self, attempt: Attempt, tip: str, base: str) -> bool:
        """Whether a commit holds what the base branch has and our proposal, and nothing else.

        That is what GitHub's button “Update branch” makes, by a merge or by a rebase.
        """
        repository = self.repository
        try:
            others = [commit for commit in branch_history.parents(repository.store, tip) if commit != attempt.commit]
            for commit in (*others, attempt.base, attempt.commit):
                repository.fetch_object(commit)
            ours = _changes(repository.store, attempt.base, attempt.commit)
            merged = [commit for commit in others if _changes(repository.store, commit, tip) == ours]
            return any(branch_history.contains(repository, self.branches.base, base, commit) for commit in merged)
        except (GitFailed, RepositoryError):
            return False  # a commit is not to be had: the branch is left to people

    def rebuild(self, recorded: RecordedAttempt, *, over: str = "") -> RecordedAttempt | None:
        """Puts the same proposal on top of the base branch as it is now. None: it cannot; the next run tries again.

        `over`: the commit that is on the proposals' branch instead of our own, and is given up.
        """
        repository, attempt, model_dir = self.repository, recorded.attempt, self.publication.model_dir
        tips = repository.fetch(self.branches)
        history = registry.read(repository.store, tips.base, model_dir)
        overtaken = (history.current if history else "") != attempt.champion
        replaced = over or attempt.commit
        if overtaken or tips.base == attempt.base or tips.proposal != replaced:
            return None
        if attempt.rolls_back:
            files = proposal_content.rollback_files(repository.store, tips.base, model_dir, attempt.version)
        else:
            files = proposal_content.carried_over(history, attempt.commit, model_dir, repository.store)
        files = signed_statement.carried_over(files, attempt.commit, model_dir, repository.store)
        message = repository.store.line("show", "--no-patch", "--format=%B", attempt.commit)
        commit = self._commit(attempt, tips.base, files, message, self.now())
        former = dict.fromkeys((*attempt.former, attempt.commit, replaced))
        rebuilt = replace(attempt, base=tips.base, commit=commit, former=tuple(former))
        written = self._write(recorded.state.with_attempt(rebuilt), None, f"{attempt.version} is rebuilt")
        try:
            repository.push([Push(self.branches.proposal, replaced, commit), written.push])
        except ConcurrentUpdate:
            return None
        return RecordedAttempt(rebuilt, written.state)

    def commits_now(self) -> frozenset[str]:
        """Every commit that any run ever put on the proposal's branch."""
        tips = self.repository.fetch(self.branches)
        return journal.read(self.repository.store, tips.state).commits

    def _proposes(self, attempt: Attempt) -> bool:
        wanted = attempt.verdict in (Verdict.PROMOTE, Verdict.ROLLBACK) or attempt.draft
        return wanted and self.publication.autonomy.reaches(Autonomy.PROPOSE)

    def _with_commit(self, attempt: Attempt, content: ProposalContent, snapshot: Snapshot) -> Attempt:
        """The attempt with the proposal's commit, on top of the base branch as it is now."""
        base = snapshot.tips.base
        commit = self._commit(attempt, base, content.files, content.message, attempt.time)
        return replace(attempt, base=base, commit=commit, digest=content.digest)

    def _commit(self, attempt: Attempt, base: str, files: Mapping[str, bytes], message: str, time: str) -> str:
        """The commit of a proposal: these files in the model directory, and everything else as on the base branch."""
        if self.signing.signer:
            files = signed_statement.signed(attempt, files, self._before(base), self.signing.signer, time)
        tree = self.repository.with_files(f"{base}^{{tree}}", self.publication.model_dir, files)
        return self.repository.commit(tree, base, message, time=time)

    def _before(self, base: str) -> dict[str, bytes]:
        """Metadata and statement on the base branch, as far as they are there."""
        store, folder = self.repository.store, self.publication.model_dir
        contents = {name: store.read(f"{base}:{folder}/{name}") for name in (registry.METADATA, statement.FILE)}
        return {name: content for name, content in contents.items() if content is not None}

    def _write(self, state: State, count: int | None, message: str) -> Written:
        """The state as a commit on the one that it was read from. Without a count, the counter stays unchanged."""
        last = next((attempt for attempt in reversed(state.attempts) if not attempt.rolls_back), None)
        decision = (last.time, str(last.verdict), last.reason) if last else ("", "", "")
        counter = None if count is None else Counter(count, self.threshold, *decision)
        commit = journal.write(self.repository, state, counter, message[:200], time=self.now())
        return Written(replace(state, commit=commit), Push(self.branches.state, state.commit, commit))


def _changes(store: Git, before: str, after: str) -> frozenset[bytes]:
    """Returns the files that differ between two commits, each with its new mode and content."""
    fields = store.run("diff-tree", "-r", "-z", "--raw", "--no-renames", before, after).split(b"\0")
    return frozenset(
        b" ".join((*head.split(b" ")[1:4:2], path)) for head, path in zip(fields[::2], fields[1::2], strict=False)
    )


def with_rejected(state: State, rejected: tuple[RejectedDataset, ...]) -> State:
    """The state with these datasets as not to be counted. A row that was left out has no blob and is not recorded."""
    fresh = {item.blob for item in rejected}
    kept = (item for item in state.set_aside if item.blob not in fresh)
    return replace(state, set_aside=(*kept, *(item for item in rejected if item.blob)))
