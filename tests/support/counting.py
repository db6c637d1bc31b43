"""A workspace with a remote, and runs that count there: what tests of the count have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ml_action.commands.check import check
from ml_action.config.settings import Settings
from ml_action.datasets import survey
from ml_action.datasets.survey import Snapshot
from ml_action.git import journal
from ml_action.git.journal import Counter, State
from ml_action.git.open import open_in_place, open_in_place_with_store, open_with_own_store
from ml_action.git.repository import Branches, Push, Repository
from tests.support.factories import TIME, make_attempt, make_git, make_remote, make_repository, make_settings

BRANCHES = Branches("main", "ml-auto-update/model/state", "ml-auto-update/model/proposal")
SETTINGS = make_settings(threshold=5)


class Place:
    """A workspace with a remote, and what runs do there."""

    def __init__(self, tmp_path: Path, files: Mapping[str | bytes, str | bytes | None]) -> None:
        self.tmp_path = tmp_path
        self.workspace = make_repository(tmp_path / "w", files)
        self.remote = make_remote(tmp_path / "remote.git", self.workspace)

    def publish(self, files: Mapping[str | bytes, str | bytes | None]) -> None:
        self.workspace.commit(files)
        self.workspace.git.run("push", "-q", str(self.remote), "main")

    def borrow(self) -> Repository:
        scratch = self.tmp_path / f"scratch{len(list(self.tmp_path.iterdir()))}"
        scratch.mkdir()
        borrowed = open_with_own_store(make_git(self.workspace.path), str(self.remote), scratch)
        return borrowed.updated(BRANCHES)

    def look(self, settings: Settings = SETTINGS) -> Snapshot:
        """As `run` looks; `check` has to say the same, with a store and in place."""
        borrowed = self.borrow()
        scene = survey.take_snapshot(settings, borrowed)
        assert check(settings, borrowed).trigger == scene.trigger
        self.workspace.git.run(
            "fetch", "-q", str(self.remote), "+refs/heads/ml-auto-update/*:refs/heads/ml-auto-update/*"
        )
        if borrowed.tips.base == borrowed.head:
            assert check(settings, self._locally(settings)).trigger == scene.trigger
        return scene

    def _locally(self, settings: Settings) -> Repository:
        """As `wiring.open_for_reading` opens it."""
        if settings.data.data_path.folder and settings.data.unit == "datasets":
            return open_in_place(self.workspace.git, BRANCHES.state)
        scratch = self.tmp_path / f"scratch{len(list(self.tmp_path.iterdir()))}"
        scratch.mkdir()
        return open_in_place_with_store(self.workspace.git, BRANCHES.state, scratch)

    def remember(self, state: State, scene: Snapshot | None = None) -> None:
        """The state on its branch; with a scene, from the very repository in which it was seen."""
        borrowed = scene.repository if scene else self.borrow()
        commit = journal.write(borrowed, state, Counter(0, 5, "", ""), "x", time=TIME)
        borrowed.push([Push(BRANCHES.state, borrowed.tips.state, commit)])

    def attempt(self, settings: Settings = SETTINGS) -> None:
        """An attempt that saw the data as it is now."""
        scene = self.look(settings)
        self.remember(replace(scene.consumed, attempts=(*scene.state.attempts, make_attempt())), scene)

    def paths(self, scene: Snapshot) -> list[str]:
        return sorted(item.path.rpartition("/")[2] for item in scene.inventory.new)
