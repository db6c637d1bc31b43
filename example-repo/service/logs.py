"""Logs as lines of JSON on standard output, the server's own included."""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime, timezone

LOG = logging.getLogger("service")


class Lines(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, event, and whatever the event is about."""
        time = datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")
        line = {
            "time": time,
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "about", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def say(event: str, *, level: int = logging.INFO, **about: object) -> None:
    """One event."""
    LOG.log(level, event, extra={"about": about})


def set_up() -> None:
    """All loggers to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
