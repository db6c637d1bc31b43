"""What a promotion's commit holds, read from git before anybody approves it. No model is ever loaded here.

The commit's id covers every file, but only as far as the journal is right about the commit. So what the commit does is
looked at as well: plain files in the model directory, a history with one more version, and a model with the digest that
the journal has.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ml_action.config.settings import METADATA
from ml_action.core.errors import ModelError
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.model import History, Version
from ml_action.git import registry
from ml_action.git.command import Git
from ml_action.git.repository import BASE_TIP, FILE, FOLDER, Repository
from ml_action.promotion.verification import of_files, of_history, unknown_keys

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
METADATA_BYTES = 32 << 20  # a history of ten thousand versions; what is larger is not read


@dataclass(frozen=True)
class Entry:
    """One entry of a tree."""

    mode: str
    oid: str
    size: int  # bytes; of a blob


class InvalidProposalCommit(Exception):
    """Why the commit cannot be read as a promotion."""


def find_objections(
    repository: Repository, attempt: Attempt, paths: Sequence[str], *, name: str, model_dir: str
) -> tuple[str, ...]:
    """Everything that speaks against what this attempt's commit holds; `paths` are those that it changes.

    The history that it continues is that of the base branch as it was fetched last.
    """
    store = repository.store
    try:
        if not COMMIT.fullmatch(attempt.commit):
            raise InvalidProposalCommit("what the journal names is no commit")
        repository.obtain(attempt.commit)
        _reject_links(store, attempt.commit, model_dir)
        look = _of_rollback if attempt.rolls_back else _of_promotion
        return tuple(look(store, attempt, paths, name, model_dir))
    except InvalidProposalCommit as damage:
        return (str(damage),)
    except ModelError as problem:
        return (problem.what,)


def _of_promotion(store: Git, attempt: Attempt, paths: Sequence[str], name: str, model_dir: str) -> Iterator[str]:
    """What speaks against a commit that adds a version: to the history, a model and a model card."""
    before, after = registry.read(store, BASE_TIP, model_dir), _history(store, attempt.commit, model_dir)
    said = (*of_history(before, after, attempt, name), *of_files(paths, _own_files(after.champion, model_dir)))
    yield from said or _of_model(store, after.champion, attempt.commit, model_dir)


def _of_rollback(store: Git, attempt: Attempt, paths: Sequence[str], _name: str, model_dir: str) -> Iterator[str]:
    """What speaks against a commit that moves `current` to a version that the base branch has, and changes no more."""
    before = registry.read_bytes(store, BASE_TIP, model_dir) or b""
    history = registry.parse(before, f"{model_dir}/{METADATA}")
    target = next((version for version in history.versions if version.version == attempt.version), None)
    if target is None or target.sha256 != attempt.digest:
        yield f"the base branch has no {attempt.version} with the recorded sha256 {attempt.digest[:12]}"
        return
    entry = _plain_file(store, attempt.commit, f"{model_dir}/{METADATA}")
    if store.run("cat-file", "blob", entry.oid) != registry.with_current(before, attempt.version):
        yield f"it changes more of {METADATA} than `current`, or to another version than {attempt.version}"
    yield from of_files(paths, [f"{model_dir}/{METADATA}"])
    yield from _of_model(store, target, attempt.commit, model_dir)


def _reject_links(store: Git, commit: str, model_dir: str) -> None:
    """The model directory is a folder, and so is every folder above it: no link, no submodule."""
    parts = model_dir.split("/")
    for depth in range(1, len(parts) + 1):
        path = "/".join(parts[:depth])
        found = _entry(store, commit, path)
        if found is None or found.mode != FOLDER:
            raise InvalidProposalCommit(f"{path} is {_kind(found)}, not a folder")


def _history(store: Git, commit: str, model_dir: str) -> History:
    """The metadata of the commit, if a machine wrote it."""
    path = f"{model_dir}/{METADATA}"
    entry = _plain_file(store, commit, path)
    if entry.size > METADATA_BYTES:
        raise InvalidProposalCommit(f"{path} holds {entry.size:,} bytes")
    content = store.run("cat-file", "blob", entry.oid)
    history = registry.parse(content, path)
    strange = [*unknown_keys(json.loads(content, object_pairs_hook=_reject_duplicate_keys), registry.encoded(history))]
    if strange:
        raise InvalidProposalCommit(f"{path} holds what ml-auto-update does not write: {', '.join(strange[:3])}")
    return history


def _reject_duplicate_keys(pairs: Sequence[tuple[str, object]]) -> Mapping[str, object]:
    """A key that stands twice is read as the one or the other, by whoever reads it."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidProposalCommit("its metadata has a key twice")
    return found


def _own_files(version: Version | None, model_dir: str) -> list[str]:
    """What a promotion writes: metadata, model and model card."""
    names = (METADATA, version.file, f"{version.version}.md") if version else (METADATA,)
    return [f"{model_dir}/{name}" for name in names]


def _of_model(store: Git, version: Version | None, commit: str, model_dir: str) -> Iterator[str]:
    """What speaks against the file of the version that is to be the current one."""
    if version is None:
        return
    path = f"{model_dir}/{version.file}"
    entry = _plain_file(store, commit, path)
    if entry.size != version.size:
        yield f"{path} holds {entry.size:,} bytes, its metadata says {version.size:,}"
    elif (digest := _digest(store, entry.oid)) != version.sha256:
        yield f"the sha256 of {path} is {digest[:12]}, not the recorded {version.sha256[:12]}"


def _digest(store: Git, oid: str) -> str:
    """sha256 of a blob's content, piece by piece."""
    digest = hashlib.sha256()
    for piece in store.pieces("cat-file", "blob", oid):
        digest.update(piece)
    return digest.hexdigest()


def _plain_file(store: Git, commit: str, path: str) -> Entry:
    entry = _entry(store, commit, path)
    if entry is None or entry.mode != FILE:
        raise InvalidProposalCommit(f"{path} is {_kind(entry)}, not a plain file")
    return entry


def _entry(store: Git, commit: str, path: str) -> Entry | None:
    """The entry at a path; links on the way are not followed."""
    rows = store.run("ls-tree", "-z", "--long", "--full-tree", commit, "--", path).decode("utf-8", "surrogateescape")
    if not rows:
        return None
    mode, _, oid, size = rows.split("\t", 1)[0].split()
    return Entry(mode, oid, int(size) if size.isdecimal() else 0)


_KINDS = {
    "120000": "a symbolic link",
    "160000": "a submodule",
    FOLDER: "a folder",
    FILE: "a file",
    "100755": "an executable",
}


def _kind(entry: Entry | None) -> str:
    return "absent" if entry is None else _KINDS.get(entry.mode, f"of the mode {entry.mode}")
