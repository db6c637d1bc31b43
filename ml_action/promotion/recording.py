"""What a run leaves in git: the attempt in the journal, and with it the proposal that it makes.

State and proposal move in one atomic push: either both are there or neither. What comes after is settled from what is
recorded (`promotion`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ml_action.config.settings import Settings
from ml_action.core.formatting import count_of
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Autonomy, Verdict
from ml_action.core.records.dataset import RejectedDataset
from ml_action.core.records.evaluation import Decision
from ml_action.core.records.model import History, Trial
from ml_action.datasets.survey import Snapshot
from ml_action.git import journal, registry
from ml_action.git.command import Git
from ml_action.git.journal import Counter, State
from ml_action.git.repository import ConcurrentUpdate, Push, Repository
from ml_action.reports import commit_messages, pages
from ml_action.reports.render import markdown
from ml_action.runtime.dependencies import Dependencies

MADE_BY_US = re.compile(r"^Attempt: [0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$", re.MULTILINE)  # `report.commit_message`


@dataclass(frozen=True)
class RecordedAttempt:
    """An attempt that the journal holds, with the state as it is now."""

    attempt: Attempt
    state: State


@dataclass(frozen=True)
class ProposalContent:
    """What a proposal puts into the model directory, and how it is told."""

    files: Mapping[str, bytes]
    digest: str  # sha256 of the model file that it puts into production
    message: str  # of the commit
    text: str  # of the pull request


def record(
    attempt: Attempt,
    scene: Snapshot,
    settings: Settings,
    tools: Dependencies,
    *,
    onto: State,
    content: ProposalContent | None = None,
) -> RecordedAttempt:
    """Records the attempt `onto` a state and, when it is a promotion or a rollback, pushes the proposal with it.

    Raises:
        LostTheRace: another run recorded something first.
    """
    pushes, state = [], onto
    attempt = replace(attempt, former=tuple(filter(None, (orphaned_proposal(scene),))))
    if content and _proposes(attempt, settings):
        attempt = _built(attempt, content, scene, settings)
        pushes = [Push(tools.branches.proposal, scene.tips.proposal, attempt.commit)]
        state = replace(state, report=content.text)
    state = replace(state, attempts=(*state.attempts, attempt))
    count = scene.trigger.count if state.data == scene.state.data else 0
    state, push = write(state, settings, tools, count, f"{attempt.verdict}: {attempt.reason}")
    scene.repository.push([*pushes, push])
    return RecordedAttempt(attempt, state)


def consumed_state(scene: Snapshot, set_aside: tuple[RejectedDataset, ...]) -> State:
    """The state once this data was dealt with and these datasets were set aside: what a training is recorded onto."""
    return replace(scene.seen, set_aside=_recorded(scene.state, set_aside))


def _recorded(state: State, set_aside: tuple[RejectedDataset, ...]) -> tuple[RejectedDataset, ...]:
    """All datasets that are not to be counted; a row that was left out (without a blob) is none."""
    fresh = {item.blob for item in set_aside}
    kept = (item for item in state.set_aside if item.blob not in fresh)
    return (*kept, *(item for item in set_aside if item.blob))


def _proposes(attempt: Attempt, settings: Settings) -> bool:
    wanted = attempt.verdict in (Verdict.PROMOTE, Verdict.ROLLBACK) or attempt.draft
    return wanted and settings.publication.autonomy.reaches(Autonomy.PROPOSE)


def _built(attempt: Attempt, content: ProposalContent, scene: Snapshot, settings: Settings) -> Attempt:
    """The attempt with the proposal's commit, on top of the base branch as it is now."""
    base, time = scene.tips.base, attempt.time
    commit = _on_top(base, content.files, content.message, settings, scene.repository, time=time)
    return replace(attempt, base=base, commit=commit, digest=content.digest)


def _on_top(
    base: str, files: Mapping[str, bytes], message: str, settings: Settings, repository: Repository, *, time: str
) -> str:
    """The commit of a proposal: these files in the model directory, and all else as the base branch has it."""
    tree = repository.with_files(f"{base}^{{tree}}", settings.publication.model_dir, files)
    return repository.commit(tree, base, message, time=time)


def new_version_content(
    attempt: Attempt,
    scene: Snapshot,
    settings: Settings,
    trial: Trial,
    decision: Decision,
    set_aside: tuple[RejectedDataset, ...],
) -> ProposalContent:
    """A new version: the model, its card, and the history with one more entry."""
    version = registry.version_of(trial, attempt)
    history = registry.with_version(scene.history, version, name=settings.name, salt=attempt.salt)
    card = markdown.render(pages.model_card(version, attempt, trial, decision))
    files = {
        registry.METADATA: registry.to_bytes(history),
        version.file: trial.artifact,
        f"{version.version}.md": card.encode("utf-8", "replace"),
    }
    message = commit_messages.of_promotion(version, attempt, decision)
    text = markdown.render(pages.pull_request(version, attempt, trial, decision, set_aside))
    return ProposalContent(files, trial.digest, message, text)


