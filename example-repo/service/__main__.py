"""`python -m service`: reads the settings, listens, and finishes the requests in progress before it stops."""

from __future__ import annotations

import os
import signal
import sys

# Before NumPy is loaded: a request is a few rows, and threads that wait for each other take longer than one alone.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

try:
    import uvicorn

    from service.app import create_app
    from service.config import Config
    from service.head_timeout import TimedProtocol
    from service.json_logging import set_up
    from service.state import ServiceState
except ModuleNotFoundError as missing:
    sys.exit(
        f"The service needs the package {missing.name}, which is not installed for {sys.executable}.\n"
        "Install what the README's section on the service names, or run its image."
    )


def main() -> int:
    """Runs the service. Returns the exit code."""
    try:
        config = Config.from_env(os.environ)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    set_up()
    # uvicorn finishes the requests in progress and then sends itself the signal again: a requested stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        create_app(ServiceState(config)), host=config.host, port=config.port, log_config=None, access_log=False,
        server_header=False, timeout_graceful_shutdown=20, timeout_keep_alive=30, limit_concurrency=1000,
        http=TimedProtocol,
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
