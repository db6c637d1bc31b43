"""From a decision to a pull request: the attempt recorded, the proposal pushed, the publication settled.

State and proposal move in one atomic push: either both are there or neither. What comes after (pull request, label,
approval, merge) is settled from what is recorded, by this run or by the next one: a run that dies in between leaves
nothing half-done that another would not complete.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ml_action import journal, publication, registry, report, survey
from ml_action.journal import Counter, State
from ml_action.proposal import title, wrap_body
from ml_action.records import Attempt, Autonomy, Decision, Proposal, Publication, SetAside, Trial, Verdict
from ml_action.repository import LostTheRace, Push
from ml_action.settings import Settings
from ml_action.survey import Scene
from ml_action.tools import Tools

SETTLED = ("merged", "closed", "superseded")


@dataclass(frozen=True)
class Recorded:
    """An attempt that the journal holds, with the state as it is now."""

    attempt: Attempt
    state: State


def record(
    attempt: Attempt,
    scene: Scene,
    settings: Settings,
    tools: Tools,
    *,
    set_aside: tuple[SetAside, ...],
    trial: Trial | None = None,
    decision: Decision | None = None,
) -> Recorded:
    """Records the attempt and, when it is a promotion, pushes the proposal with it.

    Raises:
        LostTheRace: another run recorded something first.
    """
    text, pushes = "", []
    if trial and decision and _proposes(attempt, settings):
        attempt, text = _build(attempt, scene, settings, trial, decision, set_aside)
        pushes = [Push(tools.branches.proposal, scene.tips.proposal, attempt.commit)]
    state = replace(
        scene.seen,
        attempts=(*scene.state.attempts, attempt),
        set_aside=_recorded(scene.state, set_aside),
        report=text or scene.state.report,
    )
    state, push = _write(state, settings, tools, 0, f"{attempt.verdict}: {attempt.reason}")
    scene.repository.push([*pushes, push])
    return Recorded(attempt, state)


def _recorded(state: State, set_aside: tuple[SetAside, ...]) -> tuple[SetAside, ...]:
    """All datasets that are not to be counted; a row that was left out (without a blob) is none."""
    fresh = {item.blob for item in set_aside}
    kept = (item for item in state.set_aside if item.blob not in fresh)
    return (*kept, *(item for item in set_aside if item.blob))


def _proposes(attempt: Attempt, settings: Settings) -> bool:
    wanted = attempt.verdict is Verdict.PROMOTE or attempt.draft
    return wanted and settings.autonomy.reaches(Autonomy.PROPOSE)


def _build(
    attempt: Attempt,
    scene: Scene,
    settings: Settings,
    trial: Trial,
    decision: Decision,
    set_aside: tuple[SetAside, ...],
) -> tuple[Attempt, str]:
    """The proposal's commit on top of the base branch as it is now, and the pull request's text."""
    version = registry.version_of(trial, attempt)
    history = registry.appended(scene.history, version, name=settings.name, salt=attempt.salt)
    card = report.model_card(version, attempt, trial, decision)
    files = {
        registry.METADATA: registry.to_bytes(history),
        version.file: trial.artifact,
        f"{version.version}.md": card.encode("utf-8", "replace"),
    }
    repository = scene.repository
    tree = repository.graft(f"{scene.tips.base}^{{tree}}", settings.model_dir, files)
    message = report.commit_message(version, attempt, decision)
    commit = repository.commit(tree, scene.tips.base, message, time=attempt.time)
    text = report.pull_request_body(version, attempt, trial, decision, set_aside)
    return replace(attempt, base=scene.tips.base, commit=commit, digest=trial.digest), text


def remember(
    state: State, scene: Scene, settings: Settings, tools: Tools, *, set_aside: tuple[SetAside, ...] = ()
) -> State:
    """Records what a run without an attempt found out; nothing, if that is what the branch says already."""
    state = replace(state, set_aside=_recorded(state, set_aside))
    if state == scene.state:
        return state
    count = state.looked.count if state.looked and state.data == scene.state.data else 0
    message = f"set aside {len(set_aside)} datasets" if set_aside else "nothing new in this data"
    state, push = _write(state, settings, tools, count, message)
    tools.repository.push([push])
    return state


def _write(state: State, settings: Settings, tools: Tools, count: int, message: str) -> tuple[State, Push]:
    """The state as a commit on the one that it was read from, and the push that moves the branch from there."""
    now = tools.now()
    last = state.last
    counter = Counter(count, settings.threshold, last.time if last else "", str(last.verdict) if last else "")
    commit = journal.write(tools.repository, state, counter, message[:200], time=now)
    return replace(state, commit=commit), Push(tools.branches.state, state.commit, commit)


# --- settling what is recorded ----------------------------------------------------------------------------


def pending(scene: Scene) -> Attempt | None:
    """The recorded promotion that is not known to have ended."""
    proposed = scene.state.proposed
    return proposed if proposed and proposed.state not in SETTLED else None


def waits(scene: Scene) -> str:
    """Why nothing is forced while a promotion waits: it would take its branch, and perhaps its approval."""
    attempt = pending(scene)
    number = f"pull request {attempt.pull_request}" if attempt and attempt.pull_request else "its branch"
    version = attempt.version if attempt else "it"
    return f"the promotion of {version} waits ({number}): merge or close it before you force another"


def resume(scene: Scene, settings: Settings, tools: Tools) -> tuple[Scene, Publication | None]:
    """Completes or follows up the promotion that an earlier run began; the scene with what became of it."""
    attempt = pending(scene)
    if attempt is None:
        return scene, None
    known = _ended_on_base(scene, attempt)
    if known:
        ended = _with_pull_request(attempt, tools) if known == "merged" else _withdrawn(attempt, scene, tools)
        ended = replace(ended, state=known)
        done = Publication(merge_state="merged") if known == "merged" else None
        return replace(scene, state=_note(Recorded(attempt, scene.state), ended, settings, tools)), done
    if _was_withdrawn(scene, tools):
        tools.log.say(f"the branch of {attempt.version} was deleted before it had a pull request: taken as a no")
        ended = replace(attempt, state="closed")
        return replace(scene, state=_note(Recorded(attempt, scene.state), ended, settings, tools)), None
    tools.log.say(f"following up the promotion of {attempt.version} (attempt {attempt.id})")
    recorded, settled = settle(Recorded(attempt, scene.state), settings, tools)
    if settled.merge_state == "merged":  # just now: there is another champion, so everything is looked at anew
        return survey.look(settings, tools.repository, tools.repository.fetch(tools.branches)), settled
    return replace(scene, state=recorded.state), settled


def _was_withdrawn(scene: Scene, tools: Tools) -> bool:
    """Whether a person deleted the proposal's branch before there was a pull request: nothing can be opened from it."""
    return not scene.tips.proposal and tools.forge().find(tools.branches.proposal) is None


