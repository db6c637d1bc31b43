"""The door of the container and of the `check` action: `python -I entrypoint.py`. No logic.

-I leaves this folder out of sys.path, so that nothing in a user's workspace can shadow a module; it is added here.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from ml_action.cli import main

if __name__ == "__main__":
    sys.exit(main())
