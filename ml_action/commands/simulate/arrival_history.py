"""When each dataset arrived, as git's history of the data path tells it: what a replay of the past goes by.

A dataset is its content: it arrived with the first commit of the branch in which its blob stood under the data path,
so that a rename is no arrival and an edit is one. Where a merge brought it, the merge did: nobody counted it before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ml_action.core.records.dataset import Dataset
from ml_action.git.repository import Repository

# what each commit of the branch itself added or changed; no configuration changes the answer
LOG = (
    "log", "--first-parent", "--diff-merges=first-parent", "--root", "--reverse", "--raw", "-z", "--no-abbrev",
    "--no-renames", "--no-relative", "--no-ext-diff", "--no-show-signature", "--no-color", "--diff-filter=AMT",
    "--format=%cI %P",
)  # fmt: skip
BY_NAME = "taken one by one, in the order of names"
SHALLOW = f"the clone is shallow: what its oldest commit holds is {BY_NAME} (git fetch --unshallow brings the true one)"
AT_ONCE = f"one commit brought all datasets: they are {BY_NAME}"
UNTRACKED = f"what git does not track comes last, {BY_NAME}"


@dataclass(frozen=True)
class Arrival:
    """Datasets that came together."""

    datasets: tuple[Dataset, ...]
    time: str = ""  # of the commit; empty: nobody knows when


@dataclass(frozen=True)
class ArrivalHistory:
    """Everything that is there, in the order in which it came."""

    arrivals: tuple[Arrival, ...]
    notes: tuple[str, ...] = ()  # what of the order is not known, in words

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """All of them."""
        return tuple(item for arrival in self.arrivals for item in arrival.datasets)


@dataclass(frozen=True, order=True)
class _Commit:
    place: int  # among the commits that brought datasets
    time: str
    oldest: bool  # git knows none before it


_NONE = _Commit(1 << 62, "", oldest=False)  # git does not track it


def read(repository: Repository, roots: Sequence[str], datasets: Iterable[Dataset]) -> ArrivalHistory:
    """The arrivals of these datasets, which stand in folders below the roots."""
    git = repository.store
    came = _by_blob(git.records("--literal-pathspecs", *LOG, repository.head, "--", *roots))
    groups: dict[_Commit, list[Dataset]] = {}
    for item in sorted(datasets, key=lambda item: item.path):
        groups.setdefault(came.get(item.blob, _NONE), []).append(item)
    brought = sorted(groups)
    unknown = {_NONE: UNTRACKED} if _NONE in groups else {}
    if brought and brought[0].oldest and git.line("rev-parse", "--is-shallow-repository") == "true":
        unknown[brought[0]] = SHALLOW
    elif len(groups) == 1 and not unknown:
        unknown[brought[0]] = AT_ONCE
    arrivals = (one for commit in brought for one in _arrivals(commit, groups[commit], known=commit not in unknown))
    return ArrivalHistory(tuple(arrivals), tuple(unknown.values()))


def _by_blob(pieces: Iterable[Sequence[bytes]]) -> dict[str, _Commit]:
    """For each content the commit that brought it first."""
    words = (word.lstrip(b"\n") for piece in pieces for word in piece)
    found: dict[str, _Commit] = {}
    commit = _NONE
    for place, word in enumerate(words):
        if word.startswith(b":"):
            next(words)  # the path
            found.setdefault(word.split(b" ")[3].decode(), commit)
        elif word:
            time, _, parents = word.decode().partition(" ")
            commit = _Commit(place, time, oldest=not parents)
    return found


def _arrivals(commit: _Commit, datasets: Sequence[Dataset], *, known: bool) -> Iterator[Arrival]:
    """What a commit brought: together, or one by one where nobody knows when."""
    if known:
        yield Arrival(tuple(datasets), commit.time)
    else:
        yield from (Arrival((item,)) for item in datasets)
