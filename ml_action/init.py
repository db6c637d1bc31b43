"""`init`: from a repository with data to a loop that runs there, rehearsed once before anything is pushed."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ml_action import layout as layouts
from ml_action import rehearsals, starting, values
from ml_action.arrivals import Dataset, Outcome, Verdict
from ml_action.asking import Asker
from ml_action.errors import RepositoryProblem, SettingsProblem
from ml_action.git import Git
from ml_action.layout import DataFile, Layout
from ml_action.log import Log
from ml_action.modelling import frames, proposing
from ml_action.modelling.proposing import Suggestion
from ml_action.options import BY_NAME
from ml_action.selection import KINDS, Selection
from ml_action.settings import CONFIG_FILE, parse
from ml_action.starting import WORKFLOW, Planned

HEAD_BYTES = 1 << 16  # of a file: its first line is in there
READ_AT_MOST = 400  # files, for the first look
ALLOW = "Settings → Actions → General → “Allow GitHub Actions to create and approve pull requests”"


def begin(top: Path, git: Git, given: Mapping[str, str], asker: Asker, log: Log, *, rehearse: bool) -> Outcome:
    """Looks, proposes, asks, writes, rehearses, and says what is left to do.

    Raises:
        Problem: there are no data that a loop could use, or a setting is wrong.
    """
    if not git.object_id("HEAD^{commit}"):
        raise RepositoryProblem(
            f"{str(top)!r} holds no commit", why="git knows no data here yet", fix="git add and commit the data first"
        )
    named = given.get("data-path", "")
    found = layouts.find(_files(git), Selection.parse(named) if named else None)
    chosen, why = _choose(found, _table(git, found), given, asker, log)
    settings = parse(chosen, {})  # every contradiction is told before anything is written
    log.say("")
    written = [_put(top, planned, log) for planned in starting.plan(top, chosen, why)]
    if rehearse:
        log.say("")
        _rehearse(top, found, chosen, log)
    steps = tuple(_next_steps(top, [path for path in written if path], settings.target))
    log.say("\nwhat is left to do:")
    for number, step in enumerate(steps, 1):
        log.say(f"{number}. {step}")
    return Outcome(Verdict.READY, f"a loop for {values.spelled(settings.target)} is set up", steps[0], notes=steps[1:])


# --- looking ----------------------------------------------------------------------------------------------


def _files(git: Git) -> Iterator[DataFile]:
    """Every data file of the current commit, with the names in its first line."""
    rows = git.run("ls-tree", "-r", "-l", "-z", "HEAD").decode("utf-8", "surrogateescape").split("\0")
    for mode_oid, tab, path in (row.partition("\t") for row in rows):
        mode, kind, oid, size = (mode_oid.split() + [""] * 4)[:4]
        regular = kind == "blob" and mode.startswith("100")
        if tab and regular and path.lower().endswith(KINDS) and not path.startswith(("model/", ".")):
            yield DataFile(path, oid, _header(git, path, oid), int(size))


def _header(git: Git, path: str, oid: str) -> tuple[str, ...]:
    """The names in the first line; nothing for what is no CSV."""
    if path.lower().endswith(".parquet"):
        return ()
    content = next(git.pieces("cat-file", "blob", oid), b"")[:HEAD_BYTES]
    try:
        if path.lower().endswith(".gz"):
            with gzip.open(io.BytesIO(content)) as file:
                content = file.readline(HEAD_BYTES)
        first = next(csv.reader([content.decode("utf-8-sig", "replace").split("\n", 1)[0]]), [])
    except (OSError, EOFError, csv.Error):
        return ()
    return tuple(name.strip() for name in first)


def _table(git: Git, found: Layout) -> frames.Table:
    """Some of the files, evenly spread, as one table."""
    step = -(-len(found.files) // READ_AT_MOST)
    datasets = [Dataset(file.path, file.blob) for file in found.files[::step]]
    table, _ = frames.read(datasets, git.contents(item.blob for item in datasets))
    return table


# --- choosing ---------------------------------------------------------------------------------------------


def _choose(
    found: Layout, table: frames.Table, given: Mapping[str, str], asker: Asker, log: Log
) -> tuple[dict[str, str], dict[str, str]]:
    """The settings to write, by name, and the reasons for those that we chose."""
    log.say(f"found: {_files_in_words(len(found.files))} in {found.data_path}; {found.unit} are counted")
    if found.others:
        log.say(f"left alone, other columns: {_files_in_words(len(found.others))}, such as {found.others[0]}")
    seen = proposing.look(
        table,
        parse(given, {}),
        lambda why, names, guess: asker.ask(f"What is to be predicted? ({why})", guess, choices=tuple(names)),
    )
    rows = seen.rows * max(1, len(found.files) // max(len(table.datasets), 1))
    guesses = _guesses(found, seen, rows)
    chosen = {name: given.get(name) or _asked(asker, name, guess, seen) for name, guess in guesses.items()}
    more = {name: value for name, value in given.items() if value and name not in chosen and BY_NAME[name].in_file}
    return chosen | more, {name: reason for name, reason in seen.why.items() if not given.get(name)}


def _files_in_words(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _guesses(found: Layout, seen: Suggestion, rows: int) -> dict[str, str]:
    """What we would write."""
    guesses = {"data-path": found.data_path}
    if found.by_rows:
        guesses["unit"] = "rows"
    guesses |= {"threshold": str(layouts.threshold(found, rows)), "target": seen.target, "task": seen.task}
    guesses |= {"metric": seen.metric, "estimator": seen.estimator}
    return guesses | ({"group": seen.group} if seen.group else {})


ASKED = ("threshold", "metric", "estimator")


def _asked(asker: Asker, name: str, guess: str, seen: Suggestion) -> str:
    """The guess, or what a person says instead. The target was asked before."""
    reason = f" ({seen.why[name]})" if seen.why.get(name) else ""
    return asker.ask(f"{name}{reason}", guess) if name in ASKED else guess


# --- writing and rehearsing -------------------------------------------------------------------------------


def _put(top: Path, planned: Planned, log: Log) -> str:
    """Writes a file that is not there, shows what would change in one that is; the path if it was written."""
    if planned.is_new:
        starting.write(top, planned)
        log.say(f"wrote {planned.path}")
        return planned.path
    if planned.difference:
        log.say(f"{planned.path} is there already and stays as it is. This would change:")
        log.say(planned.difference)
    else:
        log.say(f"{planned.path} is as it should be")
    return ""


def _rehearse(top: Path, found: Layout, chosen: Mapping[str, str], log: Log) -> None:
    """Two hours on a copy."""
    log.say("rehearsal on a copy: half of the data make v1, the other half arrive an hour later")
    for hour, ending in zip(("first", "second"), rehearsals.play(top, found, chosen, log), strict=True):
        log.say(f"{hour} hour: {ending.verdict}: {ending.reason}")


def _next_steps(top: Path, written: Iterable[str], target: tuple[str, ...]) -> Iterator[str]:
    """What a person has to do, in order."""
    names = " ".join(written) or f"{CONFIG_FILE} {WORKFLOW}"
    yield f"git add {names} && git commit -m 'Keep the model for {values.spelled(target)} up to date' && git push"
    yield f"once, on GitHub: {ALLOW}"
    yield "autonomy is propose: a person merges. To have the bot approve and merge: docs/github.md, “Two identities”"
    yield "ml-auto-update doctor says what works with your repository's rules and tokens, and how to mend what does not"
    for path in starting.others(top):
        if path not in (*written, WORKFLOW):
            yield f"{path} names ml-auto-update as well: one workflow is enough"


def check_flags(given: Mapping[str, str]) -> None:
    """Raises SettingsProblem for what init cannot write."""
    strange = [
        name for name, value in given.items() if value and not BY_NAME[name].in_file and not BY_NAME[name].secret
    ]
    if strange:
        raise SettingsProblem(
            f"{', '.join(strange)}: not a setting of the file that init writes",
            why="it says what one run does, not how the loop works",
            fix="leave it out here, and give it to the run",
        )
