"""When each dataset arrived, from git's history of the data path. A replay uses this order.

A dataset is its content: it arrived with the first commit of the branch in which its blob was under the data path, so
that a rename is no arrival and an edit is one. A dataset from a merged branch arrived with the merge, because the loop
could not count it before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ml_action.core.records.dataset import Dataset
from ml_action.git.repository import Repository

# what each commit of the branch itself added or changed; no configuration changes the output
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
    """Datasets that arrived together."""

    datasets: tuple[Dataset, ...]
    time: str = ""  # of the commit; empty: unknown


@dataclass(frozen=True)
class ArrivalHistory:
    """All datasets, in the order in which they arrived."""

    arrivals: tuple[Arrival, ...]
    notes: tuple[str, ...] = ()  # which part of the order is not known, as sentences

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """The datasets of all arrivals."""
        return tuple(item for arrival in self.arrivals for item in arrival.datasets)


@dataclass(frozen=True, order=True)
class _Commit:
    place: int  # among the commits that added datasets
    time: str
    oldest: bool  # git knows no earlier one


_NONE = _Commit(1 << 62, "", oldest=False)  # of datasets that git does not track


def read(repository: Repository, roots: Sequence[str], datasets: Iterable[Dataset]) -> ArrivalHistory:
    """Returns the arrivals of these datasets, which are in folders below the roots."""
    git = repository.store
    first = _by_blob(git.records("--literal-pathspecs", *LOG, repository.head, "--", *roots))
    groups: dict[_Commit, list[Dataset]] = {}
    for item in sorted(datasets, key=lambda item: item.path):
        groups.setdefault(first.get(item.blob, _NONE), []).append(item)
    commits = sorted(groups)
    unknown = {_NONE: UNTRACKED} if _NONE in groups else {}
    if commits and commits[0].oldest and git.line("rev-parse", "--is-shallow-repository") == "true":
        unknown[commits[0]] = SHALLOW
    elif len(groups) == 1 and not unknown:
        unknown[commits[0]] = AT_ONCE
    arrivals = (one for commit in commits for one in _arrivals(commit, groups[commit], known=commit not in unknown))
    return ArrivalHistory(tuple(arrivals), tuple(unknown.values()))


def _by_blob(pieces: Iterable[Sequence[bytes]]) -> dict[str, _Commit]:
    """Returns the commit that first added each blob."""
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
    """Yields the arrivals of one commit: a single batch, or one by one if their time is unknown."""
    if known:
        yield Arrival(tuple(datasets), commit.time)
    else:
        yield from (Arrival((item,)) for item in datasets)
