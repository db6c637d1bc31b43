"""Which commit a run follows, with the settings of that commit, and whether the run may write.

What is merged follows from the base branch's commit alone: its datasets, its settings file, its journal. A run for
anything else, such as another branch, a tag or a pull request, reports and writes nothing: the user who starts it
may lack the right to change the base branch.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ml_action.config.parse import parse, texts
from ml_action.core.dataclass import dataclass, replace
from ml_action.core.records.dataset import Unit
from ml_action.git import repository
from ml_action.git.open import open_in_place, open_in_place_with_store, open_with_own_store
from ml_action.git.repository import Branches, Repository
from ml_action.runtime.actions import RunContext
from ml_action.runtime.repository_access import (
    Opened,
    Target,
    clone_for_reading,
    config_at,
    default_branch,
    has_repository,
    name_branches,
    open_fully,
)

HEADS = "refs/heads/"


@dataclass(frozen=True)
class Source:
    """What a run is for, and where its branches are."""

    ref: str  # such as refs/heads/main; empty: unknown, as on a laptop
    commit: str  # of the ref when the run was started; empty: unknown
    checkout: str  # the commit that is checked out
    base: str  # the base branch's name
    base_tip: str  # its commit on the server
    refs: tuple[str, ...]  # for which a run may write: the default branch, and the base branch that it names


@dataclass(frozen=True)
class Authorized:
    """A repository with the settings of the commit that counts."""

    opened: Opened
    source: Source

    @property
    def reason_to_write_nothing(self) -> str:
        """Why this run may only report. Empty: it may write."""
        place = self.opened.target
        return reason_to_write_nothing(place) or (reason_of_source(self.source) if place.on_github else "")


def open_with_authority(place: Target, scratch: Path) -> Authorized:
    """Opens the repository, and reads the settings from the commit whose datasets count.

    That is the base branch's commit if the run is for the base branch, and else the one that is checked out.
    """
    if not place.on_github:
        branches = name_branches(place)
        found = open_fully(place, branches, scratch)
        return Authorized(Opened(place, found), _source(place, found, branches, ()))
    place = _with_default_branch(place)
    default = place.context.default_branch
    start = replace(name_branches(place), base=_first_base(place, default))
    found = open_with_own_store(place.workspace, place.remote, scratch).updated(start)
    refs = (f"{HEADS}{default}", f"{HEADS}{_base_named_on(found, start, place, default)}")
    counts_base = place.context.ref in refs
    opened = _with_settings_of(place, found, start) if counts_base else _with_settings_of_checkout(place, found, start)
    return Authorized(opened, _source(opened.target, opened.repository, name_branches(opened.target), refs))


def _with_default_branch(place: Target) -> Target:
    """With the default branch in the context. A scheduled run has no event that names it: the server is asked, once."""
    default = place.context.default_branch or default_branch(place)
    return replace(place, context=replace(place.context, default_branch=default))


def open_for_base(place: Target, scratch: Path) -> Opened:
    """Opens the repository with the settings of the base branch, whatever is checked out."""
    place = _with_default_branch(place)
    start = replace(name_branches(place), base=place.given.get("base", "") or place.context.default_branch)
    found = open_with_own_store(place.workspace, place.remote, scratch).updated(start)
    return _with_settings_of(place, found, start)


def open_for_reading(place: Target, scratch: Callable[[], Path]) -> Opened:
    """Returns the cheapest repository in which datasets can be counted."""
    if not has_repository(place):
        return clone_for_reading(place, scratch)
    if place.on_github:
        return open_with_authority(place, scratch()).opened
    state = repository.state_branch(place.settings.name)
    if place.settings.data.data_path.folder and place.settings.data.unit == Unit.DATASETS:
        return Opened(place, open_in_place(place.workspace, state))
    return Opened(place, open_in_place_with_store(place.workspace, state, scratch()))


def open_checkout(place: Target, scratch: Path) -> Opened:
    """Opens the repository with the settings of the commit that is checked out; for reports only."""
    branches = name_branches(place)
    found = open_fully(place, branches, scratch)
    return _with_settings_of_checkout(place, found, branches) if place.on_github else Opened(place, found)


def _first_base(place: Target, default: str) -> str:
    """The branch to begin at: only a workflow of the default branch may name the base branch by an input."""
    given = place.given.get("base", "").strip()
    return given if given and place.context.ref in ("", f"{HEADS}{default}") else default


def _base_named_on(found: Repository, start: Branches, place: Target, default: str) -> str:
    """The base branch that the default branch's settings file names, as far as it matters: else the default branch."""
    if start.base != default or place.context.ref in ("", f"{HEADS}{default}"):
        return default
    return texts(config_at(found.store, found.tips.base)).get("base", "") or default


