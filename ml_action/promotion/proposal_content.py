"""The files and texts of a proposal: a new version, a rollback, or the same proposal on a newer base branch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ml_action.core import model_metadata
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.dataset import RejectedDataset
from ml_action.core.records.evaluation import Decision
from ml_action.core.records.model import History, Trial
from ml_action.datasets.survey import Snapshot
from ml_action.git import registry
from ml_action.git.command import Git
from ml_action.provenance import statement
from ml_action.reports import commit_messages, pages
from ml_action.reports.render import markdown

MADE_BY_US = re.compile(r"^Attempt: [0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$", re.MULTILINE)  # `commit_messages`


@dataclass(frozen=True)
class ProposalContent:
    """What a proposal puts into the model directory, and its texts."""

    files: Mapping[str, bytes]
    digest: str  # sha256 of the model file that it puts into production
    message: str  # of the commit
    text: str  # of the pull request


def new_version(
    attempt: Attempt, snapshot: Snapshot, trial: Trial, decision: Decision, rejected: tuple[RejectedDataset, ...]
) -> ProposalContent:
    """A new version: the model, its card, and the history with one more entry."""
    version = model_metadata.version_of(trial, attempt)
    history = model_metadata.with_version(snapshot.history, version, name=snapshot.settings.name, salt=attempt.salt)
    settings = snapshot.settings
    signed = statement.FILE if settings.secrets.signing_key or settings.publication.signing == "sigstore" else ""
    card = markdown.render(pages.model_card(version, attempt, trial, decision, signed))
    files = {
        registry.METADATA: model_metadata.to_bytes(history),
        version.file: trial.artifact,
        f"{version.version}.md": card.encode("utf-8", "replace"),
    }
    message = commit_messages.of_promotion(version, attempt, decision)
    text = markdown.render(pages.pull_request(version, attempt, trial, decision, rejected))
    return ProposalContent(files, trial.digest, message, text)


def rollback_files(git: Git, base: str, model_dir: str, version: str) -> dict[str, bytes]:
    """The only file that a rollback changes: the history of the base branch, byte for byte, and its pointer moved."""
    path = f"{model_dir}/{registry.METADATA}"
    try:
        content = model_metadata.with_current(registry.read_bytes(git, base, model_dir) or b"", version)
    except ValueError as error:
        raise model_metadata.unreadable_metadata(path, error) from error
    model_metadata.parse(content, path)
    return {registry.METADATA: content}


def carried_over(history: History | None, commit: str, model_dir: str, git: Git) -> dict[str, bytes]:
    """The files of a proposal's commit, its versions appended to the history as the base branch has it now."""
    proposed = registry.read(git, commit, model_dir)
    if proposed is None:
        raise LookupError(f"the proposal {commit} holds no metadata")  # we made it
    known = {version.version for version in history.versions} if history else set()
    new = tuple(version for version in proposed.versions if version.version not in known)
    merged = replace(proposed, versions=(*(history.versions if history else ()), *new))
    names = [name for version in new for name in (version.file, f"{version.version}.md")]
    contents = {name: git.read(f"{commit}:{model_dir}/{name}") for name in names}
    return {registry.METADATA: model_metadata.to_bytes(merged)} | {
        name: content for name, content in contents.items() if content is not None
    }


def orphaned_proposal(snapshot: Snapshot) -> str:
    """The proposal's commit of a lost journal: its message names an attempt. Empty: no such commit.

    Only where the state branch is gone: a journal that does not know a commit is right about it.
    """
    tip = snapshot.tips.proposal
    if not tip or snapshot.state.attempts:
        return ""
    return tip if MADE_BY_US.search(snapshot.repository.store.line("show", "--no-patch", "--format=%B", tip)) else ""
