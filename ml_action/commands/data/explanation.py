"""Why a file counts, or why it does not: a sentence, the facts behind it, and what to do. Nothing is written."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from ml_action.commands.data import candidates, inspection, report
from ml_action.commands.data.candidates import BranchDatasets
from ml_action.commands.data.findings import DatasetFinding, FindingStatus
from ml_action.config.settings import Settings
from ml_action.core import file_formats
from ml_action.core.errors import DataError
from ml_action.core.formatting import count_of
from ml_action.core.log import Log, escaped
from ml_action.core.records.dataset import Dataset
from ml_action.datasets import changes, contents, counting
from ml_action.datasets.holdout import in_holdout
from ml_action.datasets.survey import Snapshot
from ml_action.git import lfs
from ml_action.git.command import Git
from ml_action.git.journal import SET_ASIDE

WAITS = "nothing: it counts towards the next training"
COMMIT = "git add it, commit, and bring it to the base branch"
TWICE = "nothing: its content is counted and used once"


class ExplainedFact(NamedTuple):
    """A fact behind an explanation, and its name."""

    name: str
    text: str


@dataclass(frozen=True)
class Explanation:
    """Whether a file counts, why, and what to do about it."""

    path: str
    counts: bool
    why: str  # a sentence whose subject, the file, is left out
    next_step: str
    facts: tuple[ExplainedFact, ...] = ()  # a name may occur several times
    finding: DatasetFinding | None = None


@dataclass(frozen=True)
class FileState:
    """A file in the commit, in the working tree, and in what the loop remembers."""

    path: str
    datasets: BranchDatasets
    git: Git
    settings: Settings
    log: Log
    committed: Dataset | None  # at HEAD
    now: Dataset | None  # in the working tree

    @property
    def snapshot(self) -> Snapshot:
        """What the loop remembers, and what is new."""
        return self.datasets.snapshot

    @property
    def dataset(self) -> Dataset:
        """The file as it counts, or as it would count."""
        found = self.now or self.committed
        if found is None:
            raise LookupError("there is no such file")
        return found

    @property
    def is_committed(self) -> bool:
        """Whether the commit has the file with this content."""
        return self.committed is not None and self.dataset.blob == self.committed.blob


def explain(path: str, datasets: BranchDatasets, git: Git, settings: Settings, log: Log) -> Explanation:
    """Explains the file at a path of the repository.

    Raises:
        DataError: There is no such file, or it is a folder.
    """
    no_dataset = _no_dataset(path, datasets, git, settings)
    if no_dataset:
        return no_dataset
    head = datasets.snapshot.repository.head
    known = candidates.committed(datasets.snapshot.repository.store, head, counting.selection_of(settings.data)).get(
        path
    )
    now = next((item for item in datasets.on_branch if item.path == path), None)
    file = FileState(
        path,
        datasets,
        git,
        settings,
        log,
        known,
        now or candidates.working_tree_dataset(datasets.snapshot, path, known),
    )
    explained = _remembered(file) or _pointer(file) or _uncommitted(file) or _judged(file)
    more = tuple(ExplainedFact("also", text) for text in explained.finding.more) if explained.finding else ()
    return replace(explained, facts=(*_facts(file), *more))


# --- files that are no datasets ---------------------------------------------------------------------------


def _no_dataset(path: str, datasets: BranchDatasets, git: Git, settings: Settings) -> Explanation | None:
    """Explains a missing file, a link, a folder, and a file with another name or in another place."""
    selection = counting.selection_of(settings.data)
    try:
        mode = (git.directory / path).lstat().st_mode
    except OSError:
        mode = 0
    entry = git.line_or_empty(
        "--literal-pathspecs", "ls-tree", "--full-tree", datasets.snapshot.repository.head or "HEAD", "--", path
    )
    if not mode and not entry:
        return _missing(path, datasets.snapshot)
    if stat.S_ISLNK(mode) or (not mode and entry.startswith("120000 ")):
        return Explanation(path, False, "is a symbolic link, which is no dataset", "put the file itself there")
    if stat.S_ISDIR(mode):
        raise DataError(f"{escaped(path)!r} is a folder", why="one file is explained at a time", fix="name a file")
    if not path.lower().endswith(selection.suffixes):
        rows = " where rows are the unit" if selection.suffixes != file_formats.suffixes() else ""
        why = f"is not named as a dataset: those end in {', '.join(selection.suffixes)}{rows}"
        return Explanation(path, False, why, "rename it if it is one")
    if not selection.matches(path):
        why = f"does not lie where datasets arrive: data-path is {selection}"
        return Explanation(path, False, why, "move it there, or add its folder to data-path")
    return None


def _missing(path: str, snapshot: Snapshot) -> Explanation:
    if path in _seen(snapshot):
        why = "was removed: the last attempt saw it, and it is not here any more"
        return Explanation(path, False, why, "nothing: a removed dataset is not trained on again")
    raise DataError(
        f"there is no file {escaped(path)!r}",
        why="a typing error, or the path is not meant from this folder",
        fix="name a file of this repository",
    )


# --- files that the loop remembers ------------------------------------------------------------------------


def _seen(snapshot: Snapshot) -> dict[str, str]:
    """Returns the blob ids of the datasets that the last attempt saw, by path."""
    state = snapshot.state
    found: dict[str, str] = {}
    if state.data:
        selection = state.selection or counting.selection_of(snapshot.settings.data)
        for records in snapshot.repository.store.records("ls-tree", "-r", "-z", state.data):
            found |= {item.path: item.blob for item in changes.entries(filter(None, records), selection)}
    return found | {item.path: item.blob for item in state.untracked}


def _remembered(file: FileState) -> Explanation | None:
    """Explains a file that an earlier attempt set aside or used."""
    snapshot, blob = file.snapshot, file.dataset.blob
    rejected = next((item for item in snapshot.state.set_aside if item.blob == blob), None)
    if rejected:
        when = snapshot.repository.store.line_or_empty(
            "log", "-1", "--format=%cI", f"-S{blob}", snapshot.state.commit, "--", SET_ASIDE
        )
        line = f" (line {rejected.line})" if rejected.line else ""
        why = f"was set aside{f' on {when[:10]}' if when else ''}: it {escaped(rejected.reason)}{line}"
        return Explanation(file.path, False, why, "correct it: a corrected file counts as new")
    if not file.is_committed:
        return None
    seen = _seen(snapshot)
    original = file.path if seen.get(file.path) == blob else next((path for path in seen if seen[path] == blob), None)
    last = snapshot.state.last
    when = f" ({last.id}, {last.time})" if last else ""
    if original == file.path:
        why = f"was counted already: the last attempt saw it{when}"
        return Explanation(file.path, False, why, "nothing: every later training uses it as well")
    if original and not _contains(snapshot.inventory.new, file.dataset):  # a reading counts again
        copied = any(item.path == original for item in file.datasets.on_branch)
        how = "is a copy of" if copied else "was renamed from"
        why = f"{how} '{escaped(original)}', which the last attempt saw{when}: the same content is not new"
        return Explanation(file.path, False, why, TWICE)
    return None


# --- new files --------------------------------------------------------------------------------------------


def _pointer(file: FileState) -> Explanation | None:
    """Explains a pointer of Git LFS whose file is missing."""
    (content,) = contents.contents(file.snapshot.repository, (file.dataset,), lfs.MAX_BYTES)
    if not lfs.is_pointer(content):
        return None
    next_step = "git lfs pull here; on GitHub set `lfs: true` on actions/checkout"
    return Explanation(file.path, False, "is a Git LFS pointer, and the file itself is not here", next_step)


def _uncommitted(file: FileState) -> Explanation | None:
    """Explains a file that is not committed with this content, and judges it as if it were."""
    if file.is_committed or (file.settings.data.untracked and file.committed is None):
        return None
    ignored = file.git.line_or_empty("check-ignore", "--verbose", "--no-index", "--", file.path)
    rule, _, _ = ignored.partition("\t")
    next_step = COMMIT
    if file.committed:
        why = "was edited and not committed: the committed content is what counts"
    elif rule:
        why, next_step = f"is ignored by git ({escaped(rule)})", "take it out of the ignore rule, then commit it"
    else:
        why = "is not committed"
    found = _finding(file)
    next_steps = {FindingStatus.GOOD: next_step, FindingStatus.BAD: report.CORRECT, FindingStatus.COPY: TWICE}
    next_step = next_steps[found.status]
    return Explanation(file.path, False, f"{why}; {_expected(found)}", next_step, finding=found)


def _judged(file: FileState) -> Explanation:
    """Explains a new file, which is judged as the next attempt would judge it."""
    found, trigger = _finding(file), file.snapshot.trigger
    if found.status is FindingStatus.COPY:
        return Explanation(file.path, False, f"is a copy: it {found.reason}", TWICE, finding=found)
    if found.status is FindingStatus.BAD:
        why = f"is new and {_bad(found)}"
        return Explanation(file.path, found.some_rows, why, report.CORRECT, finding=found)
    if _contains(file.datasets.on_base, file.dataset) or file.dataset.untracked:
        new = f"{count_of(trigger.count, f'new {trigger.unit}')} {'is' if trigger.count == 1 else 'are'} here"
        now = f"{new}, {trigger.threshold:,} start a training"
        why = f"is new and good: it counts; {now}"
        return Explanation(file.path, True, why, WAITS, finding=found)
    why = "is new and good: it counts once it is on the base branch"
    return Explanation(file.path, True, why, "merge this branch", finding=found)


def _finding(file: FileState) -> DatasetFinding:
    found = inspection.inspect(file.datasets, (file.dataset,), file.settings, file.log, all_findings=True)
    return found.findings[0]


def _expected(found: DatasetFinding) -> str:
    if found.status is FindingStatus.GOOD:
        return "it would be new and good"
    if found.status is FindingStatus.COPY:
        return f"it would be a copy: it {found.reason}"
    return f"it would be {_bad(found)}"


def _bad(found: DatasetFinding) -> str:
    line = f" (line {found.line})" if found.line else ""
    what = "good but for bad rows, which are left out" if found.some_rows else "bad"
    return f"{what}: it {found.reason}{line}"


# --- the facts --------------------------------------------------------------------------------------------


def _facts(file: FileState) -> tuple[ExplainedFact, ...]:
    snapshot, item, settings = file.snapshot, file.dataset, file.settings
    if file.is_committed:
        state = "committed" if file.now else "committed, deleted in the working tree"
    else:
        state = "edited, not committed" if file.committed else "not committed"
    return (
        ExplainedFact("blob id", item.blob),
        ExplainedFact("this branch", state),
        ExplainedFact("base branch", "has it" if _contains(file.datasets.on_base, item) else "does not have it"),
        ExplainedFact("holdout", _holdout(snapshot, item, settings)),
    )


def _holdout(snapshot: Snapshot, item: Dataset, settings: Settings) -> str:
    if settings.data.unit == "rows":
        return "decided for each row by its content"
    if not snapshot.history and not snapshot.state.last:
        return "decided with the first training"
    key = _holdout_key(snapshot)
    if not key:
        return "known only with the holdout-key that it was drawn with"
    inside = in_holdout(key, item.blob, settings.training.test_size)
    return "yes: no version is ever trained on it" if inside else "no: it may be trained on"


def _holdout_key(snapshot: Snapshot) -> str:
    """The key that the holdout was last drawn with; empty: it takes a secret that is not given."""
    last = snapshot.champion or snapshot.state.last
    return snapshot.holdout.of_version(last.holdout_fingerprint) if last else ""


def _contains(datasets: Iterable[Dataset], item: Dataset) -> bool:
    return any(other.path == item.path and other.blob == item.blob for other in datasets)
