"""Ed25519 keys as text: PEM as OpenSSL writes it, or the one line between its first and its last.

Both encodings have one form for Ed25519 (RFC 8410): a fixed beginning and 32 bytes.
"""

from __future__ import annotations

import base64
import binascii
import re

PRIVATE_PREFIX = bytes.fromhex("302e020100300506032b657004220420")
PUBLIC_PREFIX = bytes.fromhex("302a300506032b6570032100")
KEY_BYTES = 32
_FRAME = re.compile(r"-----(BEGIN|END) [A-Z ]{3,40}-----")


def private_key(text: str) -> bytes:
    """Returns the 32 secret bytes of a private key, or b"" for an empty text."""
    return _key(text, PRIVATE_PREFIX, "a private Ed25519 key: openssl genpkey -algorithm ed25519")


def public_key(text: str) -> bytes:
    """Returns the 32 bytes of a public key, or b"" for an empty text."""
    return _key(text, PUBLIC_PREFIX, "a public Ed25519 key: openssl pkey -in KEY.pem -pubout")


def is_private(text: str) -> bool:
    """Whether a text holds a private key, in the place of a public one perhaps: it is not to be shown."""
    return "PRIVATE KEY" in text or "MC4CAQAwBQYDK2Vw" in text


def _key(text: str, prefix: bytes, kind: str) -> bytes:
    line = "".join(_FRAME.sub("", text[:1000]).split())
    if not line and not text:
        return b""
    try:
        content = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if len(content) != len(prefix) + KEY_BYTES or not content.startswith(prefix):
        raise ValueError(f"it has to be {kind}")
    return content[len(prefix) :]
