"""A workspace with a remote, and runs that count there: what tests of the count have in common."""

from __future__ import annotations

from dataclasses import replace

from ml_action.commands.check import check
from ml_action.datasets import survey
from ml_action.git import journal, repository
from ml_action.git.journal import Counter
from ml_action.git.repository import Branches, Push
from tests.support.factories import TIME, make_attempt, make_git, make_remote, make_repository, make_settings

BRANCHES = Branches("main", "ml-auto-update/model/state", "ml-auto-update/model/proposal")
SETTINGS = make_settings(threshold=5)


class Place:
    """A workspace with a remote, and what runs do there."""

    def __init__(self, tmp_path, files):
        self.tmp_path = tmp_path
        self.workspace = make_repository(tmp_path / "w", files)
        self.remote = make_remote(tmp_path / "remote.git", self.workspace)

    def publish(self, files):
        self.workspace.commit(files)
        self.workspace.git.run("push", "-q", str(self.remote), "main")

    def borrow(self):
        scratch = self.tmp_path / f"scratch{len(list(self.tmp_path.iterdir()))}"
        scratch.mkdir()
        borrowed = repository.open_with_own_store(make_git(self.workspace.path), str(self.remote), scratch)
        return borrowed, borrowed.fetch(BRANCHES)

    def look(self, settings=SETTINGS):
        """As `run` looks; `check` has to say the same, with a store and in place."""
        borrowed, tips = self.borrow()
        scene = survey.take_snapshot(settings, borrowed, tips)
        assert check(settings, borrowed, tips).trigger == scene.trigger
        self.workspace.git.run(
            "fetch", "-q", str(self.remote), "+refs/heads/ml-auto-update/*:refs/heads/ml-auto-update/*"
        )
        if tips.base == borrowed.head:
            assert check(settings, *self._locally(settings)).trigger == scene.trigger
        return scene

    def _locally(self, settings):
        """As `wiring.open_for_reading` opens it."""
        if settings.data.data_path.folder and settings.data.unit == "datasets":
            return repository.in_place(self.workspace.git, BRANCHES.state)
        scratch = self.tmp_path / f"scratch{len(list(self.tmp_path.iterdir()))}"
        scratch.mkdir()
        return repository.beside(self.workspace.git, BRANCHES.state, scratch)

    def remember(self, state, scene=None):
        """The state on its branch; with a scene, from the very repository in which it was seen."""
        borrowed, tips = (scene.repository, scene.tips) if scene else self.borrow()
        commit = journal.write(borrowed, state, Counter(0, 5, "", ""), "x", time=TIME)
        borrowed.push([Push(BRANCHES.state, tips.state, commit)])

    def attempt(self, settings=SETTINGS):
        """An attempt that saw the data as it is now."""
        scene = self.look(settings)
        self.remember(replace(scene.seen, attempts=(*scene.state.attempts, make_attempt())), scene)

    def paths(self, scene):
        return sorted(item.path.rpartition("/")[2] for item in scene.inventory.new)
