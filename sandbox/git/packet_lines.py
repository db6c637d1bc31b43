"""Git's packet lines, as far as the sandbox reads and rewrites them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

FLUSH = b"0000"
PREFIX = 4
LARGEST = 65515  # bytes of data in one side-band packet
HOOK_NOTICE = b"error: hook declined to update "  # git prints it after the hook; GitHub does not


@dataclass(frozen=True)
class RefUpdate:
    """One command of a push. An id of zeros means that the ref did not exist, or is deleted."""

    old: str
    new: str
    ref: str


def packets(stream: bytes) -> Iterator[bytes]:
    """Yields the payloads of a stream; the payload of a flush packet is empty."""
    position = 0
    while position + PREFIX <= len(stream):
        length = int(stream[position : position + PREFIX], 16)
        yield stream[position + PREFIX : position + length] if length else b""
        position += length or PREFIX


def packet(payload: bytes) -> bytes:
    """Returns one packet line."""
    return b"%04x" % (len(payload) + PREFIX) + payload


def ref_updates(body: bytes) -> list[RefUpdate]:
    """Returns the commands of a push, which precede the pack."""
    updates = []
    for payload in packets(body):
        if not payload:
            break
        line = payload.split(b"\x00")[0].decode().rstrip("\n")
        if not line.startswith(("shallow ", "push-cert")):
            updates.append(RefUpdate(*line.split(" ", 2)))
    return updates


def replace_reason(response: bytes, old: bytes, new: bytes) -> bytes:
    """Replaces the reason of rejected refs in the response to a push, whose report is in side-band 1."""
    if old not in response:
        return response
    received = list(packets(response))
    report = b"".join(payload[1:] for payload in received if payload[:1] == b"\x01")
    changed = b"".join(packet(line.replace(old, new)) if line else FLUSH for line in packets(report))
    messages = [payload for payload in received if payload[:1] == b"\x02" and HOOK_NOTICE not in payload]
    parts = [b"\x01" + changed[start : start + LARGEST] for start in range(0, len(changed), LARGEST)]
    return b"".join(map(packet, messages + parts)) + FLUSH
