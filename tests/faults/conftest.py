"""The folder's modules find those of the scenarios."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "scenarios")]
