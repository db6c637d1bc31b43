"""The verbs of `data`, and `mode: data` of the Action: datasets judged before they are merged."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ml_action.commands.registry import Command, Invocation, json_option, own_options
from ml_action.core import file_formats
from ml_action.core.errors import DataError, SettingsError
from ml_action.core.log import escaped
from ml_action.core.records.dataset import Dataset
from ml_action.core.records.outcome import Outcome

if TYPE_CHECKING:
    import argparse

    from ml_action.commands.data.candidates import BranchDatasets
    from ml_action.runtime.wiring import Target


def judge_pull(call: Invocation) -> Outcome:
    """The datasets of a pull request, with a comment on it."""
    from ml_action.commands.data import pull_request
    from ml_action.runtime import wiring

    if call.context.event == "pull_request_target":
        raise SettingsError(
            "mode data does not run on pull_request_target",
            why="such a run holds your secrets and a token that may write, and strangers' files do not belong there",
            fix="use `on: pull_request`: example-workflows/check-datasets.yml",
        )
    place = wiring.find_place(call.given, call.context, call.log.info)
    return pull_request.check(
        place.settings, wiring.make_data_tools(place, call.scratch(), call.log), place.context.pull
    )


def check(call: Invocation) -> int:
    """Datasets of the working tree; 3 when one is bad."""
    from ml_action.commands.data import inspection, views

    place, at_hand = _look(call)
    options = own_options(call)
    if options.paths:
        candidates = tuple(_named(options.paths, at_hand, call, place.workspace.directory))
    else:
        candidates = at_hand.arriving() or at_hand.scene.inventory.new
    found = inspection.inspect(at_hand, candidates, place.settings, call.log)
    views.check(found, as_json=options.json)
    return DataError.exit_code if found.bad else 0


def contract(call: Invocation) -> None:
    """What is asked of each column; with --update written into the user's file."""
    from ml_action.commands.data import contract as agreement
    from ml_action.commands.data import contract_file, views

    place, at_hand = _look(call)
    options, top = own_options(call), place.workspace.directory
    before = contract_file.read(top) if options.update else ""
    agreed = agreement.effective_contract(at_hand, place.settings, call.log)
    if not options.update:
        views.contract(agreed, as_json=options.json)
        return
    tables = agreement.proposals(agreed.learned, contract_file.stated_columns(top, place.settings))
    after = contract_file.with_tables(before, tables)
    if after != before:
        contract_file.write(top, after)
    views.contract(agreed, as_json=options.json, change=contract_file.difference(before, after))


def explain(call: Invocation) -> None:
    """Why one file counts or not."""
    from ml_action.commands.data import explain as explanation
    from ml_action.commands.data import views

    place, at_hand = _look(call)
    options, git = own_options(call), place.workspace
    path = _inside(options.file, call.context.workspace, git.directory)
    found = explanation.explain(path, at_hand, git, place.settings, call.log)
    views.explain(found, as_json=options.json)


def _look(call: Invocation) -> tuple[Target, BranchDatasets]:
    """What is at hand on this machine: `forge` does not matter, nothing is sent."""
    from ml_action.commands.data import candidates as ground
    from ml_action.runtime import wiring

    place = wiring.find_place({**call.given, "forge": "none"}, call.context)
    repository, tips = wiring.open_locally(place, call.scratch())
    scene = ground.scene_of(place.settings, repository, tips)
    return place, ground.of_working_tree(place.workspace, scene, place.settings)


# --- paths as a person types them --------------------------------------------------------------------------


def _named(names: list[str], at_hand: BranchDatasets, call: Invocation, top: Path) -> Iterator[Dataset]:
    """The datasets at these paths; in a folder, every file that is named as one."""
    from ml_action.commands.data import candidates as ground

    known = {item.path: item for item in at_hand.here}
    paths = (path for name in names for path in _files(_inside(name, call.context.workspace, top), top))
    for path in dict.fromkeys(paths):
        found = ground.working_tree_dataset(at_hand.scene, path, known.get(path))
        if found is None:
            raise DataError(
                f"there is no file {escaped(path)!r}",
                why="a typing error, or it is a link, which is no dataset",
                fix="name files or folders of this repository",
            )
        yield found


def _files(path: str, top: Path) -> Iterator[str]:
    if not (top / path).is_dir():
        yield path
        return
    for folder, folders, files in os.walk(top / path):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(files):
            if name.lower().endswith(file_formats.suffixes()) and not Path(folder, name).is_symlink():
                yield Path(folder, name).relative_to(top).as_posix()


def _inside(name: str, here: Path, top: Path) -> str:
    """The path from the repository's root. Links on the way are followed, the file itself may be one.

    Raises:
        DataError: it lies outside of the repository.
    """
    typed = here / name
    if not os.path.lexists(typed) and os.path.lexists(top / name):
        typed = top / name
    typed = Path(os.path.abspath(typed))  # noqa: PTH100  resolve() would follow the file itself
    try:
        return (typed.parent.resolve() / typed.name).relative_to(top.resolve()).as_posix()
    except ValueError:
        raise DataError(
            f"{escaped(name)!r} lies outside of the repository",
            why="a typing error, or a link that leads out of it",
            fix="name a file of this repository, or another repository with --workspace",
        ) from None


# --- the table ---------------------------------------------------------------------------------------------


def _check_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files or folders (default: what is not merged yet)")
    json_option(parser)


def _contract_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--update", action="store_true", help="write what was learned into ml-auto-update.toml")
    json_option(parser)


def _explain_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="PATH", help="the file")
    json_option(parser)


VERBS: Mapping[str, Command] = {
    "check": Command("judge datasets that are not merged yet; nothing is written", check, _check_options),
    "contract": Command("what each column has to hold, learned and stated", contract, _contract_options),
    "explain": Command("why a file counts, or why it does not", explain, _explain_options),
}
