"""The models of the history, loaded from the base branch.

This module is imported only when a model is needed: it loads scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ml_action.config.settings import Settings
from ml_action.core.records.model import Version
from ml_action.datasets.survey import Snapshot
from ml_action.git import registry
from ml_action.git.command import Git
from ml_action.modelling.champion import ReferenceModel
from ml_action.modelling.training import model_file


@dataclass(frozen=True)
class ModelStore:
    """The model directory of one commit."""

    git: Git
    commit: str
    settings: Settings

    @classmethod
    def of(cls, snapshot: Snapshot) -> ModelStore:
        """The models on the base branch of a snapshot."""
        return cls(snapshot.repository.store, snapshot.tips.base, snapshot.settings)

    def load(self, version: Version, note: Callable[[str], None], who: str = "The champion") -> Any:
        """The model of a version. Its digest is verified before a byte of it is unpickled.

        Raises:
            ModelError: its file is missing, is not the recorded one, or cannot be loaded.
        """
        options = self.settings.publication
        data = registry.artifact(self.git, self.commit, options.model_dir, version)
        form = model_file.format_of(version.file, options.trusted_types)
        return model_file.load(data, version.sha256, note, who, form)

    def reference(self, version: Version, note: Callable[[str], None]) -> ReferenceModel:
        """A version that can be scored. Raises as `load` does."""
        model = self.load(version, note, version.version)
        return ReferenceModel(model, version.features, version.version, version.target)
