"""`init`: from a repository with data to a loop that runs there, rehearsed once before anything is pushed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_action.commands.init import data_files, layout, next_steps, rehearsal, scaffold
from ml_action.commands.init.layout import DataLayout
from ml_action.commands.init.prompts import Asker
from ml_action.commands.init.scaffold import PlannedFile
from ml_action.config import parsers
from ml_action.config.data_path import DataPath
from ml_action.config.options import BY_NAME
from ml_action.config.parse import parse, texts
from ml_action.config.settings import CONFIG_FILE
from ml_action.core.errors import ExpectedError, RepositoryError, SettingsError
from ml_action.core.formatting import count_of
from ml_action.core.log import Log, QuietLog, escaped
from ml_action.core.records.choices import Verdict
from ml_action.core.records.diagnosis import Diagnosis
from ml_action.core.records.outcome import Outcome
from ml_action.git import registry
from ml_action.git.command import Git
from ml_action.modelling import suggestions
from ml_action.modelling.reading import table as frames
from ml_action.modelling.suggestions import Suggestion
from ml_action.modelling.training.recipe import ConstantTarget

LARGEST = 100 << 20  # bytes; https://docs.github.com/en/repositories/working-with-files/managing-large-files


@dataclass(frozen=True)
class InitRequest:
    """What a person asks of `init`."""

    given: Mapping[str, str]  # settings, by name
    config: Mapping[str, object]  # what ml-auto-update.toml says already
    below: str = ""  # the folder that data are looked for in; empty: everywhere
    rehearse: bool = True


Doctor = Callable[[Mapping[str, str]], Diagnosis | None]  # for these settings; None: there is nobody to ask


def initialise(top: Path, git: Git, wish: InitRequest, asker: Asker, doctor: Doctor, log: Log) -> Outcome:
    """Looks, proposes, asks, rehearses, writes, and says what is left to do.

    Raises:
        Problem: there are no data that a loop could use, or a setting is wrong. Nothing is written then.
    """
    _check_ground(top, git)
    parse(wish.given, wish.config)
    said = texts(wish.config)
    given = {**_of_this_target(said, wish.given), **wish.given}
    found = _look(git, wish, given.get("data-path", ""), log)
    chosen, why = _choose(found, data_files.table(git, found), given, asker, log)
    settings = parse(chosen, {})  # every contradiction is told before anything is written
    history = registry.read(git, "HEAD", settings.publication.model_dir)
    plans = scaffold.plan(top, chosen, why, said)
    if wish.rehearse and not _too_large(found):
        _rehearse(top, found, {**chosen, "model-dir": settings.publication.model_dir}, log)
    log.info("")
    for planned in plans:
        _put(top, planned, log)
    kept = [planned.path for planned in plans if planned.is_another]
    steps = next_steps.next_steps(
        data_files.uncommitted_of(git, [planned.path for planned in plans]),
        (CONFIG_FILE in kept and said.get("target")) or parsers.format_names(settings.training.target),
        next_steps.branch(git),
        _examined(doctor, chosen),
        scaffold.existing_workflows(top),
        kept,
    )
    log.info("\nwhat is left to do:")
    for number, step in enumerate(steps, 1):
        log.info(f"{number}. {step}")
    more = (f"{history.current} is in production, and stays",) if history and history.current else ()
    reason = f"a loop for {parsers.format_names(settings.training.target)} is set up"
    if CONFIG_FILE in kept:
        reason = f"{CONFIG_FILE} was there before, and stays as it was"
    return Outcome(Verdict.READY, reason, "the steps above, in their order", notes=(*steps, *more))


OF_A_TARGET = ("features", "task", "metric", "estimator", "params", "group")


def _of_this_target(said: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """What the file says and is still meant: for another target, another task and metric may be right."""
    another = given.get("target", said.get("target")) != said.get("target")
    return {name: value for name, value in said.items() if not (another and name in OF_A_TARGET)}


# --- looking ----------------------------------------------------------------------------------------------


def _check_ground(top: Path, git: Git) -> None:
    """A repository with a commit and a work tree."""
    if not git.maybe("rev-parse", "--git-dir"):
        raise RepositoryError(
            f"{str(top)!r} is no git repository",
            why="the loop counts what git tracks, and git tracks nothing here",
            fix="git init && git add --all && git commit -m 'Begin', or name the folder of a clone",
        )
    if git.maybe("rev-parse", "--is-bare-repository") == "true":
        raise RepositoryError(
            f"{str(top)!r} is a bare repository",
            why="it has no files that settings and a workflow could be written beside",
            fix="clone it, and run init in the clone",
        )
    if not git.object_id("HEAD^{commit}"):
        raise RepositoryError(
            f"{str(top)!r} holds no commit", why="git knows no data here yet", fix="git add and commit the data first"
        )


def _look(git: Git, wish: InitRequest, named: str, log: Log) -> DataLayout:
    """The data that a loop would count, and a word on those that it would not."""
    waiting = data_files.uncommitted(git, wish.below)
    given = DataPath.parse(named) if named else None
    found = layout.find(data_files.files(git, wish.below), given, waiting)
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
    """The files that cannot be pushed: a rehearsal of them would take minutes, for nothing."""
    return [file.path for file in found.files if file.size > LARGEST]


# --- choosing ---------------------------------------------------------------------------------------------


def _choose(
    found: DataLayout, table: frames.Table, given: Mapping[str, str], asker: Asker, log: Log
) -> tuple[dict[str, str], dict[str, str]]:
    """The settings to write, by name, and the reasons for those that we chose."""
    seen = suggestions.suggest(
        table,
        parse(given, {}),
        lambda why, names, guess: asker.ask(f"What is to be predicted? ({why})", guess, choices=tuple(names)),
    )
    for doubt in seen.doubts:
        log.warn(doubt)
    rows = seen.rows * max(1, len(found.files) // max(len(table.datasets), 1))
    guesses = _guesses(found, seen, rows)
    chosen = {name: given.get(name) or _asked(asker, name, guess, seen) for name, guess in guesses.items()}
    more = {name: value for name, value in given.items() if value and name not in chosen and BY_NAME[name].in_file}
    return chosen | more, {name: reason for name, reason in seen.why.items() if not given.get(name)}


def _guesses(found: DataLayout, seen: Suggestion, rows: int) -> dict[str, str]:
    """What we would write."""
    guesses = {"data-path": found.data_path}
    if found.by_rows:
        guesses["unit"] = "rows"
    guesses |= {"threshold": str(layout.threshold(found, rows)), "target": seen.target}
    if seen.features:
        guesses["features"] = parsers.format_names(seen.features)
    guesses |= {"task": seen.task, "metric": seen.metric, "estimator": seen.estimator}
    return guesses | ({"group": seen.group} if seen.group else {})


ASKED = ("threshold", "metric", "estimator")


def _asked(asker: Asker, name: str, guess: str, seen: Suggestion) -> str:
    """The guess, or what a person says instead. The target was asked before."""
    reason = f" ({seen.why[name]})" if seen.why.get(name) else ""
    return asker.ask(f"{name}{reason}", guess) if name in ASKED else guess


# --- rehearsing and writing -------------------------------------------------------------------------------


def _rehearse(top: Path, found: DataLayout, chosen: Mapping[str, str], log: Log) -> None:
    """Two hours on a copy."""
    log.info("\nrehearsal on a copy: half of the data make v1, the other half arrive an hour later")
    try:
        endings = rehearsal.rehearse_two_hours(top, found, chosen, QuietLog(log))
    except ConstantTarget as problem:  # of the half: of the whole it was looked into before
        log.warn(f"no rehearsal. {problem.what} That is so of the half that comes first: it is sorted by the target")
        return
    for hour, ending in zip(("first", "second"), endings, strict=True):
        log.info(f"{hour} hour: {ending.verdict}: {ending.reason}")
    log.info(next_steps.rehearsal_summary(*endings))


def _put(top: Path, planned: PlannedFile, log: Log) -> None:
    """Writes a file that is not there, shows what would change in one that is."""
    if planned.is_new:
        scaffold.write(top, planned)
        log.info(f"wrote {planned.path}")
    elif planned.is_another:
        log.info(f"{planned.path} is there already and stays as it is. This would change:")
        log.info(planned.difference)
    else:
        log.info(f"{planned.path} is as it should be")


def _examined(doctor: Doctor, chosen: Mapping[str, str]) -> Diagnosis | ExpectedError | None:
    """What the doctor found; a doctor that cannot look is no reason to end here."""
    try:
        return doctor(chosen)
    except ExpectedError as problem:
        return problem


def check_flags(given: Mapping[str, str]) -> None:
    """Raises SettingsError for what init cannot write."""
    strange = [
        name for name, value in given.items() if value and not BY_NAME[name].in_file and not BY_NAME[name].secret
    ]
    if strange:
        raise SettingsError(
            f"{', '.join(strange)}: not a setting of the file that init writes",
            why="it says what one run does, not how the loop works",
            fix="leave it out here, and give it to the run",
        )
