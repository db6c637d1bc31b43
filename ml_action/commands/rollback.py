"""The story of `mode: rollback`: a person wants an earlier version back, and gets a pull request for it.

Verified first: the version loads, and has answers. No score decides: a person asked for it. What waits on the branch is
superseded. A run that dies is completed by the next one, as with a promotion.
"""

from __future__ import annotations

from dataclasses import replace

from ml_action.config.settings import Settings
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Autonomy
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.promotion import Publication
from ml_action.datasets import survey
from ml_action.datasets.survey import Scene
from ml_action.git.repository import LostTheRace
from ml_action.loop import outcomes as endings
from ml_action.loop import rollback as reversal
from ml_action.loop.rollback import Wish
from ml_action.promotion import lifecycle as promotion
from ml_action.promotion import recording
from ml_action.runtime.dependencies import Tools


def rollback(settings: Settings, tools: Tools) -> Outcome:
    """Puts the version `to` back into production, as far as autonomy goes.

    Raises:
        SettingsProblem: what is asked for makes no sense.
        ModelProblem: the version cannot take over.
    """
    try:
        return _rollback(settings, tools)
    except LostTheRace:
        return endings.stood_down()


def _rollback(settings: Settings, tools: Tools) -> Outcome:
    scene = survey.look(settings, tools.repository, tools.tips)
    wish = reversal.wanted(scene.history, settings.to, settings.why)
    begun = promotion.pending(scene)
    if begun and (_is_this_one(begun, settings) or promotion.ended_on_base(scene, begun)):
        scene, done = promotion.resume(scene, settings, tools)
        told = next(one for one in scene.state.attempts if one.id == begun.id)
        if done and _is_this_one(told, settings) and told.state != "closed":
            return endings.rolled_back(scene, told, done)
    if wish.version is wish.champion:
        raise reversal.in_production(wish)
    stranger = promotion.stranger_on_branch(scene, tools)
    if stranger:
        return endings.blocked(scene, Publication(blocked=stranger))
    tools.log.say(f"back from {wish.champion.version} to {wish.version.version}: {wish.version.version} is verified")
    return _propose(wish, scene, settings, tools)


def _is_this_one(attempt: Attempt, settings: Settings) -> bool:
    """Whether this very rollback was begun before, by a run that was killed or whose pull request waits."""
    return attempt.rolls_back and attempt.version == settings.to


def _propose(wish: Wish, scene: Scene, settings: Settings, tools: Tools) -> Outcome:
    """Verified, recorded, settled."""
    proven = reversal.prove(wish, scene, settings, tools.log)
    attempt = reversal.attempt_of(wish, proven, scene, tools)
    content = reversal.content_of(attempt, wish, scene, settings)
    waiting, onto = promotion.pending(scene), scene.state
    if waiting and settings.autonomy.reaches(Autonomy.PROPOSE):
        ended = promotion.overruled(waiting, tools)
        if ended.state == "merged":
            return endings.blocked(scene, Publication(blocked=_overtaken(ended)))
        onto = onto.told_anew(ended)
    recorded = recording.record(attempt, scene, settings, tools, onto=onto, content=content)
    done = None
    if recorded.attempt.commit:
        recorded, done = promotion.settle(recorded, settings, tools)
    return endings.rolled_back(replace(scene, state=recorded.state), recorded.attempt, done)


def _overtaken(merged: Attempt) -> str:
    return f"{merged.version} was merged while this run looked at it: ask again, from {merged.version} this time"
