"""`python -m service`: reads the settings, and starts the keeper, which starts the workers."""

from __future__ import annotations

import os
import sys

from service.config import Config
from service.json_logging import set_up
from service.processes import keeper


def main() -> int:
    """Runs the service. Returns the exit code."""
    keeper.hide_memory()
    try:
        config = Config.from_env(os.environ)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    set_up()
    try:
        return keeper.keep(config)
    except OSError as error:
        sys.stderr.write(
            f"{config.host}:{config.port} cannot be listened on: {error.strerror or error}\n"
            "Stop what listens there, or set SERVICE_HOST and SERVICE_PORT to an address of this machine.\n"
        )
        return 2


if __name__ == "__main__":
    sys.exit(main())
