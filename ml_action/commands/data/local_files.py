"""The datasets of a clone, and files as they are named at a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_action.commands.base import Invocation
from ml_action.commands.data import candidates
from ml_action.commands.data.candidates import BranchDatasets
from ml_action.core import file_formats
from ml_action.core.errors import DataError
from ml_action.core.log import escaped
from ml_action.core.records.dataset import Dataset
from ml_action.runtime import repository_access, wiring
from ml_action.runtime.repository_access import Target


@dataclass(frozen=True)
class LocalDatasets:
    """The datasets of a clone, with the folder that paths are relative to."""

    target: Target
    datasets: BranchDatasets
    current_folder: Path

    @property
    def top(self) -> Path:
        """The root of the repository."""
        return self.target.workspace.directory

    def path_of(self, name: str) -> str:
        """Returns the path from the repository's root. Links to folders are followed, the file itself may be a link.

        Raises:
            DataError: The path is outside of the repository.
        """
        typed = self.current_folder / name
        if not os.path.lexists(typed) and os.path.lexists(self.top / name):
            typed = self.top / name
        typed = Path(os.path.abspath(typed))  # noqa: PTH100  resolve() would follow the file itself
        try:
            return (typed.parent.resolve() / typed.name).relative_to(self.top.resolve()).as_posix()
        except ValueError:
            raise DataError(
                f"{escaped(name)!r} is outside of the repository",
                why="a typing error, or a link that leads out of it",
                fix="name a file of this repository, or another repository with --workspace",
            ) from None

    def named(self, names: Sequence[str]) -> Iterator[Dataset]:
        """Yields the datasets at these paths; of a folder, every file that is named like a dataset."""
        known = {item.path: item for item in self.datasets.on_branch}
        paths = (path for name in names for path in _files(self.path_of(name), self.top))
        for path in dict.fromkeys(paths):
            found = candidates.working_tree_dataset(self.datasets.snapshot, path, known.get(path))
            if found is None:
                raise DataError(
                    f"there is no file {escaped(path)!r}",
                    why="a typing error, or it is a link, which is no dataset",
                    fix="name files or folders of this repository",
                )
            yield found


def open_clone(call: Invocation) -> LocalDatasets:
    """Opens the clone on this machine. The setting `forge` has no effect, because nothing is sent."""
    target = wiring.find_place({**call.inputs, "forge": "none"}, call.context)
    repository = repository_access.open_locally(target, call.temporary_folder())
    snapshot = candidates.take_snapshot(target.settings, repository)
    datasets = candidates.of_working_tree(target.workspace, snapshot, target.settings)
    return LocalDatasets(target, datasets, call.context.workspace)


def _files(path: str, top: Path) -> Iterator[str]:
    if not (top / path).is_dir():
        yield path
        return
    for folder, folders, files in os.walk(top / path):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(files):
            if name.lower().endswith(file_formats.suffixes()) and not Path(folder, name).is_symlink():
                yield Path(folder, name).relative_to(top).as_posix()