def orphaned_proposal(scene: Snapshot) -> str:
    """The proposal's commit of a journal that was lost: its message says that an attempt made it; empty: there is none.

    Only where the state branch is gone: a journal that does not know a commit is right about it.
    """
    tip = scene.tips.proposal
    if not tip or scene.state.attempts:
        return ""
    return tip if MADE_BY_US.search(scene.repository.store.line("show", "--no-patch", "--format=%B", tip)) else ""


def record_look(
    state: State,
    scene: Snapshot,
    settings: Settings,
    tools: Dependencies,
    *,
    set_aside: tuple[RejectedDataset, ...] = (),
) -> State:
    """Records what a run without an attempt found out; nothing, if that is what the branch says already."""
    state = replace(state, set_aside=_recorded(state, set_aside))
    if state == scene.state:
        return state
    count = state.looked.count if state.looked and state.data == scene.state.data else 0
    message = f"set aside {count_of(len(set_aside), 'datasets')}" if set_aside else "nothing new in this data"
    state, push = write(state, settings, tools, count, message)
    tools.repository.push([push])
    return state


def write(state: State, settings: Settings, tools: Dependencies, count: int | None, message: str) -> tuple[State, Push]:
    """The state as a commit on the one that it was read from, and the push that moves the branch from there.

    Without a `count` the counter for people stays as it is.
    """
    now = tools.now()
    last = next((attempt for attempt in reversed(state.attempts) if not attempt.rolls_back), None)
    said = (last.time, str(last.verdict), last.reason) if last else ("", "", "")
    counter = None if count is None else Counter(count, settings.trigger.threshold, *said)
    commit = journal.write(tools.repository, state, counter, message[:200], time=now)
    return replace(state, commit=commit), Push(tools.branches.state, state.commit, commit)


def rebuilt(recorded: RecordedAttempt, settings: Settings, tools: Dependencies) -> RecordedAttempt | None:
    """The same proposal on top of the base branch as it is now; None: it cannot be, the next run looks again."""
    repository, attempt = tools.repository, recorded.attempt
    tips = repository.fetch(tools.branches)
    history = registry.read(repository.store, tips.base, settings.publication.model_dir)
    overtaken = (history.current if history else "") != attempt.champion
    if overtaken or tips.base == attempt.base or tips.proposal != attempt.commit:
        return None
    if attempt.rolls_back:
        files = rollback_files(repository.store, tips.base, settings.publication.model_dir, attempt.version)
    else:
        files = _carried_over(history, attempt.commit, settings.publication.model_dir, repository.store)
    message = repository.store.line("show", "--no-patch", "--format=%B", attempt.commit)
    commit = _on_top(tips.base, files, message, settings, repository, time=tools.now())
    anew = replace(attempt, base=tips.base, commit=commit, former=(*attempt.former, attempt.commit))
    state, push = write(recorded.state.told_anew(anew), settings, tools, None, f"{attempt.version} is built anew")
    try:
        repository.push([Push(tools.branches.proposal, attempt.commit, commit), push])
    except ConcurrentUpdate:
        return None
    return RecordedAttempt(anew, state)


def _carried_over(history: History | None, commit: str, model_dir: str, git: Git) -> dict[str, bytes]:
    """The files of a proposal's commit, its versions appended to the history as the base branch has it now."""
    proposed = registry.read(git, commit, model_dir)
    if proposed is None:
        raise LookupError(f"the proposal {commit} holds no metadata")  # we made it
    known = {version.version for version in history.versions} if history else set()
    new = tuple(version for version in proposed.versions if version.version not in known)
    merged = replace(proposed, versions=(*(history.versions if history else ()), *new))
    names = [name for version in new for name in (version.file, f"{version.version}.md")]
    contents = {name: git.read(f"{commit}:{model_dir}/{name}") for name in names}
    return {registry.METADATA: registry.to_bytes(merged)} | {
        name: content for name, content in contents.items() if content is not None
    }


def rollback_files(git: Git, base: str, model_dir: str, version: str) -> dict[str, bytes]:
    """The only file that a rollback changes: the history of the base branch, byte for byte, and its pointer moved."""
    path = f"{model_dir}/{registry.METADATA}"
    try:
        content = registry.with_current(registry.read_bytes(git, base, model_dir) or b"", version)
    except ValueError as error:
        raise registry.unreadable_metadata(path, error) from error
    registry.parse(content, path)
    return {registry.METADATA: content}


def note(recorded: RecordedAttempt, attempt: Attempt, settings: Settings, tools: Dependencies) -> State:
    """Tells the attempt anew in the journal; when another run writes at the same time, it will do it."""
    if attempt == recorded.attempt:
        return recorded.state
    told = f"{attempt.version} is {attempt.state}"
    state, push = write(recorded.state.told_anew(attempt), settings, tools, None, told)
    try:
        tools.repository.push([push])
    except ConcurrentUpdate:
        return recorded.state
    return state
