"""The envelope of a signed statement: DSSE, https://github.com/secure-systems-lab/dsse/blob/master/envelope.md

It has one signature, and one form: what is read has to be, byte for byte, what we would write. So nothing in the file
is left unsigned or unchecked.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml_action.provenance.unverified import malformed

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_BYTES = 64 * 1024  # of the file with the statement


@dataclass(frozen=True)
class Envelope:
    """A signed payload."""

    payload: bytes
    key_id: str
    signature: bytes


def signed_bytes(payload: bytes) -> bytes:
    """Returns what is signed: the payload with its type (DSSE's pre-authentication encoding)."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def to_bytes(envelope: Envelope) -> bytes:
    """Returns the content of the file."""
    document = {
        "payload": base64.b64encode(envelope.payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": envelope.key_id, "sig": base64.b64encode(envelope.signature).decode()}],
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def parse(content: bytes) -> Envelope:
    """Returns the envelope.

    Raises:
        Unverified: these are not the bytes that we would write.
    """
    document = load(content)
    try:
        (signature,) = document["signatures"]
        envelope = Envelope(_decoded(document["payload"]), str(signature["keyid"]), _decoded(signature["sig"]))
        same = to_bytes(envelope) == content
    except (LookupError, TypeError, ValueError) as error:
        raise malformed("it is no DSSE envelope with one signature") from error
    if not same:
        raise malformed("its envelope has another form than ours")
    return envelope


def load(content: bytes) -> Mapping[str, Any]:
    """Returns the JSON object in a file of bounded size, or raises Unverified."""
    if len(content) > MAX_BYTES:
        raise malformed(f"it has more than {MAX_BYTES:,} bytes")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise malformed("it is no JSON") from error
    if not isinstance(document, dict):
        raise malformed("it is no JSON object")
    return document


def _decoded(text: object) -> bytes:
    if not isinstance(text, str):
        raise TypeError("no text")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
