"""Checks the contents of a promotion's commit in git before it is approved. No model is loaded.

The commit's id covers every file, but proves nothing if the journal records a wrong commit. So the contents are checked
as well: plain files in the model directory, a history with one more version, and a model with the journal's digest.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ml_action.config.settings import METADATA
from ml_action.core import model_metadata
from ml_action.core.errors import ModelError
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.model import History, Version
from ml_action.git import registry
from ml_action.git.command import Git, decode_path
from ml_action.git.repository import BASE_TIP, FILE, FOLDER, Repository
from ml_action.promotion import signed_statement
from ml_action.promotion.verification import of_files, of_history, unknown_keys
from ml_action.provenance import envelope, statement
from ml_action.provenance.policy import Policy, require_files, unsigned, unverified_statement

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
MAX_METADATA_BYTES = 32 << 20  # a history of ten thousand versions


@dataclass(frozen=True)
class Entry:
    """One entry of a tree."""

    mode: str
    oid: str
    size: int  # bytes; 0 for anything but a blob


class InvalidProposalCommitError(Exception):
    """The commit is not a promotion. The text is a sentence that says why."""


def find_objections(
    repository: Repository,
    attempt: Attempt,
    paths: Sequence[str],
    *,
    name: str,
    model_dir: str,
    policy: Policy | None = None,
) -> tuple[str, ...]:
    """Returns every objection to the contents of an attempt's commit.

    The history that it follows is that of the base branch as it was fetched last.

    Args:
        repository: where the commit is, or is fetched to.
        attempt: the journal's record.
        paths: every path that the commit changes.
        name: the model's name.
        model_dir: the model directory.
        policy: who has to have signed the statement; None: not known, but a statement has to be about this commit.
    """
    commit = ProposalCommit(repository.store, attempt, model_dir)
    try:
        if not COMMIT.fullmatch(attempt.commit):
            raise InvalidProposalCommitError("what the journal names is no commit")
        repository.fetch_object(attempt.commit)
        commit.require_folder()
        objections = _to_rollback(commit, paths) if attempt.rolls_back else _to_promotion(commit, paths, name)
        return tuple(objections) or tuple(_to_statement(commit, paths, policy))
    except InvalidProposalCommitError as error:
        return (str(error),)
    except ModelError as problem:
        return (problem.what,)


@dataclass(frozen=True)
class ProposalCommit:
    """The commit that the journal records for an attempt."""

    store: Git
    attempt: Attempt
    model_dir: str

    def require_folder(self) -> None:
        """Checks that the model directory and all folders above it are folders, and no links or submodules."""
        parts = self.model_dir.split("/")
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            entry = self._entry(path)
            if entry is None or entry.mode != FOLDER:
                raise InvalidProposalCommitError(f"{path} is {_kind(entry)}, not a folder")

    def path(self, name: str) -> str:
        """Returns the path of a file in the model directory."""
        return f"{self.model_dir}/{name}"

    def file(self, name: str) -> Entry:
        """Returns the entry of a plain file in the model directory."""
        entry = self._entry(self.path(name))
        if entry is None or entry.mode != FILE:
            raise InvalidProposalCommitError(f"{self.path(name)} is {_kind(entry)}, not a plain file")
        return entry

    def read(self, entry: Entry) -> bytes:
        """Returns the content of a file."""
        return self.store.run("cat-file", "blob", entry.oid)

    def sha256(self, entry: Entry) -> str:
        """Returns the digest of a file, which is read in chunks."""
        digest = hashlib.sha256()
        for chunk in self.store.stream("cat-file", "blob", entry.oid):
            digest.update(chunk)
        return digest.hexdigest()

    def _entry(self, path: str) -> Entry | None:
        """Returns the entry at a path. Links on the way are not followed."""
        rows = self.store.run("ls-tree", "-z", "--long", "--full-tree", self.attempt.commit, "--", path)
        if not rows:
            return None
        mode, _, oid, size = decode_path(rows).split("\t", 1)[0].split()
        return Entry(mode, oid, int(size) if size.isdecimal() else 0)


def _to_promotion(commit: ProposalCommit, paths: Sequence[str], name: str) -> Iterator[str]:
    """Yields the objections to a commit that adds a version: to the history, a model and a model card."""
    before, after = registry.read(commit.store, BASE_TIP, commit.model_dir), _history(commit)
    found = [*of_history(before, after, commit.attempt, name), *of_files(paths, _own_files(commit, after.champion))]
    yield from found or _to_model(commit, after.champion)


def _to_rollback(commit: ProposalCommit, paths: Sequence[str]) -> Iterator[str]:
    """Yields the objections to a commit that only sets `current` to a version of the base branch."""
    attempt, path = commit.attempt, commit.path(METADATA)
    before = registry.read_bytes(commit.store, BASE_TIP, commit.model_dir) or b""
    versions = model_metadata.parse(before, path).versions
    target = next((version for version in versions if version.version == attempt.version), None)
    if target is None or target.sha256 != attempt.digest:
        yield f"the base branch has no {attempt.version} with the recorded sha256 {attempt.digest[:12]}"
        return
    if commit.read(commit.file(METADATA)) != model_metadata.with_current(before, attempt.version):
        yield f"it changes more of {METADATA} than `current`, or to another version than {attempt.version}"
    yield from of_files(paths, [path, commit.path(statement.FILE)])
    yield from _to_model(commit, target)


def _history(commit: ProposalCommit) -> History:
    """Returns the commit's history, if it contains nothing that we do not write."""
    path, entry = commit.path(METADATA), commit.file(METADATA)
    if entry.size > MAX_METADATA_BYTES:
        raise InvalidProposalCommitError(f"{path} holds {entry.size:,} bytes")
    content = commit.read(entry)
    history = model_metadata.parse(content, path)
    document = json.loads(content, object_pairs_hook=_reject_duplicate_keys)
    unknown = [*unknown_keys(document, model_metadata.encoded(history))]
    if unknown:
        raise InvalidProposalCommitError(f"{path} holds what ml-auto-update does not write: {', '.join(unknown[:3])}")
    return history


