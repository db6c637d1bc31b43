"""A promotion after it is recorded: its publication is settled from the journal, by this run or by the next one.

A run that dies between pull request, label, approval and merge leaves nothing half-done that another run would not
complete.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from ml_action.core.log import Log
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Autonomy
from ml_action.core.records.promotion import MergeProgress, Publication, PullRequest
from ml_action.datasets.survey import Snapshot
from ml_action.forge.base import Forge
from ml_action.git.journal import State
from ml_action.git.repository import Branches
from ml_action.promotion import commit_contents, merge, pull_request
from ml_action.promotion.ownership import Ownership, ownership_of
from ml_action.promotion.proposal import proposal_of
from ml_action.promotion.proposal_content import orphaned_proposal
from ml_action.promotion.publication import PublicationContext
from ml_action.promotion.recording import RecordedAttempt, Recorder

SETTLED = ("merged", "closed", "superseded")


@dataclass(frozen=True)
class Settled:
    """A recorded attempt, and how far its publication came."""

    recorded: RecordedAttempt
    publication: Publication

    @property
    def attempt(self) -> Attempt:
        """The attempt as the journal has it now."""
        return self.recorded.attempt


@dataclass(frozen=True)
class Resumed:
    """What became of the promotion that an earlier run began."""

    snapshot: Snapshot
    publication: Publication | None = None  # None: there was none to follow up


@dataclass(frozen=True)
class Publisher:
    """Brings recorded attempts of one model to people, and notes in the journal how far they came."""

    recorder: Recorder
    forge: Callable[[], Forge]
    log: Log
    pause: Callable[[float], None]

    @property
    def _branches(self) -> Branches:
        return self.recorder.branches

    def resume(self, snapshot: Snapshot, take_again: Callable[[], Snapshot]) -> Resumed:
        """Completes or follows up the promotion that an earlier run began.

        `take_again`: takes a snapshot of the branches as they are then; it is needed when the promotion is merged.
        """
        attempt = pending(snapshot)
        if attempt is None:
            return Resumed(snapshot)
        known = ended_on_base(snapshot, attempt)
        if known:
            ended = (
                self._with_pull_request(attempt, snapshot.state)
                if known == "merged"
                else self._withdrawn(attempt, snapshot)
            )
            done = Publication(merge_progress=MergeProgress.MERGED) if known == "merged" else None
            if done and snapshot.tips.proposal == attempt.commit and self.recorder.delete_proposal(attempt.commit):
                snapshot = _without_proposal(snapshot)
            return Resumed(self._noted(snapshot, attempt, replace(ended, state=known)), done)
        if self._was_withdrawn(snapshot):
            self.log.info(f"the branch of {attempt.version} was deleted before it had a pull request: taken as a no")
            return Resumed(self._noted(snapshot, attempt, replace(attempt, state="closed")))
        return self._followed_up(self._rebuilt_after_update(snapshot, attempt), take_again)

    def _rebuilt_after_update(self, snapshot: Snapshot, attempt: Attempt) -> Snapshot:
        """The snapshot with our proposal built again, if its branch was updated with the base branch.

        GitHub's button does that. The commit that it makes holds no work of a person, so none is overwritten.
        """
        tip = snapshot.tips.proposal
        if not tip or tip in snapshot.state.commits or not self.recorder.only_updates(attempt, tip, snapshot.tips.base):
            return snapshot
        rebuilt = self.recorder.rebuild(RecordedAttempt(attempt, snapshot.state), over=tip)
        if rebuilt is None:
            return snapshot
        self.log.info(f"the branch was updated with {self._branches.base}: the proposal is rebuilt on top of it")
        tips = replace(snapshot.tips, proposal=rebuilt.attempt.commit, state=rebuilt.state.commit)
        return replace(snapshot, state=rebuilt.state, repository=replace(snapshot.repository, tips=tips))

    def _followed_up(self, snapshot: Snapshot, take_again: Callable[[], Snapshot]) -> Resumed:
        attempt = snapshot.state.proposed
        if attempt is None:
            return Resumed(snapshot)
        self.log.info(f"following up the {_kind(attempt)} {attempt.version} (attempt {attempt.id})")
        settled = self.settle(RecordedAttempt(attempt, snapshot.state), base=snapshot.tips.base)
        if settled.publication.merge_progress is MergeProgress.MERGED:  # just now: there is another champion
            return Resumed(take_again(), settled.publication)
        return Resumed(replace(snapshot, state=settled.recorded.state), settled.publication)

    def _noted(self, snapshot: Snapshot, attempt: Attempt, ended: Attempt) -> Snapshot:
        return replace(snapshot, state=self.recorder.note(RecordedAttempt(attempt, snapshot.state), ended))

    def settle(self, recorded: RecordedAttempt, *, base: str = "") -> Settled:
        """Brings the recorded promotion as far as autonomy allows, and notes in the journal how far it came.

        `base`: the commit of the base branch as it was last seen. A proposal that the base branch left behind is
        rebuilt on top of it, once, and settled again: its approval is refreshed.
        """
        done = self._publish(recorded, moved=base not in ("", recorded.attempt.base))
        rebuilt = self.recorder.rebuild(recorded) if done.stale else None
        if rebuilt:
            self.log.info(f"the proposal is rebuilt on top of the base branch: {done.stale}")
            recorded, done = rebuilt, self._publish(rebuilt)
        if done.fix:
            done = replace(done, compare_url=self.forge().compare_url(self._branches.base, self._branches.proposal))
        pull, attempt = done.pull_request, recorded.attempt
        if done.merge_progress is MergeProgress.MERGED:
            self.recorder.delete_proposal(attempt.commit)
        now = _with(attempt, pull) if pull else attempt
        return Settled(RecordedAttempt(now, self.recorder.note(recorded, now)), done)

    def _publish(self, recorded: RecordedAttempt, *, moved: bool = False) -> Publication:
        recorder = self.recorder
        examine = partial(
            commit_contents.find_objections,
            recorder.repository,
            recorded.attempt,
            name=recorder.name,
            model_dir=recorder.publication.model_dir,
            policy=recorder.signing.policy,
        )
        proposal = replace(proposal_of(recorded, recorder, self.forge().limits.title), moved=moved)
        return publish(
            PublicationContext(
                proposal,
                self.forge(),
                known_commits=recorded.state.commits,
                known_commits_now=recorder.commits_now,
                pause=self.pause,
                report=self.log.info,
                ownership=self._ownership(recorded.state),
                check_contents=examine,
            )
        )

    def _ownership(self, state: State) -> Ownership:
        return ownership_of(state.attempts, self.forge(), self._branches.proposal, self._branches.base)

    def supersede(self, attempt: Attempt, state: State) -> Attempt:
        """Cancels auto-merge of a promotion whose branch a rollback takes over.

        Its pull request is closed when that of the rollback is opened (`publication`).
        """
        forge = self.forge()
        pull = self._ownership(state).find()
        if pull is None or pull.head_sha != attempt.commit:
            return replace(attempt, state="superseded")
        if pull.state == "open" and forge.auto_merge:
            forge.auto_merge.disable(pull)
        known = replace(attempt, pull_request=pull.number, pull_request_url=pull.url)
        return replace(known, state="superseded" if pull.state == "open" else pull.state)

    def foreign_commit(self, snapshot: Snapshot) -> str:
        """Why the proposal's branch may not be written to: it holds a commit that is not ours. Empty: it may."""
        tip = snapshot.tips.proposal
        if not tip or tip in snapshot.state.commits or orphaned_proposal(snapshot) or self._is_merged(tip):
            return ""
        return (
            f"the branch {self._branches.proposal} holds the commit {tip[:12]}, which is not the bot's: merge or close "
            "its pull request and delete the branch, then the bot continues"
        )

    def _is_merged(self, tip: str) -> bool:
        """Whether a pull request merged this commit of the proposal's branch: then the branch is free again."""
        pulls = self.forge().pulls_of(self._branches.proposal)
        return any(pull.state == "merged" and pull.head_sha == tip for pull in pulls)

    def _was_withdrawn(self, snapshot: Snapshot) -> bool:
        """Whether the proposal's branch was deleted before it had a pull request: none can be opened from it."""
        return not snapshot.tips.proposal and self._ownership(snapshot.state).find() is None

    def _withdrawn(self, attempt: Attempt, snapshot: Snapshot) -> Attempt:
        """The attempt after another champion overtook it, its pull request closed."""
        current = snapshot.history.current if snapshot.history else ""
        now = f"{current} is in production" if current else "there is no champion"
        against = attempt.champion or "no champion"
        why = f"{now} now, and {attempt.version} was measured against {against}. The next batch is measured again"
        if attempt.rolls_back:
            why = f"{now} now, and it was to put {attempt.version} back in place of {against}"
        self.log.info(f"the {_kind(attempt)} {attempt.version} is superseded: {now}")
        commits = snapshot.state.commits
        ours = self._ownership(snapshot.state).find()
        pull = pull_request.withdraw(ours, self.forge(), commits, why, self.log.info)
        return _with_number(attempt, pull)

    def _with_pull_request(self, attempt: Attempt, state: State) -> Attempt:
        """The attempt with its pull request, which is unknown if a run died before it noted it."""
        return attempt if attempt.pull_request else _with_number(attempt, self._ownership(state).find())


