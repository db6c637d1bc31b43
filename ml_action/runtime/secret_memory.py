"""Secrets leave the environment of a process, the kernel's copy included: its children can read /proc/PID/environ."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, MutableMapping
from pathlib import Path

ENV_START = 47  # of the fields of /proc/self/stat that follow the command's name; proc_pid_stat(5)


def forget(environ: MutableMapping[str, str], names: Collection[str]) -> None:
    """Removes variables from the process's environment, and overwrites their values in the kernel's copy of it.

    Where the system has no /proc, only the environment is changed.
    """
    values = [environ.pop(name) for name in names if name in environ]
    with contextlib.suppress(OSError, ValueError, IndexError):
        _overwrite([value.encode("utf-8", "surrogateescape") for value in values if value])


def _overwrite(values: Collection[bytes]) -> None:
    process = Path("/proc/self")
    copy = (process / "environ").read_bytes()
    start = int((process / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[ENV_START])
    with (process / "mem").open("r+b", buffering=0) as memory:
        for value in values:
            place = copy.find(b"=" + value + b"\0")
            while place >= 0:
                memory.seek(start + place + 1)
                memory.write(b"*" * len(value))
                place = copy.find(b"=" + value + b"\0", place + 1)
