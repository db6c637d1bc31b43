"""`init`: from a repository with data to a loop that runs there, rehearsed once before anything is pushed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_action.commands.init import choices, discovery, next_steps, rehearsal, scaffold
from ml_action.commands.init.discovery import DataLayout
from ml_action.commands.init.next_steps import RemainingWork
from ml_action.commands.init.prompts import Questions
from ml_action.commands.init.rehearsal import RehearsalRequest
from ml_action.commands.init.scaffold import PlannedFile
from ml_action.config import parsers
from ml_action.config.data_path import DataPath
from ml_action.config.options import BY_NAME
from ml_action.config.parse import parse, texts
from ml_action.config.settings import CONFIG_FILE, Settings
from ml_action.core.errors import DataError, ExpectedError, ModelError, NotReadyError, RepositoryError, SettingsError
from ml_action.core.formatting import count_of, percent
from ml_action.core.log import Log, QuietLog, escaped
from ml_action.core.records.choices import Verdict
from ml_action.core.records.diagnosis import Diagnosis
from ml_action.core.records.outcome import Outcome
from ml_action.git import registry
from ml_action.git.command import Git
from ml_action.modelling.training.targets import ConstantTargetError

LARGEST = 100 << 20  # bytes; https://docs.github.com/en/repositories/working-with-files/managing-large-files
OF_A_TARGET = ("features", "task", "metric", "estimator", "params", "group")


@dataclass(frozen=True)
class InitRequest:
    """What the user asks of `init`."""

    inputs: Mapping[str, str]  # settings, by name
    config: Mapping[str, object]  # of the present ml-auto-update.toml
    folder: str = ""  # that data are looked for in; empty: everywhere
    rehearse: bool = True


Doctor = Callable[[Mapping[str, str]], Diagnosis | None]  # for these settings; None: nothing can be diagnosed


def initialise(top: Path, git: Git, request: InitRequest, questions: Questions, doctor: Doctor, log: Log) -> Outcome:
    """Finds the data, proposes settings, asks, rehearses, writes, and lists what is left to do.

    Raises:
        ExpectedError: There are no data that a loop could use, or a setting is wrong. Nothing is written then.
    """
    _check_repository(top, git)
    parse(request.inputs, request.config)
    present = texts(request.config)
    inputs = {**_still_valid(present, request.inputs), **request.inputs}
    model_dir = parse(inputs, {}).publication.model_dir
    history = registry.read(git, "HEAD", model_dir)
    if history and history.champion and "target" not in inputs:
        inputs["target"] = history.champion.target
    found = _find_data(git, request, inputs.get("data-path", ""), log)
    chosen = choices.choose(found, discovery.read_sample(git, found, parse(inputs, {})), inputs, questions, log)
    settings = parse(chosen.values, {})  # reports every contradiction before anything is written
    plans = scaffold.plan(top, chosen, present)
    rehearses = request.rehearse and not _too_large(found)
    if rehearses:
        given = {**chosen.values, "model-dir": model_dir}
        _rehearse(top, found, RehearsalRequest(given, chosen.share), log, waits="threshold" in inputs)
    _write(top, plans, log)
    kept = tuple(planned.path for planned in plans if planned.differs)
    target = (CONFIG_FILE in kept and present.get("target")) or parsers.format_names(settings.training.target)
    work = RemainingWork(
        target,
        uncommitted=tuple(discovery.uncommitted_of(git, [planned.path for planned in plans])),
        kept=kept,
        branches=next_steps.branches_of(git),
        diagnosis=_diagnosis(doctor, chosen.values),
        workflows=tuple(scaffold.existing_workflows(top)),
    )
    in_production = (f"{history.current} is in production, and stays",) if history and history.current else ()
    outcome = _outcome(settings, work, in_production, log)
    if chosen.hopeless and not rehearses:
        raise NotReadyError(f"{next_steps.NOT_READY}; the files are written", why=next_steps.WHY, fix=next_steps.FIX)
    return outcome


def _outcome(settings: Settings, work: RemainingWork, notes: Sequence[str], log: Log) -> Outcome:
    steps = next_steps.next_steps(work)
    log.info("\nwhat is left to do:")
    for number, step in enumerate(steps, 1):
        log.info(f"{number}. {step}")
    reason = f"a loop for {parsers.format_names(settings.training.target)} is set up"
    if CONFIG_FILE in work.kept:
        reason = f"{CONFIG_FILE} was there before, and stays as it was"
    return Outcome(Verdict.READY, reason, "the steps above, in their order", notes=tuple(notes))


def _still_valid(present: Mapping[str, str], inputs: Mapping[str, str]) -> dict[str, str]:
    """Returns the settings of the file that still hold: another target may need another task and metric."""
    other_target = inputs.get("target", present.get("target")) != present.get("target")
    return {name: value for name, value in present.items() if not (other_target and name in OF_A_TARGET)}


# --- the data ---------------------------------------------------------------------------------------------


def _check_repository(top: Path, git: Git) -> None:
    """Checks that there is a repository with a commit and a working tree."""
    if not git.line_or_empty("rev-parse", "--git-dir"):
        raise RepositoryError(
            f"{str(top)!r} is no git repository",
            why="the loop counts what git tracks, and git tracks nothing here",
            fix="git init && git add --all && git commit -m 'Begin', or name the folder of a clone",
        )
    if git.line_or_empty("rev-parse", "--is-bare-repository") == "true":
        raise RepositoryError(
            f"{str(top)!r} is a bare repository",
            why="settings and a workflow are written into a working tree, and it has none",
            fix="clone it, and run init in the clone",
        )
    if not git.object_id("HEAD^{commit}"):
        raise RepositoryError(
            f"{str(top)!r} holds no commit", why="git knows no data here yet", fix="git add and commit the data first"
        )


def _find_data(git: Git, request: InitRequest, named: str, log: Log) -> DataLayout:
    """Returns the data that a loop would count, and logs which ones it would not."""
    waiting = discovery.uncommitted(git, request.folder)
    given = DataPath.parse(named) if named else None
    found = discovery.find_layout(discovery.data_files(git, request.folder), given, waiting)
    log.info(f"found: {count_of(len(found.files), 'files')} in {escaped(found.data_path)}; {found.unit} are counted")
    if found.others:
        log.info(
            f"left alone, other columns: {count_of(len(found.others), 'files')}, such as {escaped(found.others[0])}"
        )
    if waiting:
        log.warn(f"not committed, and so not counted: {count_of(len(waiting), 'files')}, such as {escaped(waiting[0])}")
    large = _too_large(found)
    if large:
        log.warn(
            f"GitHub takes no file of more than 100 MB, as {escaped(large[0])} is, so nothing is rehearsed: "
            "split it into files by month or so"
        )
    return found


def _too_large(found: DataLayout) -> list[str]:
    """Returns the files that cannot be pushed: to rehearse with them would take minutes, for nothing."""
    return [file.path for file in found.files if file.size > LARGEST]


# --- rehearsing and writing -------------------------------------------------------------------------------


def _rehearse(top: Path, found: DataLayout, asked: RehearsalRequest, log: Log, *, waits: bool) -> None:
    """Runs the loop twice on a copy, and logs what that means.

    Args:
        top: The repository.
        found: Its data.
        asked: The settings of the loop, and how much of the data is used.
        log: Hears about it.
        waits: Whether the user wants the loop to wait for more data than there are.

    Raises:
        NotReadyError: No model came of it.
    """
    part = f"{percent(asked.share, 0)} of the data: " if asked.share < 1 else ""
    log.info(f"\nrehearsal on a copy: {part}half of the data make v1, the other half arrive an hour later")
    try:
        rehearsed = rehearsal.rehearse_two_hours(top, found, asked, QuietLog(log))
    except ConstantTargetError as error:  # in the half: all of the data were checked before
        log.warn(f"no rehearsal. {error.what} That is so of the half that comes first: it is sorted by the target")
        return
    except (DataError, ModelError) as error:
        why = f"nothing was written. {error.why}".strip()
        raise NotReadyError(
            f"not ready: {error.what}", why=why, fix=error.fix, path=error.path, line=error.line
        ) from error
    for hour, outcome in (("first", rehearsed.first), ("second", rehearsed.second)):
        log.info(f"{hour} hour: {outcome.verdict}: {outcome.reason}")
    next_steps.check_ready(rehearsed, waits=waits)
    log.info(next_steps.rehearsal_summary(rehearsed))


def _write(top: Path, plans: Sequence[PlannedFile], log: Log) -> None:
    """Writes the files that are missing, and shows what would change in the present ones."""
    log.info("")
    for planned in plans:
        if planned.is_new:
            scaffold.write(top, planned)
            log.info(f"wrote {planned.path}")
        elif planned.differs:
            log.info(f"{planned.path} is there already and stays as it is. This would change:")
            log.info(planned.difference)
        else:
            log.info(f"{planned.path} is as it should be")


def _diagnosis(doctor: Doctor, chosen: Mapping[str, str]) -> Diagnosis | ExpectedError | None:
    """Returns the diagnosis, or the error that prevented it, which is no reason to stop here."""
    try:
        return doctor(chosen)
    except ExpectedError as error:
        return error


def check_flags(inputs: Mapping[str, str]) -> None:
    """Checks that init can write every given setting.

    Raises:
        SettingsError: A setting belongs to a single run, and not to the file.
    """
    strange = [
        name for name, value in inputs.items() if value and not BY_NAME[name].in_file and not BY_NAME[name].secret
    ]
    if strange:
        raise SettingsError(
            f"{', '.join(strange)}: not a setting of the file that init writes",
            why="it says what one run does, not how the loop works",
            fix="leave it out here, and give it to the run",
        )
