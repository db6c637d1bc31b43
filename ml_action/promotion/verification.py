"""Checks whether a pull request is what we made, before every approval and merge. A label proves nothing.

Many people may set labels, and push commits afterwards. Commits are compared by id, which covers the content of every
file, so no file has to be opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ml_action.core.codec import encode
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.model import History, Version
from ml_action.core.records.promotion import PullRequest
from ml_action.forge.base import ForgeLimits
from ml_action.promotion.ownership import Ownership


@dataclass(frozen=True)
class ExpectedPullRequest:
    """What our pull request has to be."""

    ownership: Ownership
    number: int  # 0: none is recorded yet
    commit: str  # "": no commit is recorded
    model_dir: str


def find_objections(
    pull: PullRequest, expected: ExpectedPullRequest, paths: Sequence[str], limits: ForgeLimits
) -> tuple[str, ...]:
    """Returns every objection to approving this pull request, as sentences; empty if it is exactly ours.

    Args:
        pull: the pull request as it is now.
        expected: what it has to be.
        paths: every path that it changes, the former path of a renamed file included.
        limits: how many changed files the forge lists. What it hides cannot be verified.
    """
    origin = (*expected.ownership.objections(pull), *_of_record(pull, expected))
    return (*_of_state(pull), *origin, *_of_paths(paths, expected.model_dir, limits))


def _of_state(pull: PullRequest) -> Iterator[str]:
    if pull.state != "open":
        yield f"it is {pull.state}"
    if pull.draft:
        yield "it is a draft: a person wants it to wait"


def _of_record(pull: PullRequest, expected: ExpectedPullRequest) -> Iterator[str]:
    if expected.number not in (0, pull.number):
        yield f"the journal names pull request {expected.number}, not {pull.number}"
    if not expected.commit:
        yield "no commit is recorded that it could be compared with"
    elif pull.head_sha != expected.commit:
        yield f"its head is {pull.head_sha[:12]}, not the recorded {expected.commit[:12]}"


def _of_paths(paths: Sequence[str], model_dir: str, limits: ForgeLimits) -> Iterator[str]:
    if not paths:
        yield "it changes no file"
    if len(paths) >= limits.changed_files:
        yield f"it changes {limits.changed_files:,} files or more: the forge does not list them all"
    folder = "" if model_dir.strip("./") == "" else model_dir.strip("/") + "/"
    outside = [path for path in paths if not path.startswith(folder) or _is_configuration(path)]
    if outside:
        more = f" and {len(outside) - 3} more" if len(outside) > 3 else ""
        yield f"it changes files outside {model_dir}/: {', '.join(outside[:3])}{more}"


def _is_configuration(path: str) -> bool:
    """Whether GitHub reads the file. A promotion never changes workflows, wherever the model directory is."""
    return path.casefold().split("/", 1)[0] == ".github"


# --- what the commit does ---------------------------------------------------------------------------------

FORMATS = ("pkl", "skops")


def of_history(before: History | None, after: History, attempt: Attempt, name: str) -> Iterator[str]:
    """Yields the objections to a history that follows another: it may add this attempt's version and no more."""
    known = before or History(name, attempt.salt, "", ())
    if (after.name, after.salt) != (known.name, known.salt):
        yield "it changes the name or the salt of the history"
    if not _keeps_versions(after, known):
        yield "it changes versions that the base branch has already"
        return
    added = after.versions[len(known.versions) :]
    if [version.version for version in added] != [attempt.version]:
        names = ", ".join(version.version for version in added[:3])
        yield f"it adds {names or 'no version'} to the history, not {attempt.version} alone"
        return
    yield from _of_version(added[0], attempt)
    if after.current != attempt.version:
        yield f"it makes {after.current} the current version, not {attempt.version}"


def _keeps_versions(after: History, before: History) -> bool:
    """Whether every earlier version is unchanged and in its place."""
    kept = after.versions[: len(before.versions)]
    return [encode(version) for version in kept] == [encode(version) for version in before.versions]


def _of_version(version: Version, attempt: Attempt) -> Iterator[str]:
    """Yields what in a version differs from the journal's record of its attempt."""
    if version.file not in [f"{attempt.version}.{ending}" for ending in FORMATS]:
        yield f"its model file is {version.file!r}, not {attempt.version}.{FORMATS[0]}"
    if version.sha256 != attempt.digest:
        yield f"its model's sha256 is {version.sha256[:12]!r}, not the recorded {attempt.digest[:12]}"
    if (version.attempt, version.fingerprint) != (attempt.id, attempt.fingerprint):
        yield f"it is of the attempt {version.attempt!r}, not of {attempt.id}"
    if version.holdout_fingerprint != attempt.holdout_fingerprint:
        yield "it names another key of the holdout than the journal"


def of_files(paths: Sequence[str], own: Sequence[str]) -> Iterator[str]:
    """Yields an objection if it changes files that are not its own."""
    others = [path for path in paths if path not in own]
    if others:
        yield f"it changes files that are not its own: {', '.join(others[:3])}"


def unknown_keys(written: object, known: object, where: str = "") -> Iterator[str]:
    """Yields the keys in a document that our decoder ignores.

    Args:
        written: the document as it was parsed.
        known: the decoded document, encoded again.
        where: the path of keys to this part of the document.
    """
    if isinstance(written, Mapping) and isinstance(known, Mapping):
        for key, value in written.items():
            place = f"{where}.{key}" if where else str(key)
            if key in known:
                yield from unknown_keys(value, known[key], place)
            else:
                yield place
    elif isinstance(written, list) and isinstance(known, list | tuple) and len(written) == len(known):
        for number, (one, other) in enumerate(zip(written, known, strict=True)):
            yield from unknown_keys(one, other, f"{where}[{number}]")
