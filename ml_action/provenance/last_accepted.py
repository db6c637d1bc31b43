"""The newest promotion that a reader accepted: an older one is not accepted again."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from ml_action.core.codec import decode, to_line
from ml_action.core.errors import ModelError
from ml_action.provenance.statement import Statement
from ml_action.provenance.unverified import Unverified, Verdict, untrusted


@dataclass(frozen=True)
class Accepted:
    """A promotion that was accepted."""

    counter: int
    version: str
    metadata_sha256: str
    name: str = ""  # of the model; files of before have none


class LastAccepted:
    """Remembers what was accepted: in a file that survives the process, or without one in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._accepted: Accepted | None = None

    def accept(self, found: Statement) -> None:
        """Remembers a verified statement.

        Raises:
            Unverified: it is older than the last one, another one with the same counter, or of another model.
            ModelError: the file cannot be read or written.
        """
        known, now = self._read(), _accepted(found)
        last = replace(known, name=known.name or now.name) if known else None
        if last and now.name != last.name:
            raise untrusted(
                f"{now.version} is of the model {now.name}, and one of {last.name} was accepted before",
                "put the model's own folder back; a folder of another model needs a state of its own",
            )
        if last and (now.counter < last.counter or (now.counter == last.counter and now != last)):
            raise self._replayed(now, last)
        if now != known:
            self._write(now)

    def _read(self) -> Accepted | None:
        """The file each time: another process may have accepted a newer one, and an older one may not replace it."""
        if self._path is None:
            return self._accepted
        try:
            return decode(Accepted, json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise self._unusable(error) from error

    def _write(self, accepted: Accepted) -> None:
        """Replaces the file whole: a reader sees the old one or the new one."""
        if self._path is not None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                number, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}-")
                with os.fdopen(number, "w", encoding="ascii") as file:
                    file.write(to_line(accepted) + "\n")
                Path(name).replace(self._path)
            except OSError as error:
                raise self._unusable(error) from error
        self._accepted = accepted

    def _unusable(self, error: Exception) -> ModelError:
        return ModelError(
            f"{self._path}, which remembers the newest promotion, cannot be used: {str(error)[:200]}",
            why="its folder may not be written to, or the file was edited",
            fix="let the service write there; delete the file only if you trust the source as it is now",
        )

    def _replayed(self, now: Accepted, last: Accepted) -> Unverified:
        remembered = f"delete {self._path}" if self._path else "start the program again"
        return Unverified(
            Verdict.REPLAYED,
            f"{now.version} is signed with the counter {now.counter}, and {last.version} with {last.counter} was "
            "accepted before",
            why="older files were put back, or a mirror lags behind; the loop signs a rollback with a higher counter",
            fix=f"bring the model directory up to date; if you restored the older state yourself, {remembered}",
        )


def _accepted(found: Statement) -> Accepted:
    return Accepted(found.promotion.counter, found.promotion.version, found.metadata_sha256, found.promotion.name)