def _withdrawn(attempt: Attempt, scene: Scene, tools: Tools) -> Attempt:
    """The attempt that another champion overtook, its pull request closed: it was measured against the former one."""
    current = scene.history.current if scene.history else ""
    now = f"{current} is in production" if current else "there is no champion"
    against = attempt.champion or "no champion"
    why = f"{now} now, and {attempt.version} was measured against {against}. The next batch is measured anew"
    tools.log.say(f"the promotion of {attempt.version} is superseded: {now}")
    pull = publication.withdraw(tools.branches.proposal, tools.forge(), scene.state.commits, why, tools.log.say)
    ours = pull and pull.head_sha == attempt.commit
    return replace(attempt, pull_request=pull.number, pull_request_url=pull.url) if pull and ours else attempt


def _with_pull_request(attempt: Attempt, tools: Tools) -> Attempt:
    """The attempt with its pull request, which a run that died before its note left unknown."""
    if attempt.pull_request:
        return attempt
    pull = tools.forge().find(tools.branches.proposal)
    ours = pull and pull.head_sha == attempt.commit
    return replace(attempt, pull_request=pull.number, pull_request_url=pull.url) if pull and ours else attempt


def stranger_on_branch(scene: Scene, tools: Tools) -> str:
    """Why the proposal's branch may not be written to: somebody else's commit is on it; empty: it may."""
    tip = scene.tips.proposal
    if not tip or tip in scene.state.commits or _is_merged(tip, tools):
        return ""
    return (
        f"the branch {tools.branches.proposal} holds the commit {tip[:12]}, which is not the bot's: merge or close "
        "its pull request and delete the branch, then the bot goes on"
    )


def _is_merged(tip: str, tools: Tools) -> bool:
    """Whether a pull request brought this commit of the proposal's branch into production: then it has had its say."""
    pull = tools.forge().find(tools.branches.proposal)
    return pull is not None and pull.state == "merged" and pull.head_sha == tip


def _ended_on_base(scene: Scene, attempt: Attempt) -> str:
    """What the base branch alone tells: it was merged, or another champion came in between."""
    versions = scene.history.versions if scene.history else ()
    if any(version.attempt == attempt.id for version in versions):
        return "merged"
    current = scene.history.current if scene.history else ""
    return "superseded" if current != attempt.champion else ""


def settle(recorded: Recorded, settings: Settings, tools: Tools) -> tuple[Recorded, Publication]:
    """Brings the recorded promotion as far as autonomy allows, and notes in the journal how far it came."""
    attempt = recorded.attempt
    done = publication.settle(
        proposal_of(attempt, recorded.state.report, settings, tools),
        tools.forge(),
        known_commits=recorded.state.commits,
        pause=tools.pause,
        say=tools.log.say,
    )
    pull = done.pull_request
    now = replace(attempt, pull_request=pull.number, pull_request_url=pull.url, state=pull.state) if pull else attempt
    state = _note(recorded, now, settings, tools)
    return Recorded(now, state), done


def proposal_of(attempt: Attempt, text: str, settings: Settings, tools: Tools) -> Proposal:
    """The promotion as data, from the journal alone."""
    against = attempt.champion if attempt.champion_score is not None else ""  # else only the dummy could be scored
    heading = title(settings.name, attempt.version, attempt.gain or 0.0, champion=against, verb=_verb(attempt))
    left_to_a_person = attempt.draft or attempt.forced
    return Proposal(
        name=settings.name,
        base=tools.branches.base,
        branch=tools.branches.proposal,
        commit=attempt.commit,
        title=heading,
        body=wrap_body(text, attempt.fingerprint, heading),
        label=settings.label,
        fingerprint=attempt.fingerprint,
        model_dir=settings.model_dir,
        merge_method=settings.merge_method,
        autonomy=min(settings.autonomy, Autonomy.PROPOSE, key=list(Autonomy).index)
        if left_to_a_person
        else settings.autonomy,
        draft=attempt.draft,
    )


def _verb(attempt: Attempt) -> str:
    """What the pull request asks for."""
    return "Review" if attempt.draft else "Promote (forced)" if attempt.forced else "Promote"


def _note(recorded: Recorded, attempt: Attempt, settings: Settings, tools: Tools) -> State:
    """Tells the attempt anew in the journal; when another run writes at the same time, it will do it."""
    if attempt == recorded.attempt:
        return recorded.state
    state, push = _write(recorded.state.told_anew(attempt), settings, tools, 0, f"{attempt.version} is {attempt.state}")
    try:
        tools.repository.push([push])
    except LostTheRace:
        return recorded.state
    return state
