"""Signatures without a key: Sigstore certifies the workflow's identity for some minutes, and logs each signature.

Needs the package sigstore, which is an extra: it is imported only when it is asked for. What is written is a
Sigstore bundle with the same statement in it. https://docs.sigstore.dev/about/bundle/
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_action.core.errors import ForgeError, ModelError, SettingsError
from ml_action.core.formatting import sanitised
from ml_action.provenance import envelope
from ml_action.provenance.unverified import Unverified, Verdict, malformed, untrusted

ISSUER = "https://token.actions.githubusercontent.com"
AUDIENCE = "sigstore"
REQUEST_URL, REQUEST_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
MAX_TOKEN = 64 * 1024  # bytes
TIMEOUT = 20  # seconds


@dataclass(frozen=True)
class Keyless:
    """The identity that has to have signed: a repository's workflow, certified by Sigstore."""

    repository: str  # owner/name
    ref: str = ""  # such as refs/heads/main
    workflow: str = ""  # path of the workflow's file, which needs the ref too
    server: str = "https://github.com"
    issuer: str = ISSUER
    trust_config: Path | None = None  # of a Sigstore instance of one's own; None: the public one

    @property
    def id(self) -> str:
        """Its name for people."""
        return f"sigstore:{self.repository}"

    def payload_of(self, content: bytes) -> bytes:
        """Returns the payload of a bundle that this identity signed, without a request to any server.

        Raises:
            Unverified: it did not.
            ModelError: the package sigstore is not installed, or has no root of trust.
        """
        if "mediaType" not in envelope.load(content):
            raise untrusted(
                "the statement is signed by a key, not by Sigstore",
                "verify with the public key, or sign with `signing: sigstore`",
            )
        library = _library(ModelError)
        try:
            bundle = library.models.Bundle.from_json(content)
            kind, payload = library.verify.Verifier(trusted_root=self._trust(offline=True).trusted_root).verify_dsse(
                bundle, self._policy(library)
            )
        except library.errors.Error as error:
            raise _refused(error) from error
        except (ValueError, TypeError, LookupError) as error:
            raise malformed("it is no Sigstore bundle") from error
        if kind != envelope.PAYLOAD_TYPE:
            raise malformed("its bundle holds no in-toto statement")
        return bytes(payload)

    def bundle_of(self, payload: bytes, token: str) -> bytes:
        """Returns the content of the file that signs this payload in the name of an identity token.

        Raises:
            ForgeError: Sigstore does not sign.
        """
        library = _library(SettingsError)
        try:
            context = library.sign.SigningContext.from_trust_config(self._trust(offline=False))
            with context.signer(library.oidc.IdentityToken(token)) as signer:
                bundle = signer.sign_dsse(library.dsse.Statement(payload))
        except Exception as error:
            raise ForgeError(
                f"Sigstore did not sign the promotion: {type(error).__name__}: {sanitised(error, 200)}",
                why="its service or the network is in trouble",
                fix="nothing is recorded: the next run trains and signs again; or sign with a signing-key",
            ) from error
        return f"{bundle.to_json()}\n".encode()

    def _policy(self, library: Any) -> Any:
        policies = library.verify.policy
        source = f"{self.server}/{self.repository}"
        wanted = [policies.OIDCIssuerV2(self.issuer), policies.OIDCSourceRepositoryURI(source)]
        wanted += [policies.OIDCSourceRepositoryRef(self.ref)] if self.ref else []
        wanted += [policies.OIDCBuildConfigURI(f"{source}/{self.workflow}@{self.ref}")] if self.workflow else []
        return policies.AllOf(wanted)

    def _trust(self, *, offline: bool) -> Any:
        trust = _library(ModelError).models.ClientTrustConfig
        try:
            if self.trust_config:
                return trust.from_json(self.trust_config.read_text(encoding="utf-8"))
            return trust.production(offline=offline)
        except (OSError, ValueError) as error:
            raise ModelError(
                f"Sigstore's root of trust cannot be read: {sanitised(error, 200)}",
                why="trust-config is no trust configuration, or the home directory may not be written to",
                fix="name another file, or give the process a home directory for the package's copy",
            ) from error


def unverified_payload(content: bytes) -> bytes:
    """Returns the payload of a bundle or of an envelope, without a look at its signature. Raises Unverified."""
    document = envelope.load(content)
    if "mediaType" not in document:
        return envelope.parse(content).payload
    try:
        return base64.b64decode(document["dsseEnvelope"]["payload"], validate=True)
    except (LookupError, TypeError, ValueError) as error:
        raise malformed("it is no Sigstore bundle") from error


def identity_token(environ: Mapping[str, str]) -> str:
    """Returns the workflow's identity token for Sigstore.

    https://docs.github.com/en/actions/reference/security/oidc

    Raises:
        SettingsError: the job has no permission to ask for one.
        ForgeError: GitHub did not give one.
    """
    import urllib.request

    url, secret = environ.get(REQUEST_URL, ""), environ.get(REQUEST_TOKEN, "")
    if not url.startswith(("https://", "http://")) or not secret:
        raise SettingsError(
            "signing = 'sigstore': the job has no identity token",
            why="it needs the permission to ask GitHub for one, and pull requests of forks do not get it",
            fix="add `id-token: write` to the job's permissions, or sign with a signing-key",
        )
    request = urllib.request.Request(f"{url}&audience={AUDIENCE}", headers={"Authorization": f"Bearer {secret}"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
            return str(json.loads(response.read(MAX_TOKEN))["value"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ForgeError(
            f"GitHub gave no identity token: {type(error).__name__}",
            why="its service is in trouble",
            fix="nothing is recorded: the next run trains and signs again",
        ) from error


def _refused(error: Exception) -> Unverified:
    return Unverified(
        Verdict.UNTRUSTED,
        f"Sigstore's verification fails: {sanitised(error, 200)}",
        why="the statement was changed, or another identity signed it",
        fix="do not load the model; correct the policy only if the model may come from there",
    )


def require_library() -> None:
    """Raises SettingsError if the package sigstore is not installed."""
    _library(SettingsError)


def _library(kind: type[SettingsError | ModelError]) -> Any:
    """Returns the package sigstore with the modules that are needed."""
    try:
        import sigstore.dsse
        import sigstore.errors
        import sigstore.models
        import sigstore.oidc
        import sigstore.sign
        import sigstore.verify
    except ImportError as missing:
        raise kind(
            "Sigstore's package is not installed here.",
            why="it is an extra: the Action's image and a light installation leave it out",
            fix="pip install sigstore, or use a signing-key (docs/signing.md)",
        ) from missing
    return sigstore
