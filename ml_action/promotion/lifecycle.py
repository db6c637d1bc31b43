"""A promotion after it is recorded: its publication settled from the journal, by this run or by the next one.

A run that dies between pull request, label, approval and merge leaves nothing half-done that another would not
complete.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ml_action.config.settings import Settings
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Autonomy
from ml_action.core.records.promotion import MergeProgress, Proposal, Publication, PullRequest
from ml_action.datasets import survey
from ml_action.datasets.survey import Snapshot
from ml_action.git import journal
from ml_action.promotion import commit_contents, merge, pull_request
from ml_action.promotion.publication import PublicationContext
from ml_action.promotion.pull_request_text import rollback_title, title, wrap_body
from ml_action.promotion.recording import RecordedAttempt, note, orphaned_proposal, rebuilt
from ml_action.runtime.dependencies import Dependencies

SETTLED = ("merged", "closed", "superseded")


def pending(scene: Snapshot) -> Attempt | None:
    """The recorded promotion that is not known to have ended."""
    proposed = scene.state.proposed
    return proposed if proposed and proposed.state not in SETTLED else None


def blocking_proposal(scene: Snapshot, settings: Settings) -> str:
    """Why nothing is trained while another proposal waits; empty: it may be.

    What is forced would take the branch of a promotion, and perhaps its approval. A rollback waits for nobody: what is
    trained meanwhile would be measured against the champion that has to go.
    """
    attempt = pending(scene)
    if attempt is None or not (settings.trigger.force or attempt.rolls_back):
        return ""
    number = f"pull request {attempt.pull_request}" if attempt.pull_request else "its branch"
    if attempt.rolls_back:
        return f"the rollback to {attempt.version} waits ({number}): merge or close it, then training goes on"
    return f"the promotion of {attempt.version} waits ({number}): merge or close it before you force another"


def resume(scene: Snapshot, settings: Settings, tools: Dependencies) -> tuple[Snapshot, Publication | None]:
    """Completes or follows up the promotion that an earlier run began; the scene with what became of it."""
    attempt = pending(scene)
    if attempt is None:
        return scene, None
    known = ended_on_base(scene, attempt)
    if known:
        ended = _with_pull_request(attempt, tools) if known == "merged" else _withdrawn(attempt, scene, tools)
        ended = replace(ended, state=known)
        done = Publication(merge_progress=MergeProgress.MERGED) if known == "merged" else None
        return replace(scene, state=note(RecordedAttempt(attempt, scene.state), ended, settings, tools)), done
    if _was_withdrawn(scene, tools):
        tools.log.info(f"the branch of {attempt.version} was deleted before it had a pull request: taken as a no")
        ended = replace(attempt, state="closed")
        return replace(scene, state=note(RecordedAttempt(attempt, scene.state), ended, settings, tools)), None
    tools.log.info(f"following up the {_kind(attempt)} {attempt.version} (attempt {attempt.id})")
    recorded, settled = settle(RecordedAttempt(attempt, scene.state), settings, tools, base=scene.tips.base)
    if settled.merge_progress is MergeProgress.MERGED:  # by this run: the champion is another one, so read all again
        return survey.take_snapshot(settings, tools.repository.updated(tools.branches)), settled
    return replace(scene, state=recorded.state), settled


def superseded_by_rollback(attempt: Attempt, tools: Dependencies) -> Attempt:
    """The promotion that waits, once a rollback takes its branch: no order to merge it stands any more.

    Its pull request is closed when that of the rollback is opened (`publication`).
    """
    pull = tools.forge().find(tools.branches.proposal)
    if pull is None or pull.head_sha != attempt.commit:
        return replace(attempt, state="superseded")
    auto_merge = tools.forge().auto_merge
    if pull.state == "open" and auto_merge:
        auto_merge.disable(pull)
    known = replace(attempt, pull_request=pull.number, pull_request_url=pull.url)
    return replace(known, state="superseded" if pull.state == "open" else pull.state)


def _kind(attempt: Attempt) -> str:
    return "rollback to" if attempt.rolls_back else "promotion of"


def _was_withdrawn(scene: Snapshot, tools: Dependencies) -> bool:
    """Whether a person deleted the proposal's branch before there was a pull request: nothing can be opened from it."""
    return not scene.tips.proposal and tools.forge().find(tools.branches.proposal) is None


def _withdrawn(attempt: Attempt, scene: Snapshot, tools: Dependencies) -> Attempt:
    """The attempt that another champion overtook, its pull request closed: it was measured against the former one."""
    current = scene.history.current if scene.history else ""
    now = f"{current} is in production" if current else "there is no champion"
    against = attempt.champion or "no champion"
    why = f"{now} now, and {attempt.version} was measured against {against}. The next batch is measured anew"
    if attempt.rolls_back:
        why = f"{now} now, and it was to put {attempt.version} back in place of {against}"
    tools.log.info(f"the {_kind(attempt)} {attempt.version} is superseded: {now}")
    pull = pull_request.withdraw(tools.branches.proposal, tools.forge(), scene.state.commits, why, tools.log.info)
    ours = pull and pull.head_sha == attempt.commit
    return replace(attempt, pull_request=pull.number, pull_request_url=pull.url) if pull and ours else attempt


