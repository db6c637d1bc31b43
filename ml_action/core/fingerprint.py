"""The fingerprint of an attempt, which recognises the same work when it is done again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def fingerprint(parts: Mapping[str, object]) -> str:
    """Returns the digest of everything that determines an attempt: equal parts have equal digests."""
    canonical = json.dumps(_plain(parts), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value: object) -> object:
    """Converts mappings of any kind to dictionaries, for json."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
