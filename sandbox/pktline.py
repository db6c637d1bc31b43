"""Git's packet lines, as far as the stand-in reads and rewrites them."""

from __future__ import annotations

from collections.abc import Iterator

FLUSH = b"0000"
PREFIX = 4
LARGEST = 65515  # data of one side-band packet
OWN_WORDS = b"error: hook declined to update "  # git says so after the hook; GitHub does not


def packets(stream: bytes) -> Iterator[bytes]:
    """The payloads up to the end; a flush is an empty payload."""
    position = 0
    while position + PREFIX <= len(stream):
        length = int(stream[position : position + PREFIX], 16)
        yield stream[position + PREFIX : position + length] if length else b""
        position += length or PREFIX


def packet(payload: bytes) -> bytes:
    """One packet line."""
    return b"%04x" % (len(payload) + PREFIX) + payload


def pushed(body: bytes) -> list[tuple[str, str, str]]:
    """The commands of a push, (old, new, ref), that precede the pack."""
    commands = []
    for payload in packets(body):
        if not payload:
            break
        line = payload.split(b"\x00")[0].decode().rstrip("\n")
        if not line.startswith(("shallow ", "push-cert")):
            old, new, ref = line.split(" ", 2)
            commands.append((old, new, ref))
    return commands


def reword(answer: bytes, old: bytes, new: bytes) -> bytes:
    """Replace the reason of refused refs in the answer to a push (side-band 1 carries the report)."""
    if old not in answer:
        return answer
    received = list(packets(answer))
    report = b"".join(payload[1:] for payload in received if payload[:1] == b"\x01")
    reworded = b"".join(packet(line.replace(old, new)) if line else FLUSH for line in packets(report))
    told = b"".join(packet(payload) for payload in received if payload[:1] == b"\x02" and OWN_WORDS not in payload)
    parts = [reworded[start : start + LARGEST] for start in range(0, len(reworded), LARGEST)]
    return told + b"".join(packet(b"\x01" + part) for part in parts) + FLUSH
