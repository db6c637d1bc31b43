"""The story of `mode: rollback`: a person wants an earlier version back, and gets a pull request for it.

Verified first: the version loads, and has answers. No score decides: a person asked for it. What waits on the branch is
superseded. A run that dies is completed by the next one, as with a promotion.
"""

from __future__ import annotations

from dataclasses import replace

from ml_action.commands.base import Invocation, json_option
from ml_action.config.settings import Settings
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Autonomy
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.promotion import Publication
from ml_action.datasets import survey
from ml_action.datasets.survey import Snapshot
from ml_action.git.repository import ConcurrentUpdate
from ml_action.loop import outcomes
from ml_action.loop import rollback as reversal
from ml_action.loop.rollback import RollbackRequest
from ml_action.promotion import lifecycle, recording
from ml_action.runtime import wiring
from ml_action.runtime.dependencies import Dependencies

add_options = json_option


def run(call: Invocation) -> Outcome:
    """Proposes the version that the settings name."""
    place = wiring.find_place(call.inputs, call.context)
    return rollback(place.settings, wiring.make_tools(place, call.temporary_folder(), call.log))


def rollback(settings: Settings, tools: Dependencies) -> Outcome:
    """Puts the version `to` back into production, as far as autonomy goes.

    Raises:
        SettingsError: what is asked for makes no sense.
        ModelError: the version cannot take over.
    """
    try:
        return _rollback(settings, tools)
    except ConcurrentUpdate:
        return outcomes.lost_race()


def _rollback(settings: Settings, tools: Dependencies) -> Outcome:
    scene = survey.take_snapshot(settings, tools.repository)
    wish = reversal.resolve_request(scene.history, settings.rollback.to, settings.rollback.why)
    begun = lifecycle.pending(scene)
    if begun and (_is_this_one(begun, settings) or lifecycle.ended_on_base(scene, begun)):
        scene, done = lifecycle.resume(scene, settings, tools)
        told = next(one for one in scene.state.attempts if one.id == begun.id)
        if done and _is_this_one(told, settings) and told.state != "closed":
            return outcomes.rolled_back(scene, told, done)
    if wish.version is wish.champion:
        raise reversal.in_production(wish)
    stranger = lifecycle.foreign_commit_on_branch(scene, tools)
    if stranger:
        return outcomes.blocked(scene, Publication(blocked=stranger))
    tools.log.info(f"back from {wish.champion.version} to {wish.version.version}: {wish.version.version} is verified")
    return _propose(wish, scene, settings, tools)


def _is_this_one(attempt: Attempt, settings: Settings) -> bool:
    """Whether this very rollback was begun before, by a run that was killed or whose pull request waits."""
    return attempt.rolls_back and attempt.version == settings.rollback.to


def _propose(wish: RollbackRequest, scene: Snapshot, settings: Settings, tools: Dependencies) -> Outcome:
    """Verified, recorded, settled."""
    proven = reversal.verify_version(wish, scene, settings, tools.log)
    attempt = reversal.attempt_of(wish, proven, scene, tools)
    content = reversal.content_of(attempt, wish, scene, settings)
    waiting, onto = lifecycle.pending(scene), scene.state
    if waiting and settings.publication.autonomy.reaches(Autonomy.PROPOSE):
        ended = lifecycle.superseded_by_rollback(waiting, tools)
        if ended.state == "merged":
            return outcomes.blocked(scene, Publication(blocked=_overtaken(ended)))
        onto = onto.told_anew(ended)
    recorded = recording.record(attempt, scene, settings, tools, onto=onto, content=content)
    done = None
    if recorded.attempt.commit:
        recorded, done = lifecycle.settle(recorded, settings, tools)
    return outcomes.rolled_back(replace(scene, state=recorded.state), recorded.attempt, done)


def _overtaken(merged: Attempt) -> str:
    return f"{merged.version} was merged while this run looked at it: ask again, from {merged.version} this time"
