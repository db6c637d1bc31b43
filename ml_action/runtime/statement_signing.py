"""How this run signs and verifies promotions: by the keys of the settings, in the name of the run's workflow."""

from __future__ import annotations

from pathlib import Path

from ml_action.config.settings import Settings, fingerprint_settings
from ml_action.core.errors import SettingsError
from ml_action.core.fingerprint import fingerprint
from ml_action.provenance import keyless
from ml_action.provenance.keyless import Keyless
from ml_action.provenance.keys import PublicKey, SigningKey
from ml_action.provenance.policy import Policy, full_ref
from ml_action.provenance.signing import Signing, StatementSigner
from ml_action.provenance.statement import Origin
from ml_action.runtime.actions import RunContext


def signing_of(settings: Settings, context: RunContext) -> Signing:
    """Returns how promotions are signed and verified. Nothing, where no key is given.

    Raises:
        SettingsError: the two keys are of two pairs, or Sigstore cannot be used here.
    """
    if settings.publication.signing == "sigstore":
        return _keyless(settings, context)
    seed, public = settings.secrets.signing_key, settings.publication.signing_public_key
    key = SigningKey(seed) if seed else None
    trusted = PublicKey(public) if public else key.public if key else None
    if key and key.public != trusted:
        raise SettingsError(
            "signing-public-key is not the public half of signing-key",
            why="one of them was exchanged and the other was not",
            fix="print the public half with `openssl pkey -in KEY.pem -pubout`, and set it as signing-public-key",
        )
    origin = origin_of(context)
    signer = StatementSigner(key.envelope_of, origin, _digest(settings)) if key else None
    return Signing(signer, Policy(trusted, origin.repository) if trusted else None)


def _keyless(settings: Settings, context: RunContext, trust_config: Path | None = None) -> Signing:
    """Signs as the run's workflow; the identity token is asked for when there is something to sign."""
    if not context.repository:
        raise SettingsError(
            "signing = 'sigstore': the repository's name is not known",
            why="Sigstore certifies the identity of a workflow, and this is no run of one",
            fix="run it on GitHub, or sign with a signing-key",
        )
    keyless.require_library()
    base = full_ref(settings.publication.base or context.default_branch)  # no other branch's workflow may sign
    identity = Keyless(context.repository, base, server=context.server_url, trust_config=trust_config)

    def bundle_of(payload: bytes) -> bytes:
        return identity.bundle_of(payload, keyless.identity_token(context.environ))

    signer = StatementSigner(bundle_of, origin_of(context), _digest(settings))
    return Signing(signer, Policy(identity, context.repository))


def _digest(settings: Settings) -> str:
    return fingerprint(fingerprint_settings(settings))


def origin_of(context: RunContext) -> Origin:
    """Returns what a statement says of the run. https://docs.github.com/en/actions/reference/workflows-and-actions/variables"""
    if not context.repository:
        return Origin()
    environ = context.environ
    return Origin(
        repository=context.repository,
        run=environ.get("GITHUB_RUN_ID", ""),
        run_attempt=environ.get("GITHUB_RUN_ATTEMPT", ""),
        workflow=context.workflow,
        workflow_sha=environ.get("GITHUB_WORKFLOW_SHA", ""),
        ref=context.ref,
        sha=environ.get("GITHUB_SHA", ""),
        server=context.server_url,
    )
