"""An earlier version back in production: asked for, verified, and made into a proposal that moves one pointer.

Imported late where it loads models: what is asked for is told wrong before pandas is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ml_action.config.settings import Settings
from ml_action.core.errors import DataError, ModelError, SettingsError
from ml_action.core.fingerprint import fingerprint
from ml_action.core.log import Log
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import Comparison
from ml_action.core.records.model import History, Version
from ml_action.datasets.survey import Snapshot
from ml_action.loop import attempt as drafting
from ml_action.promotion import recording
from ml_action.promotion.recording import ProposalContent
from ml_action.reports import commit_messages, pages
from ml_action.reports.render import markdown
from ml_action.runtime.dependencies import Dependencies

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ml_action.loop.batch import Batch
    from ml_action.modelling.champion import ReferenceModel


@dataclass(frozen=True)
class RollbackRequest:
    """Which version is to take over from which, and why."""

    history: History
    champion: Version
    version: Version
    why: str


@dataclass(frozen=True)
class VerifiedVersion:
    """That a version loads and has answers: its scores beside the champion's, where both could be scored."""

    comparison: Comparison | None
    notes: tuple[str, ...]


# --- what is asked for ------------------------------------------------------------------------------------


def resolve_request(history: History | None, to: str, why: str) -> RollbackRequest:
    """The wish, taken apart.

    Raises:
        SettingsError: no reason or no version is given, or there is none of that name.
        ModelError: there is nothing to go back to.
    """
    champion = history.champion if history else None
    if history is None or champion is None or len(history.versions) < 2:
        raise ModelError(
            "there is nothing to roll back",
            why=f"{champion.version} is the only version" if champion else "no model was ever promoted here",
            fix="a rollback needs an earlier version; `history` lists them",
        )
    versions = ", ".join(one.version for one in history.versions if one is not champion)
    version = next((one for one in history.versions if one.version == to), None)
    if version is None:
        raise SettingsError(
            f"there is no version {to}" if to else "`to` is empty: it is not said which version shall come back",
            why=f"in production is {champion.version}; the history holds {versions} besides",
            fix="name one of these with `to`",
        )
    if not why:
        raise SettingsError(
            "`why` is empty",
            why="the reason stands in the pull request and in the journal, for those who wonder later",
            fix="say in one line why the version in production has to go",
        )
    return RollbackRequest(history, champion, version, why)


def in_production(wish: RollbackRequest) -> SettingsError:
    """What to say where nothing has to be moved."""
    others = ", ".join(one.version for one in wish.history.versions if one is not wish.champion)
    return SettingsError(
        f"{wish.version.version} is in production already",
        why="an earlier rollback was merged, or the wrong version is named",
        fix=f"nothing has to be done; to put another one there, name it with `to`: {others}",
    )


# --- verified before anything is written ------------------------------------------------------------------


def verify_version(wish: RollbackRequest, scene: Snapshot, settings: Settings, log: Log) -> VerifiedVersion:
    """Loads the version and has it answer: on the newest rows at hand, beside the champion.

    Raises:
        ModelError: its file is not there, is not the recorded one, cannot be loaded, or has no answers.
    """
    from ml_action.loop import version_comparison
    from ml_action.modelling.champion import Incomparable

    notes: list[str] = []
    try:
        model = version_comparison.load_version(wish.version, scene, settings, notes.append)
        comparison = _scored(wish, model, scene, settings, log, notes)
    except ModelError as problem:
        raise _cannot(wish, problem.what, problem.why, problem.path) from problem
    except Incomparable as reason:
        raise _cannot(wish, str(reason), "the data or the settings are other ones than in its time") from reason
    return VerifiedVersion(comparison, tuple(dict.fromkeys(notes)))


def _cannot(wish: RollbackRequest, what: str, why: str, path: str = "") -> ModelError:
    others = [one.version for one in wish.history.versions if one not in (wish.champion, wish.version)]
    another = f"name another version with `to` ({', '.join(others)})" if others else "there is no other version"
    return ModelError(
        f"{wish.version.version} cannot take over: {what}",
        why=why,
        fix=f"nothing was changed. {another}, or mend this one",
        path=path,
    )


def _scored(
    wish: RollbackRequest, model: ReferenceModel, scene: Snapshot, settings: Settings, log: Log, notes: list[str]
) -> Comparison | None:
    """Its scores on the rows at hand; where no dataset can be read it has to answer one request."""
    from ml_action.loop import batch as batches
    from ml_action.loop import version_comparison

    try:
        batch = batches.build_batch(batches.material_of(scene, settings), scene, settings, log)
    except (DataError, SettingsError) as problem:
        notes.append(f"not scored, but asked for its answer to one request: {problem.what}")
        model.require_prediction(wish.version.sample)
        return None
    rows, which = version_comparison.unseen_rows(batch, settings, wish.history.salt)
    notes.append(which)
    return _side_by_side(batch, rows, settings, model, _champion(wish, scene, settings, notes), notes)


def _champion(wish: RollbackRequest, scene: Snapshot, settings: Settings, notes: list[str]) -> ReferenceModel | None:
    """The version that has to go, if it can be loaded: perhaps it has to go because it cannot."""
    from ml_action.loop import version_comparison

    try:
        return version_comparison.load_version(wish.champion, scene, settings, notes.append)
    except ModelError as problem:
        notes.append(f"{wish.champion.version} is not scored: {problem.what}")
        return None


def _side_by_side(
    batch: Batch,
    rows: npt.NDArray[np.bool_],
    settings: Settings,
    model: ReferenceModel,
    champion: ReferenceModel | None,
    notes: list[str],
) -> Comparison:
    """Both on the same rows; a champion without an answer stops nobody."""
    from ml_action.loop import version_comparison
    from ml_action.modelling.champion import Incomparable

    try:
        return version_comparison.compare(batch, rows, settings, model, champion)
    except Incomparable as reason:
        if reason.model == model.name:
            raise
        notes.append(f"scored alone: {reason}")
        return version_comparison.compare(batch, rows, settings, model, None)


# --- as a proposal ----------------------------------------------------------------------------------------


def attempt_of(wish: RollbackRequest, proven: VerifiedVersion, scene: Snapshot, tools: Dependencies) -> Attempt:
    """The journal's line of a rollback; each wish is work of its own, whatever was closed or merged before."""
    now = {
        "rollback": [wish.champion.version, wish.version.version, wish.why],
        "time": tools.now(),
        "after": len(scene.state.attempts),
    }
    own = fingerprint({**now, "run": tools.run_url, "base": scene.tips.base})
    attempt = drafting.new_attempt(scene, tools, own, salt=wish.history.salt, version=wish.version.version)
    attempt = replace(
        attempt,
        verdict=Verdict.ROLLBACK,
        reason=f"back from {wish.champion.version} to {wish.version.version}: {wish.why}",
        metric=wish.version.metric,
        digest=wish.version.sha256,
        notes=proven.notes,
    )
    return drafting.with_comparison(attempt, proven.comparison) if proven.comparison else attempt


def content_of(attempt: Attempt, wish: RollbackRequest, scene: Snapshot, settings: Settings) -> ProposalContent:
    """The history with its pointer moved, and not one other byte."""
    files = recording.rollback_files(
        scene.repository.store, scene.tips.base, settings.publication.model_dir, attempt.version
    )
    message = commit_messages.of_rollback(attempt)
    text = markdown.render(pages.rollback_request(attempt, wish.version, settings.publication.model_dir))
    return ProposalContent(files, attempt.digest, message, text)