def _with_settings_of(place: Target, found: Repository, branches: Branches) -> Opened:
    """With the settings of the base branch. The file of the default branch may name another one."""
    settings = parse(place.given, config_at(found.store, found.tips.base))
    wanted = name_branches(replace(place, settings=settings))
    if wanted.base != branches.base:
        found = found.updated(wanted)
        file = config_at(found.store, found.tips.base) | {"base": wanted.base}
        settings, branches = parse(place.given, file), wanted
    place = replace(place, settings=settings)
    if name_branches(place) != branches:
        found = found.updated(name_branches(place))
    return Opened(place, replace(found, head=found.tips.base))


def _with_settings_of_checkout(place: Target, found: Repository, branches: Branches) -> Opened:
    """With the settings of the commit that is checked out: the run only reports what they would do."""
    place = replace(place, settings=parse(place.given, config_at(found.store, found.head)))
    wanted = name_branches(place)
    return Opened(place, found if wanted == branches else found.updated(wanted))


def _source(place: Target, found: Repository, branches: Branches, refs: tuple[str, ...]) -> Source:
    context = place.context
    return Source(context.ref, context.commit, found.checkout, branches.base, found.tips.base, refs)


# --- whether it may write -------------------------------------------------------------------------------------


def reason_to_write_nothing(place: Target) -> str:
    """Why a run may only report, known before the repository is opened; empty: it may write.

    A pull request's datasets are not the base branch's yet, and a fork's token may only read.
    """
    context = place.context
    if context.pull:
        return (
            f"nothing is written: this run is for pull request {context.pull.number}, whose datasets are not merged yet"
        )
    if context.in_fork and place.settings.publication.in_fork == "report":
        return "nothing is written: this repository is a fork; in-fork: run has the loop keep a model of its own here"
    return ""


def reason_of_source(source: Source) -> str:
    """Why a run for this ref, with this checkout, may only report; empty: it may write."""
    if source.ref and source.ref not in source.refs:
        return (
            f"nothing is written: this run is for {_short(source.ref)}, and a model is merged for what is on "
            f"{source.base} alone. Start it on {source.base}{_hint(source)}"
        )
    if source.checkout in (source.base_tip, source.commit):
        return ""
    return (
        f"nothing is written: the checkout is at {source.checkout[:12]}, which is not the commit of {source.base} "
        f"({source.base_tip[:12]}). Check out {source.base}, or merge into it and push first"
    )


def _hint(source: Source) -> str:
    """What to do where a workflow of another branch names itself the base branch."""
    if source.ref != f"{HEADS}{source.base}":
        return ""
    return f"; that it is the base branch, ml-auto-update.toml of {_short(source.refs[0])} has to say"


def reason_to_approve_nothing(context: RunContext, base: str) -> str:
    """Why a run may approve nothing; empty: it may. The event's own pull request is compared with the journal."""
    if context.asking or context.ref in ("", f"{HEADS}{base}", f"{HEADS}{context.default_branch}"):
        return ""
    return f"nothing is approved: this run is for {_short(context.ref)}, and for no pull request. Start it on {base}"


def _short(ref: str) -> str:
    """A ref as people name it."""
    for prefix, kind in ((HEADS, "the branch"), ("refs/tags/", "the tag")):
        if ref.startswith(prefix):
            return f"{kind} {ref[len(prefix) :]}"
    return ref
