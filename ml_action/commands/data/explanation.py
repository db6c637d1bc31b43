"""Why a file counts, or why it does not: one sentence, the facts behind it, and what to do. Nothing is written."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ml_action.commands.data import candidates, inspection, report
from ml_action.commands.data.candidates import BranchDatasets
from ml_action.commands.data.findings import DatasetFinding, FindingStatus
from ml_action.config.settings import Settings
from ml_action.core import file_formats
from ml_action.core.errors import DataError
from ml_action.core.formatting import count_of
from ml_action.core.log import Log, escaped
from ml_action.core.records.dataset import Dataset
from ml_action.datasets import contents, counting, inventory
from ml_action.datasets.holdout import in_holdout
from ml_action.datasets.survey import Snapshot
from ml_action.git import lfs
from ml_action.git.command import Git
from ml_action.git.journal import SET_ASIDE

WAITS = "nothing: it counts towards the next training"
COMMIT = "git add it, commit, and bring it to the base branch"
TWICE = "nothing: its content is counted and used once"


@dataclass(frozen=True)
class Explanation:
    """What is said of one file."""

    path: str
    counts: bool
    why: str  # a sentence without its subject, the file
    next_step: str
    facts: tuple[tuple[str, str], ...] = ()  # name and text; a name may come again
    finding: DatasetFinding | None = None


@dataclass(frozen=True)
class FileState:
    """The file, as it is found everywhere."""

    path: str
    ground: BranchDatasets
    git: Git
    settings: Settings
    log: Log
    committed: Dataset | None  # at HEAD
    now: Dataset | None  # in the working tree

    @property
    def scene(self) -> Snapshot:
        """What is remembered, and what waits."""
        return self.ground.scene

    @property
    def dataset(self) -> Dataset:
        """The file as it counts, or would count."""
        found = self.now or self.committed
        if found is None:
            raise LookupError("there is no such file")
        return found

    @property
    def is_committed(self) -> bool:
        """Whether git has the file as it is."""
        return self.committed is not None and self.dataset.blob == self.committed.blob


def explain(path: str, at_hand: BranchDatasets, git: Git, settings: Settings, log: Log) -> Explanation:
    """The explanation of the file at a path of the repository.

    Raises:
        DataError: there is no such file, or it is a folder.
    """
    answer = _no_dataset(path, at_hand, git, settings)
    if answer:
        return answer
    head = at_hand.scene.repository.head
    known = candidates.committed(at_hand.scene.repository.store, head, counting.selection_of(settings)).get(path)
    now = next((item for item in at_hand.here if item.path == path), None)
    subject = FileState(
        path, at_hand, git, settings, log, known, now or candidates.working_tree_dataset(at_hand.scene, path, known)
    )
    explained = _remembered(subject) or _pointer(subject) or _uncommitted(subject) or _judged(subject)
    more = tuple(("also", text) for text in explained.finding.more) if explained.finding else ()
    return replace(explained, facts=(*_facts(subject), *more))


# --- what is no dataset ------------------------------------------------------------------------------------


def _no_dataset(path: str, at_hand: BranchDatasets, git: Git, settings: Settings) -> Explanation | None:
    """What is not there, a link, a folder, a file of another name or place."""
    selection = counting.selection_of(settings)
    try:
        mode = (git.directory / path).lstat().st_mode
    except OSError:
        mode = 0
    entry = git.line_or_empty(
        "--literal-pathspecs", "ls-tree", "--full-tree", at_hand.scene.repository.head or "HEAD", "--", path
    )
    if not mode and not entry:
        return _missing(path, at_hand.scene)
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


def _missing(path: str, scene: Snapshot) -> Explanation:
    if path in _seen(scene).values():
        why = "was removed: the last attempt saw it, and it is not here any more"
        return Explanation(path, False, why, "nothing: a removed dataset is not trained on again")
    raise DataError(
        f"there is no file {escaped(path)!r}",
        why="a typing error, or the path is not meant from this folder",
        fix="name a file of this repository",
    )


# --- what is remembered ------------------------------------------------------------------------------------


def _seen(scene: Snapshot) -> dict[str, str]:
    """The datasets that the last attempt saw: their paths by blob id."""
    state = scene.state
    found: dict[str, str] = {}
    if state.data:
        selection = state.selection or scene.selection or counting.EVERYTHING
        for records in scene.repository.store.records("ls-tree", "-r", "-z", state.data):
            found |= {item.blob: item.path for item in inventory.entries(filter(None, records), selection)}
    return found | {item.blob: item.path for item in state.untracked}


def _remembered(subject: FileState) -> Explanation | None:
    """Set aside, or seen, by an earlier attempt."""
    scene, blob = subject.scene, subject.dataset.blob
    aside = next((item for item in scene.state.set_aside if item.blob == blob), None)
    if aside:
        when = scene.repository.store.line_or_empty(
            "log", "-1", "--format=%cI", f"-S{blob}", scene.state.commit, "--", SET_ASIDE
        )
        place = f" (line {aside.line})" if aside.line else ""
        why = f"was set aside{f' on {when[:10]}' if when else ''}: it {escaped(aside.reason)}{place}"
        return Explanation(subject.path, False, why, "correct it: a corrected file counts as new")
    if not subject.is_committed:
        return None
    original = _seen(scene).get(blob)
    last = scene.state.last
    when = f" ({last.id}, {last.time})" if last else ""
    if original == subject.path:
        why = f"was counted already: the last attempt saw it{when}"
        return Explanation(subject.path, False, why, "nothing: every later training uses it as well")
    if original:
        there = any(item.path == original for item in subject.ground.here)
        how = "is a copy of" if there else "was renamed from"
        why = f"{how} '{escaped(original)}', which the last attempt saw{when}: the same content is not new"
        return Explanation(subject.path, False, why, TWICE)
    return None


# --- what would count --------------------------------------------------------------------------------------


def _pointer(subject: FileState) -> Explanation | None:
    """A Git LFS pointer whose file is not here."""
    (content,) = contents.contents(subject.scene.repository, (subject.dataset,), lfs.MAX_BYTES)
    if not lfs.is_pointer(content):
        return None
    next_step = "git lfs pull here; on GitHub set `lfs: true` on actions/checkout"
    return Explanation(subject.path, False, "is a Git LFS pointer, and the file itself is not here", next_step)


def _uncommitted(subject: FileState) -> Explanation | None:
    """What is not committed as it is; judged all the same."""
    if subject.is_committed or (subject.settings.data.untracked and subject.committed is None):
        return None
    if subject.committed:
        why, next_step = "was edited and not committed: the committed content is what counts", COMMIT
    else:
        rule = subject.git.line_or_empty("check-ignore", "--verbose", "--no-index", "--", subject.path).partition("\t")[
            0
        ]
        if rule:
            why, next_step = f"is ignored by git ({escaped(rule)})", "take it out of the ignore rule, then commit it"
        else:
            why, next_step = "is not committed", COMMIT
    judged = _finding(subject)
    next_step = {FindingStatus.GOOD: next_step, FindingStatus.BAD: report.CORRECT, FindingStatus.COPY: TWICE}[
        judged.mark
    ]
    return Explanation(subject.path, False, f"{why}; {_expected(judged)}", next_step, finding=judged)


def _judged(subject: FileState) -> Explanation:
    """New, judged as the next attempt would."""
    judged, trigger = _finding(subject), subject.scene.trigger
    if judged.mark is FindingStatus.COPY:
        return Explanation(subject.path, False, f"is a copy: it {judged.reason}", TWICE, finding=judged)
    if judged.mark is FindingStatus.BAD:
        why = f"is new and {_bad(judged)}"
        return Explanation(subject.path, judged.some_rows, why, report.CORRECT, finding=judged)
    if _on(subject.ground.accepted, subject.dataset) or subject.dataset.untracked:
        here = f"{count_of(trigger.count, f'new {trigger.unit}')} {'is' if trigger.count == 1 else 'are'} here"
        now = f"{here}, {trigger.threshold:,} start a training"
        why = f"is new and good: it counts; {now}"
        return Explanation(subject.path, True, why, WAITS, finding=judged)
    why = "is new and good: it counts once it is on the base branch"
    return Explanation(subject.path, True, why, "merge this branch", finding=judged)


def _finding(subject: FileState) -> DatasetFinding:
    found = inspection.inspect(subject.ground, (subject.dataset,), subject.settings, subject.log, all_findings=True)
    return found.findings[0]


def _expected(judged: DatasetFinding) -> str:
    if judged.mark is FindingStatus.GOOD:
        return "it would be new and good"
    if judged.mark is FindingStatus.COPY:
        return f"it would be a copy: it {judged.reason}"
    return f"it would be {_bad(judged)}"


def _bad(judged: DatasetFinding) -> str:
    place = f" (line {judged.line})" if judged.line else ""
    what = "good but for bad rows, which are left out" if judged.some_rows else "bad"
    return f"{what}: it {judged.reason}{place}"


# --- the facts ---------------------------------------------------------------------------------------------


def _facts(subject: FileState) -> tuple[tuple[str, str], ...]:
    scene, item, settings = subject.scene, subject.dataset, subject.settings
    if subject.is_committed:
        here = "committed" if subject.now else "committed, deleted in the working tree"
    else:
        here = "edited, not committed" if subject.committed else "not committed"
    return (
        ("blob id", item.blob),
        ("this branch", here),
        ("base branch", "has it" if _on(subject.ground.accepted, item) else "does not have it"),
        ("holdout", _holdout(scene, item, settings)),
    )


def _holdout(scene: Snapshot, item: Dataset, settings: Settings) -> str:
    if settings.data.unit == "rows":
        return "decided for each row by its content"
    salt = scene.history.salt if scene.history else scene.state.last.salt if scene.state.last else ""
    if not salt:
        return "decided with the first training"
    inside = in_holdout(salt, item.blob, settings.training.test_size)
    return "yes: no version is ever trained on it" if inside else "no: it may be trained on"


def _on(datasets: Iterable[Dataset], item: Dataset) -> bool:
    return any(other.path == item.path and other.blob == item.blob for other in datasets)