def _with_pull_request(attempt: Attempt, tools: Dependencies) -> Attempt:
    """The attempt with its pull request, which a run that died before its note left unknown."""
    if attempt.pull_request:
        return attempt
    pull = tools.forge().find(tools.branches.proposal)
    ours = pull and pull.head_sha == attempt.commit
    return replace(attempt, pull_request=pull.number, pull_request_url=pull.url) if pull and ours else attempt


def foreign_commit_on_branch(scene: Snapshot, tools: Dependencies) -> str:
    """Why the proposal's branch may not be written to: somebody else's commit is on it; empty: it may."""
    tip = scene.tips.proposal
    if not tip or tip in scene.state.commits or orphaned_proposal(scene) or _is_merged(tip, tools):
        return ""
    return (
        f"the branch {tools.branches.proposal} holds the commit {tip[:12]}, which is not the bot's: merge or close "
        "its pull request and delete the branch, then the bot goes on"
    )


def _is_merged(tip: str, tools: Dependencies) -> bool:
    """Whether a pull request brought this commit of the proposal's branch into production: then it has had its say."""
    pull = tools.forge().find(tools.branches.proposal)
    return pull is not None and pull.state == "merged" and pull.head_sha == tip


def ended_on_base(scene: Snapshot, attempt: Attempt) -> str:
    """What the base branch alone tells: it was merged, or another champion came in between."""
    versions = scene.history.versions if scene.history else ()
    current = scene.history.current if scene.history else ""
    back = attempt.rolls_back and current == attempt.version
    if back or any(version.attempt == attempt.id for version in versions):
        return "merged"
    return "superseded" if current != attempt.champion else ""


def settle(
    recorded: RecordedAttempt, settings: Settings, tools: Dependencies, *, base: str = ""
) -> tuple[RecordedAttempt, Publication]:
    """Brings the recorded promotion as far as autonomy allows, and notes in the journal how far it came.

    `base`: the commit of the base branch as it was last seen. A proposal that the base branch left behind is built anew
    on top of it, once, and settled again: its approval is refreshed.
    """
    moved = base not in ("", recorded.attempt.base)
    done = _publish(recorded, settings, tools, moved=moved)
    anew = rebuilt(recorded, settings, tools) if done.stale else None
    if anew:
        tools.log.info(f"the proposal is built anew on top of the base branch: {done.stale}")
        recorded, done = anew, _publish(anew, settings, tools)
    if done.fix:
        page = tools.forge().compare_url(tools.branches.base, tools.branches.proposal)
        done = replace(done, compare_url=page)
    pull, attempt = done.pull_request, recorded.attempt
    now = _with(attempt, pull, done) if pull else attempt
    return RecordedAttempt(now, note(recorded, now, settings, tools)), done


def _publish(recorded: RecordedAttempt, settings: Settings, tools: Dependencies, *, moved: bool = False) -> Publication:
    attempt = recorded.attempt
    proposal = replace(proposal_of(recorded, settings, tools), moved=moved)
    examine = partial(
        commit_contents.find_objections,
        tools.repository,
        attempt,
        name=settings.name,
        model_dir=settings.publication.model_dir,
    )
    now = partial(_commits_by_now, tools)
    return publish(
        PublicationContext(proposal, tools.forge(), recorded.state.commits, now, tools.pause, tools.log.info, examine)
    )


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


def _commits_by_now(tools: Dependencies) -> frozenset[str]:
    """Every commit that any run ever put on the proposal's branch."""
    tips = tools.repository.fetch(tools.branches)
    return journal.read(tools.repository.store, tips.state).commits


def _with(attempt: Attempt, pull: PullRequest, done: Publication) -> Attempt:
    """The attempt with what is known of its pull request now."""
    author = pull.author if done.opened else attempt.author
    return replace(attempt, pull_request=pull.number, pull_request_url=pull.url, state=pull.state, author=author)


def proposal_of(recorded: RecordedAttempt, settings: Settings, tools: Dependencies) -> Proposal:
    """The promotion as data, from the journal alone."""
    attempt, state = recorded.attempt, recorded.state
    against = attempt.champion if attempt.champion_score is not None else ""  # else only the dummy could be scored
    limit, gain = tools.forge().limits.title, attempt.gain or 0.0
    heading = title(settings.name, attempt.version, gain, champion=against, verb=_verb(attempt), limit=limit)
    if attempt.rolls_back:
        heading = rollback_title(settings.name, attempt.version, attempt.champion, limit)
    left_to_a_person = attempt.draft or attempt.forced
    return Proposal(
        name=settings.name,
        base=tools.branches.base,
        branch=tools.branches.proposal,
        commit=attempt.commit,
        title=heading,
        body=wrap_body(state.report, attempt.fingerprint, heading),
        label=settings.publication.label,
        fingerprint=attempt.fingerprint,
        model_dir=settings.publication.model_dir,
        merge_method=settings.publication.merge_method,
        autonomy=min(settings.publication.autonomy, Autonomy.PROPOSE, key=list(Autonomy).index)
        if left_to_a_person
        else settings.publication.autonomy,
        draft=attempt.draft,
        drafted=frozenset(one.fingerprint for one in state.attempts if one.draft),
        alone=attempt.rolls_back,
    )


def _verb(attempt: Attempt) -> str:
    """What the pull request asks for."""
    return "Review" if attempt.draft else "Promote (forced)" if attempt.forced else "Promote"
