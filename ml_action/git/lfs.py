"""Git LFS pointers: the short text that git holds in place of a large file. Standard library only.

https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_BYTES = 1024  # a pointer has less
PREFIX = b"version https://git-lfs.github.com/spec/"
_POINTER = rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,18})\n"


class Pointer(NamedTuple):
    """The file that a pointer refers to."""

    sha256: str  # hexadecimal
    size: int  # bytes


def is_pointer(content: bytes | None) -> bool:
    """Whether the content is a pointer of any version of the format."""
    return content is not None and content.startswith(PREFIX)


def parse(content: bytes) -> Pointer | None:
    """Returns what a pointer of version 1 refers to; None if the content is no such pointer."""
    match = re.match(_POINTER, content) if len(content) < MAX_BYTES and content.startswith(PREFIX) else None
    return Pointer(match[1].decode(), int(match[2])) if match else None
