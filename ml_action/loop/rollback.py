"""An earlier version back in production: asked for, verified, and made into a proposal that moves one pointer.

Imported late where it loads models: what is asked for is told wrong before pandas is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ml_action.config.settings import Settings
from ml_action.core.errors import DataProblem, ModelProblem, SettingsProblem
from ml_action.core.log import Log
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import Comparison
from ml_action.core.records.model import History, Version
from ml_action.datasets.survey import Scene
from ml_action.loop import attempt as drafting
from ml_action.promotion import recording
from ml_action.promotion.pull_request_text import fingerprint
from ml_action.promotion.recording import Content
from ml_action.reports import pages as report
from ml_action.runtime.dependencies import Tools

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ml_action.loop.batch import Batch
    from ml_action.modelling.champion import Witness


@dataclass(frozen=True)
class Wish:
    """Which version is to take over from which, and why."""

    history: History
    champion: Version
    version: Version
    why: str


@dataclass(frozen=True)
class Proven:
    """That a version loads and has answers: its scores beside the champion's, where both could be scored."""

    comparison: Comparison | None
    notes: tuple[str, ...]


# --- what is asked for ------------------------------------------------------------------------------------


def wanted(history: History | None, to: str, why: str) -> Wish:
    """The wish, taken apart.

    Raises:
        SettingsProblem: no reason or no version is given, or there is none of that name.
        ModelProblem: there is nothing to go back to.
    """
    champion = history.champion if history else None
    if history is None or champion is None or len(history.versions) < 2:
        raise ModelProblem(
            "there is nothing to roll back",
            why=f"{champion.version} is the only version" if champion else "no model was ever promoted here",
            fix="a rollback needs an earlier version; `history` lists them",
        )
    versions = ", ".join(one.version for one in history.versions if one is not champion)
    version = next((one for one in history.versions if one.version == to), None)
    if version is None:
        raise SettingsProblem(
            f"there is no version {to}" if to else "`to` is empty: it is not said which version shall come back",
            why=f"in production is {champion.version}; the history holds {versions} besides",
            fix="name one of these with `to`",
        )
    if not why:
        raise SettingsProblem(
            "`why` is empty",
            why="the reason stands in the pull request and in the journal, for those who wonder later",
            fix="say in one line why the version in production has to go",
        )
    return Wish(history, champion, version, why)


def in_production(wish: Wish) -> SettingsProblem:
    """What to say where nothing has to be moved."""
    others = ", ".join(one.version for one in wish.history.versions if one is not wish.champion)
    return SettingsProblem(
        f"{wish.version.version} is in production already",
        why="an earlier rollback was merged, or the wrong version is named",
        fix=f"nothing has to be done; to put another one there, name it with `to`: {others}",
    )


# --- verified before anything is written ------------------------------------------------------------------


def prove(wish: Wish, scene: Scene, settings: Settings, log: Log) -> Proven:
    """Loads the version and has it answer: on the newest rows at hand, beside the champion.

    Raises:
        ModelProblem: its file is not there, is not the recorded one, cannot be loaded, or has no answers.
    """
    from ml_action.loop import version_comparison as rivals
    from ml_action.modelling.champion import Incomparable

    notes: list[str] = []
    try:
        model = rivals.load(wish.version, scene, settings, notes.append)
        comparison = _scored(wish, model, scene, settings, log, notes)
    except ModelProblem as problem:
        raise _cannot(wish, problem.what, problem.why, problem.path) from problem
    except Incomparable as reason:
        raise _cannot(wish, str(reason), "the data or the settings are other ones than in its time") from reason
    return Proven(comparison, tuple(dict.fromkeys(notes)))


def _cannot(wish: Wish, what: str, why: str, path: str = "") -> ModelProblem:
    others = [one.version for one in wish.history.versions if one not in (wish.champion, wish.version)]
    another = f"name another version with `to` ({', '.join(others)})" if others else "there is no other version"
    return ModelProblem(
        f"{wish.version.version} cannot take over: {what}",
        why=why,
        fix=f"nothing was changed. {another}, or mend this one",
        path=path,
    )


def _scored(
    wish: Wish, model: Witness, scene: Scene, settings: Settings, log: Log, notes: list[str]
) -> Comparison | None:
    """Its scores on the rows at hand; where no dataset can be read it has to answer one request."""
    from ml_action.loop import batch as batches
    from ml_action.loop import version_comparison as rivals

    try:
        batch = batches.sort_out(batches.material_of(scene, settings), scene, settings, log)
    except (DataProblem, SettingsProblem) as problem:
        notes.append(f"not scored, but asked for its answer to one request: {problem.what}")
        model.replays(wish.version.sample)
        return None
    rows, which = rivals.unseen(batch, settings, wish.history.salt)
    notes.append(which)
    return _side_by_side(batch, rows, settings, model, _champion(wish, scene, settings, notes), notes)


def _champion(wish: Wish, scene: Scene, settings: Settings, notes: list[str]) -> Witness | None:
    """The version that has to go, if it can be loaded: perhaps it has to go because it cannot."""
    from ml_action.loop import version_comparison as rivals

    try:
        return rivals.load(wish.champion, scene, settings, notes.append)
    except ModelProblem as problem:
        notes.append(f"{wish.champion.version} is not scored: {problem.what}")
        return None


def _side_by_side(
    batch: Batch,
    rows: npt.NDArray[np.bool_],
    settings: Settings,
    model: Witness,
    champion: Witness | None,
    notes: list[str],
) -> Comparison:
    """Both on the same rows; a champion without an answer stops nobody."""
    from ml_action.loop import version_comparison as rivals
    from ml_action.modelling.champion import Incomparable

    try:
        return rivals.compare(batch, rows, settings, model, champion)
    except Incomparable as reason:
        if reason.who == model.name:
            raise
        notes.append(f"scored alone: {reason}")
        return rivals.compare(batch, rows, settings, model, None)


# --- as a proposal ----------------------------------------------------------------------------------------


def attempt_of(wish: Wish, proven: Proven, scene: Scene, tools: Tools) -> Attempt:
    """The journal's line of a rollback; each wish is work of its own, whatever was closed or merged before."""
    now = {
        "rollback": [wish.champion.version, wish.version.version, wish.why],
        "time": tools.now(),
        "after": len(scene.state.attempts),
    }
    own = fingerprint({**now, "run": tools.run_url, "base": scene.tips.base})
    attempt = drafting.begun(scene, tools, own, salt=wish.history.salt, version=wish.version.version)
    attempt = replace(
        attempt,
        verdict=Verdict.ROLLBACK,
        reason=f"back from {wish.champion.version} to {wish.version.version}: {wish.why}",
        metric=wish.version.metric,
        digest=wish.version.sha256,
        notes=proven.notes,
    )
    return drafting.scored(attempt, proven.comparison) if proven.comparison else attempt


def content_of(attempt: Attempt, wish: Wish, scene: Scene, settings: Settings) -> Content:
    """The history with its pointer moved, and not one other byte."""
    files = recording.turned_back(scene.repository.store, scene.tips.base, settings.model_dir, attempt.version)
    message = report.rollback_message(attempt)
    return Content(files, attempt.digest, message, report.rollback_body(attempt, wish.version, settings.model_dir))
