"""Verifies a version before it returns to production: it loads, it predicts, and its scores are shown.

This module is imported only when a version is to be verified: it loads pandas and scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ml_action.core.errors import DataError, ModelError, SettingsError
from ml_action.core.log import Log
from ml_action.core.records.evaluation import Comparison
from ml_action.datasets.survey import Snapshot
from ml_action.loop import versions
from ml_action.loop.batch.building import Batch, build_batch
from ml_action.loop.batch.reading import input_of
from ml_action.loop.rollback import RollbackRequest, VerifiedVersion
from ml_action.loop.versions import Flags, ModelStore
from ml_action.modelling.champion import Incomparable, ReferenceModel
from ml_action.modelling.rescoring import compare_versions


def verify_version(request: RollbackRequest, snapshot: Snapshot, log: Log) -> VerifiedVersion:
    """Loads the version and lets it predict the newest available rows, next to the champion.

    Raises:
        ModelError: its file is missing, is not the recorded one, cannot be loaded, or cannot predict.
    """
    check = _RollbackCheck(request, snapshot, ModelStore.of(snapshot), log)
    try:
        comparison = check.compare()
    except ModelError as problem:
        raise _refused(request, problem.what, problem.why, problem.path) from problem
    except Incomparable as reason:
        raise _refused(request, str(reason), "the data or the settings have changed since its time") from reason
    return VerifiedVersion(comparison, tuple(dict.fromkeys(check.notes)))


@dataclass(frozen=True)
class _RollbackCheck:
    request: RollbackRequest
    snapshot: Snapshot
    models: ModelStore
    log: Log
    notes: list[str] = field(default_factory=list)

    def compare(self) -> Comparison | None:
        """Its scores on the available rows. If no dataset can be read, it has to answer one request instead."""
        model = self.models.reference(self.request.version, self.notes.append)
        try:
            batch = build_batch(input_of(self.snapshot), self.snapshot, self.log)
        except (DataError, SettingsError) as problem:
            self.notes.append(f"not scored, but asked for its answer to one request: {problem.what}")
            model.require_prediction(self.request.version.sample)
            return None
        unseen = versions.unseen_rows(batch, self.snapshot.settings.training, self._holdout_keys())
        self.notes.append(unseen.text)
        return self._side_by_side(batch, unseen.rows, model)

    def _holdout_keys(self) -> set[str]:
        """The keys of both versions' holdouts; an empty one is unknown. A rollback never waits for a secret."""
        both = (self.request.champion, self.request.version)
        return {self.snapshot.holdout.of_version(version.holdout_fingerprint) for version in both}

    def _champion(self) -> ReferenceModel | None:
        """The version that has to go, if it can be loaded: perhaps it has to go because it cannot."""
        champion = self.request.champion
        try:
            return self.models.reference(champion, self.notes.append)
        except ModelError as problem:
            self.notes.append(f"{champion.version} is not scored: {problem.what}")
            return None

    def _side_by_side(self, batch: Batch, rows: Flags, model: ReferenceModel) -> Comparison:
        """Both on the same rows. A champion that cannot be scored is left out."""
        settings = self.snapshot.settings
        scored = versions.scored_rows(batch, rows, settings.training.group)
        try:
            return compare_versions(scored, settings.gate, model, self._champion())
        except Incomparable as reason:
            if reason.model == model.name:
                raise
            self.notes.append(f"scored alone: {reason}")
            return compare_versions(scored, settings.gate, model, None)


def _refused(request: RollbackRequest, what: str, why: str, path: str = "") -> ModelError:
    others = [one.version for one in request.history.versions if one not in (request.champion, request.version)]
    another = f"name another version with `to` ({', '.join(others)})" if others else "there is no other version"
    return ModelError(
        f"{request.version.version} cannot take over: {what}",
        why=why,
        fix=f"nothing was changed. {another}, or repair this one",
        path=path,
    )
