"""Output into a pipe whose reader has gone, as with `| head`: what is written there is lost, and nothing else is."""

from __future__ import annotations

import io
import sys


class _Forgiving(io.FileIO):
    """A file descriptor that takes what it can no longer write for written."""

    def write(self, content: object, /) -> int:
        data = memoryview(content)  # type: ignore[arg-type]
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            return data.nbytes


def forgive_closed_pipes() -> None:
    """Replaces standard output and standard error by streams that outlive their readers."""
    sys.stdout, sys.stderr = _forgiving(sys.stdout), _forgiving(sys.stderr)


def _forgiving(stream: io.TextIOBase | object) -> object:
    """Returns a stream that outlives its reader; the same one if it is no file, or a terminal."""
    if type(stream) is not io.TextIOWrapper or stream.isatty():
        return stream
    try:
        raw = _Forgiving(stream.fileno(), "wb", closefd=False)
    except (OSError, ValueError):
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=stream.encoding, errors=stream.errors, line_buffering=stream.line_buffering
    )