def publish(context: PublicationContext) -> Publication:
    """Brings a promotion, whose commit is on its branch already, as far as its autonomy allows.

    Every step reads the current state before it acts. So a later run completes what a killed run left, and nothing is
    done twice. What a person decided is kept: a closed pull request, a commit, a title, a draft.

    Raises:
        ForgeError: the pull request could not be opened or edited, or the forge does not respond.
        ConcurrentUpdate: another run pushed to the branch meanwhile.
    """
    publication = pull_request.ensure_pull_request(context)
    for level, step in (
        (Autonomy.APPROVE, merge.verify),
        (Autonomy.APPROVE, merge.approve),
        (Autonomy.MERGE, merge.merge),
    ):
        pull = publication.pull_request
        ended = publication.blocked or publication.merge_progress or publication.stale
        if ended or pull is None or not context.proposal.autonomy.reaches(level):
            break
        publication = step(context, publication, pull)
    return publication


def pending(snapshot: Snapshot) -> Attempt | None:
    """The recorded promotion that is not known to have ended."""
    proposed = snapshot.state.proposed
    return proposed if proposed and proposed.state not in SETTLED else None


def blocking_proposal(snapshot: Snapshot) -> str:
    """Why nothing is trained while another proposal waits. Empty: it may be trained.

    A forced training would take the branch of a promotion, and perhaps its approval. While a rollback waits, a
    challenger would be compared with the champion that has to go.
    """
    attempt = pending(snapshot)
    if attempt is None or not (snapshot.settings.trigger.force or attempt.rolls_back):
        return ""
    number = f"pull request {attempt.pull_request}" if attempt.pull_request else "its branch"
    if attempt.rolls_back:
        return f"the rollback to {attempt.version} waits ({number}): merge or close it, then training continues"
    return f"the promotion of {attempt.version} waits ({number}): merge or close it before you force another"


