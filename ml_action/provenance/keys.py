"""Ed25519 keys that sign statements, and their public halves."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ml_action.config.signing_key import PUBLIC_PREFIX
from ml_action.core.errors import ModelError
from ml_action.core.formatting import sanitised
from ml_action.provenance import envelope
from ml_action.provenance.envelope import Envelope
from ml_action.provenance.unverified import edited, untrusted

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True)
class PublicKey:
    """The public half of a key."""

    raw: bytes  # 32

    @property
    def id(self) -> str:
        """Its name in an envelope: `openssl pkey -in KEY.pem -pubout -outform DER | sha256sum` prints the digits."""
        return f"sha256:{hashlib.sha256(PUBLIC_PREFIX + self.raw).hexdigest()}"

    def payload_of(self, content: bytes) -> bytes:
        """Returns the payload of an envelope that this key signed, or raises Unverified."""
        signed = envelope.parse(content)
        if signed.key_id != self.id:
            raise untrusted(
                f"the statement names the key {sanitised(signed.key_id[:19])}, not {self.id[:19]}",
                "if the key was exchanged, verify with the new public key; if it was not, do not load the model",
            )
        if not self._signed(signed):
            raise edited(f"the signature of the statement is not one of the key {self.id[:19]}")
        return signed.payload

    def _signed(self, signed: Envelope) -> bool:
        try:
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        except ImportError as missing:
            raise ModelError(
                "The signature of the model cannot be verified: the package cryptography is not installed here.",
                why="a light installation leaves it out",
                fix="pip install cryptography",
            ) from missing
        try:
            key = Ed25519PublicKey.from_public_bytes(self.raw)
            key.verify(signed.signature, envelope.signed_bytes(signed.payload))
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class SigningKey:
    """The secret half. It is in no representation."""

    seed: bytes = field(repr=False)  # 32

    @property
    def public(self) -> PublicKey:
        """Returns the public half."""
        return PublicKey(self._key.public_key().public_bytes_raw())

    def envelope_of(self, payload: bytes) -> bytes:
        """Returns the content of the file that signs this payload."""
        signature = self._key.sign(envelope.signed_bytes(payload))
        return envelope.to_bytes(Envelope(payload, self.public.id, signature))

    @property
    def _key(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed)
