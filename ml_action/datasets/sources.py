"""Where new datasets come from, by their folder and the author of their commit, and which of these sources are broken.

One contributor's bad files must not stop the loop for the others. An author is what a commit says, and is not
verified: under the name of another, a contributor can have that one's new datasets set aside in folders where both may
write.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ml_action.core.formatting import sanitised
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.git.process import GitFailed
from ml_action.git.repository import Repository

MAX_COMMITS = 20_000  # that are searched for authors
MAX_NAMED = 10
FEW_BAD = 2  # in a source of its own, so few are set aside alone: the rest of the source is used


@dataclass(frozen=True)
class Source:
    """New datasets that came together, and how many of them are bad."""

    name: str  # such as `the folder data/a (author Ann)`
    datasets: tuple[Dataset, ...]
    bad: int

    @property
    def reason(self) -> str:
        """Why a dataset of this source is set aside."""
        return f"comes from {self.name}, and {self.bad} of the {len(self.datasets)} new datasets from there are bad"


@dataclass(frozen=True)
class Division:
    """The sources of a batch."""

    broken: tuple[Source, ...]
    sound: tuple[Source, ...]

    @property
    def separates(self) -> bool:
        """Whether the run may continue: others are sound, and at least as many as the broken ones, or as large."""
        several = len(self.sound) + len(self.broken) > 1
        enough = len(self.sound) >= len(self.broken) or _size(self.sound) >= _size(self.broken)
        return bool(self.sound) and several and enough

    @property
    def left_out(self) -> tuple[Source, ...]:
        """The broken sources of which nothing is used."""
        return tuple(source for source in self.broken if source.bad > FEW_BAD)

    @property
    def note(self) -> str:
        """Which sources are left out, for people."""
        names = "; ".join(f"{one.name} ({one.bad} of {len(one.datasets)} bad)" for one in self.left_out[:MAX_NAMED])
        more = f"; and {len(self.left_out) - MAX_NAMED:,} more" if len(self.left_out) > MAX_NAMED else ""
        return f"left out, because more of its new datasets are bad than max-quarantine allows: {names}{more}"

    def set_aside(self) -> Iterator[RejectedDataset]:
        """Yields all datasets of the sources that are left out."""
        for source in self.left_out:
            yield from (RejectedDataset(item.path, item.blob, source.reason) for item in source.datasets)


def divide(new: Sequence[Dataset], bad: Collection[str], share: float, authors: Mapping[str, str]) -> Division:
    """Divides new datasets by their sources.

    Args:
        new: The new datasets.
        bad: The blob ids of the bad ones.
        share: The largest share of bad datasets in a sound source.
        authors: Who committed a file, by its path; a file without a commit has none.
    """
    groups: dict[str, list[Dataset]] = {}
    for item in new:
        groups.setdefault(_name(item, authors.get(item.path, "")), []).append(item)
    found = [Source(name, tuple(items), sum(item.blob in bad for item in items)) for name, items in groups.items()]
    is_broken = [source.bad > share * len(source.datasets) for source in found]
    return Division(
        tuple(source for source, broken in zip(found, is_broken, strict=True) if broken),
        tuple(source for source, broken in zip(found, is_broken, strict=True) if not broken),
    )


def authors(repository: Repository, roots: Sequence[str]) -> dict[str, str]:
    """Returns who committed each file last, as far as the history is here: the authors' names by path."""
    log = ("log", f"--max-count={MAX_COMMITS}", "-z", "--name-only", "--no-renames", "--diff-filter=AM")
    try:
        text = repository.store.run(*log, "--format=%x01%an", repository.head, "--", *roots)
    except GitFailed:  # the history is not here
        return {}
    found: dict[str, str] = {}
    author = ""
    for piece in text.decode("utf-8", "surrogateescape").split("\0"):
        piece = piece.removeprefix("\n")  # noqa: PLW2901  git puts a line end between the author and the first name
        if piece.startswith("\x01"):
            author = piece[1:]
        elif piece:
            found.setdefault(piece, author)
    return found


def _name(item: Dataset, author: str) -> str:
    folder = f"the folder {sanitised(posixpath.dirname(item.path) or '.', 120)}"
    return f"{folder} (author {sanitised(author, 60)})" if author else folder


def _size(sources: Sequence[Source]) -> int:
    return sum(len(source.datasets) for source in sources)
