"""What a consumer requires before it reads a model: a signed statement that meets a policy (docs/signing.md)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ml_action.consumer.api import SourceUnavailable
from ml_action.consumer.sources import Source
from ml_action.core.errors import ModelError
from ml_action.core.records.model import Version
from ml_action.provenance import envelope, statement
from ml_action.provenance.last_accepted import LastAccepted
from ml_action.provenance.policy import Policy, by_key, by_sigstore, require_files, unsigned

MODES = ("off", "warn", "require")


@dataclass(frozen=True)
class Verification:
    """Who has to have signed a promotion, and what happens to one that is not verified.

    Attributes:
        verify: `off` asks for nothing; `warn` loads the model, with a warning in the log and in `Status.warning`;
            `require` refuses it.
        public_key: The public half of the loop's signing-key, as PEM or as the one line in it.
        sigstore: Whether Sigstore certified the workflow that signed, in place of a key; needs `repository`, and the
            package sigstore.
        trust_config: The trust configuration of a Sigstore instance of your own; None is the public one.
        repository: owner/name of the repository whose loop made the model; "" allows any.
        ref: The branch that the run was for; "" allows any.
        workflow: The path of the workflow's file; "" allows any.
        name: The model's name, the setting `name` of its loop. One key signs all models of a repository; with "" the
            first that is accepted decides.
        state: A file that remembers the newest promotion, so that an older one is refused after a restart too; None
            keeps it in memory.
    """

    verify: str = "require"
    public_key: str = field(default="", kw_only=True)
    repository: str = field(default="", kw_only=True)
    ref: str = field(default="", kw_only=True)
    workflow: str = field(default="", kw_only=True)
    name: str = field(default="", kw_only=True)
    state: str | Path | None = field(default=None, kw_only=True)
    sigstore: bool = field(default=False, kw_only=True)
    trust_config: str | Path | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.verify not in MODES:
            raise ValueError(f"verify has to be one of {', '.join(MODES)}, not {self.verify!r}")
        if self.verify != "off":
            _policy(self)


class Verifier:
    """Verifies the promotions of one source, in their order."""

    def __init__(self, asked: Verification) -> None:
        self._required = asked.verify == "require"
        self._policy = _policy(asked)
        self._accepted = LastAccepted(Path(asked.state) if asked.state else None)

    def check(self, source: Source, metadata: bytes, version: Version) -> str:
        """Returns "" for a verified promotion, or with `warn` why it is not one. No byte of the model is read.

        Args:
            source: Where the statement is, next to the metadata.
            metadata: The bytes of model_metadata.json.
            version: The current version in them.

        Raises:
            ModelError: with `require`, the promotion is not verified.
            SourceUnavailable: the source does not answer.
        """
        try:
            with _missing_is_unsigned():
                content = source.artifact(statement.FILE, envelope.MAX_BYTES)
            found = self._policy.statement_in(content)
            require_files(found, metadata, version)
            self._accepted.accept(found)
        except ModelError as error:
            if self._required:
                raise
            return f"{version.version} is not verified: {error.what}"
        return ""


def _policy(asked: Verification) -> Policy:
    """Returns the policy that a promotion has to meet. Raises ValueError if it could not work."""
    if asked.sigstore and not asked.public_key:
        return by_sigstore(asked.repository, asked.ref, asked.workflow, asked.trust_config, asked.name)
    if asked.sigstore or not asked.public_key.strip():
        raise ValueError(
            f"verify={asked.verify!r} needs the public_key that promotions are signed with, or sigstore=True"
        )
    return by_key(asked.public_key, asked.repository, asked.ref, asked.workflow, asked.name)


@contextlib.contextmanager
def _missing_is_unsigned() -> Iterator[None]:
    try:
        yield
    except SourceUnavailable as error:
        if error.status == 404 or isinstance(error.__cause__, FileNotFoundError):
            raise unsigned() from error
        raise


def verifier_of(asked: Verification | None) -> Verifier | None:
    """Returns the verifier, or None if nothing is asked for."""
    return Verifier(asked) if asked and asked.verify != "off" else None
