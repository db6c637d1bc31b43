"""The door of the container and of the `check` action: `python -I entrypoint.py`. No logic.

-I leaves this folder out of sys.path, so that nothing in a user's workspace can shadow a module; it is added here.
It holds for this process only: the worker processes that an estimator starts (n_jobs) run `python -m` in the workspace,
so they get an environment that says the same. https://docs.python.org/3/using/cmdline.html#envvar-PYTHONSAFEPATH
"""

import gc
import os
import signal
import sys
from pathlib import Path

if sys.version_info < (3, 10):  # noqa: UP036  the `check` action takes the runner's own Python
    version = ".".join(map(str, sys.version_info[:2]))
    print("::error::Python 3.10 or later is needed, and this is " + version + ": run actions/setup-python first")  # noqa: T201
    sys.exit(2)

# Before anything that takes time is imported: the first process of a container is deaf to SIGTERM until it listens, and
# a cancelled job would run on. Nothing is begun yet, so there is nothing to say. The boundary listens while there is.
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda number, _: os._exit(128 + number))

sys.path.insert(0, str(Path(__file__).resolve().parent))

for name in [name for name in os.environ if name.startswith("PYTHON")]:
    del os.environ[name]
os.environ["PYTHONSAFEPATH"] = "1"

# Modules stay until the end: to search them for garbage, while they load and again at exit, is a tenth of a check.
gc.disable()
from ml_action.cli import main  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    sys.exit(main())
