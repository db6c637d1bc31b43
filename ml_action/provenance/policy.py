"""Whom a reader of models trusts, and whether a statement meets it. Nothing here opens a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ml_action.config import signing_key
from ml_action.core.records.model import Version
from ml_action.provenance import keyless, statement
from ml_action.provenance.keyless import Keyless
from ml_action.provenance.keys import PublicKey
from ml_action.provenance.statement import Statement
from ml_action.provenance.unverified import Unverified, Verdict, edited, untrusted


@dataclass(frozen=True)
class Policy:
    """Who has to have signed, and where the model has to be from. What is empty may be anything."""

    key: PublicKey | Keyless
    repository: str = ""  # owner/name
    ref: str = ""  # a branch, or such as refs/heads/main
    workflow: str = ""  # path of the workflow's file in the repository
    name: str = ""  # of the model: one key signs all models of a repository

    def statement_in(self, content: bytes) -> Statement:
        """Returns the statement of a file, if it is signed as the policy says.

        Raises:
            Unverified: it is not.
        """
        found = statement.parse(self.key.payload_of(content))
        for difference in self._differences(found):
            raise untrusted(difference, "correct the policy if the model may come from there; else do not load it")
        return found

    def _differences(self, found: Statement) -> Iterator[str]:
        origin = found.promotion.origin
        wanted = {
            "model": (self.name, found.promotion.name),
            "repository": (self.repository.casefold(), origin.repository.casefold()),
            "ref": (full_ref(self.ref), origin.ref),
            "workflow": (self.workflow, origin.workflow),
        }
        for kind, (expected, stated) in wanted.items():
            if expected and expected != stated:
                yield f"the statement is of the {kind} {stated or '(none)'}, not of {expected}"


def full_ref(ref: str) -> str:
    """Returns the full name of a branch, such as refs/heads/main."""
    return f"refs/heads/{ref}" if ref and not ref.startswith("refs/") else ref


def unverified_statement(content: bytes) -> Statement:
    """Returns the statement of a file without asking who signed it. Raises Unverified if it is none."""
    return statement.parse(keyless.unverified_payload(content))


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


def by_key(public_key: str, repository: str, ref: str, workflow: str, name: str = "") -> Policy:
    """Returns the policy for promotions that a key signed; `public_key` is its text.

    Raises:
        ValueError: it is no public key.
    """
    return Policy(PublicKey(signing_key.public_key(public_key)), repository, ref, workflow, name)


def by_sigstore(repository: str, ref: str, workflow: str, trust_config: str | Path | None, name: str = "") -> Policy:
    """Returns the policy for promotions that Sigstore certified.

    Raises:
        ValueError: it names no repository, or a workflow without the branch.
    """
    if not repository:
        raise ValueError("Sigstore certifies any workflow of the world: name the repository")
    if workflow and not ref:
        raise ValueError("the certificate names the workflow together with its branch: name the ref too")
    trusted = Path(trust_config) if trust_config else None
    return Policy(Keyless(repository, full_ref(ref), workflow, trust_config=trusted), repository, ref, workflow, name)


def unsigned() -> Unverified:
    """Returns the error for a model without a statement."""
    return Unverified(
        Verdict.UNSIGNED,
        f"there is no {statement.FILE} next to the metadata: the promotion is not signed",
        why="the loop has no signing-key, or it was set after this promotion",
        fix="set signing-key in the workflow and wait for the next promotion (docs/signing.md)",
    )
