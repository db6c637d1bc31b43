"""Whom a reader of models trusts, and whether a statement meets it. Nothing here opens a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ml_action.core.records.model import Version
from ml_action.provenance import envelope, statement
from ml_action.provenance.keys import PublicKey
from ml_action.provenance.statement import Origin, Statement
from ml_action.provenance.unverified import Unverified, Verdict, edited, untrusted


@dataclass(frozen=True)
class Policy:
    """Who has to have signed, and where the model has to be from. What is empty may be anything."""

    key: PublicKey
    repository: str = ""  # owner/name
    ref: str = ""  # a branch, or such as refs/heads/main
    workflow: str = ""  # path of the workflow's file in the repository

    def statement_in(self, content: bytes) -> Statement:
        """Returns the statement of a file, if it is signed as the policy says.

        Raises:
            Unverified: it is not.
        """
        found = statement.parse(self.key.payload_of(content))
        for difference in self._differences(found.promotion.origin):
            raise untrusted(difference, "correct the policy if the model may come from there; else do not load it")
        return found

    def _differences(self, origin: Origin) -> Iterator[str]:
        wanted = {
            "repository": (self.repository.casefold(), origin.repository.casefold()),
            "ref": (_full_ref(self.ref), origin.ref),
            "workflow": (self.workflow, origin.workflow),
        }
        for name, (expected, found) in wanted.items():
            if expected and expected != found:
                yield f"the statement is of the {name} {found or '(none)'}, not of {expected}"


def _full_ref(ref: str) -> str:
    return f"refs/heads/{ref}" if ref and not ref.startswith("refs/") else ref


def unverified_statement(content: bytes) -> Statement:
    """Returns the statement of a file without asking who signed it. Raises Unverified if it is none."""
    return statement.parse(envelope.parse(content).payload)


def require_files(found: Statement, metadata: bytes, version: Version) -> None:
    """Raises Unverified unless the statement is about these metadata and about the model of this version.

    Args:
        found: a statement whose signature is verified.
        metadata: the bytes of model_metadata.json.
        version: the current version, as the metadata record it.
    """
    promotion = found.promotion
    if promotion.version != version.version:
        raise edited(f"the statement is about {promotion.version}, the metadata name {version.version}")
    if found.metadata_sha256 != statement.sha256(metadata):
        raise edited("model_metadata.json is not the file that was signed")
    if (found.model_file, found.model_sha256) != (version.file, version.sha256):
        raise edited(f"the model file of {version.version} is not the one that was signed")


def unsigned() -> Unverified:
    """Returns the error for a model without a statement."""
    return Unverified(
        Verdict.UNSIGNED,
        f"there is no {statement.FILE} next to the metadata: the promotion is not signed",
        why="the loop has no signing-key, or it was set after this promotion",
        fix="set signing-key in the workflow and wait for the next promotion (docs/signing.md)",
    )