def _reject_duplicate_keys(pairs: Sequence[tuple[str, object]]) -> Mapping[str, object]:
    """Returns the object. Decoders disagree about which of two equal keys counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidProposalCommitError("its metadata has a key twice")
    return found


def _own_files(commit: ProposalCommit, version: Version | None) -> list[str]:
    """Returns what a promotion writes: metadata, their signed statement, model and model card."""
    names = (METADATA, statement.FILE, *((version.file, f"{version.version}.md") if version else ()))
    return [commit.path(name) for name in names]


def _to_model(commit: ProposalCommit, version: Version | None) -> Iterator[str]:
    """Yields the objections to the model file of the version that becomes the current one."""
    if version is None:
        return
    entry, path = commit.file(version.file), commit.path(version.file)
    if entry.size != version.size:
        yield f"{path} holds {entry.size:,} bytes, its metadata says {version.size:,}"
    elif (digest := commit.sha256(entry)) != version.sha256:
        yield f"the sha256 of {path} is {digest[:12]}, not the recorded {version.sha256[:12]}"


def _to_statement(commit: ProposalCommit, paths: Sequence[str], policy: Policy | None) -> Iterator[str]:
    """Yields the objections to the signed statement about a commit that is else as it should be."""
    path = commit.path(statement.FILE)
    if path not in paths:
        if policy:
            yield unsigned().what
        return
    entry = commit.file(statement.FILE)
    if entry.size > envelope.MAX_BYTES:
        raise InvalidProposalCommitError(f"{path} holds {entry.size:,} bytes")
    content, metadata = commit.read(entry), commit.read(commit.file(METADATA))
    found = policy.statement_in(content) if policy else unverified_statement(content)
    version = model_metadata.parse(metadata, commit.path(METADATA)).champion
    if version is None:
        raise InvalidProposalCommitError("its metadata name no version")
    require_files(found, metadata, version)
    before = commit.store.read(f"{BASE_TIP}:{path}")
    yield from signed_statement.objections(found, commit.attempt, signed_statement.counter_of(before))


_KINDS = {
    "120000": "a symbolic link",
    "160000": "a submodule",
    FOLDER: "a folder",
    FILE: "a file",
    "100755": "an executable",
}


def _kind(entry: Entry | None) -> str:
    return "absent" if entry is None else _KINDS.get(entry.mode, f"of the mode {entry.mode}")