def ended_on_base(snapshot: Snapshot, attempt: Attempt) -> str:
    """The state that the base branch alone shows: it was merged, or another champion came in between."""
    versions = snapshot.history.versions if snapshot.history else ()
    current = snapshot.history.current if snapshot.history else ""
    back = attempt.rolls_back and current == attempt.version
    if back or any(version.attempt == attempt.id for version in versions):
        return "merged"
    return "superseded" if current != attempt.champion else ""


def _without_proposal(snapshot: Snapshot) -> Snapshot:
    """The snapshot after the proposals' branch was deleted: what is recorded next makes it again."""
    repository = snapshot.repository
    return replace(snapshot, repository=replace(repository, tips=replace(repository.tips, proposal="")))


def _kind(attempt: Attempt) -> str:
    return "rollback to" if attempt.rolls_back else "promotion of"


def _with(attempt: Attempt, pull: PullRequest) -> Attempt:
    """The attempt with what is known of its pull request now."""
    return replace(attempt, pull_request=pull.number, pull_request_url=pull.url, state=pull.state, author=pull.author)


def _with_number(attempt: Attempt, pull: PullRequest | None) -> Attempt:
    """The attempt with the number of the pull request, if that is for its commit."""
    ours = pull is not None and pull.head_sha == attempt.commit
    return replace(attempt, pull_request=pull.number, pull_request_url=pull.url) if pull and ours else attempt
