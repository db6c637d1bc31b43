"""Changes the gate, the inventory and the verification one operator at a time: a test has to notice each change.

Usage: python -m scripts.mutation [NAME ...]

NAME limits the run to some changes: "ml_action.loop.gate*" for one. What is changed, and which tests have to notice
it: pyproject.toml, [tool.mutmut]. What the type checker refuses is noticed. Fails if fewer than FLOOR are.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
FLOOR = 0.95  # share of the changes that have to be noticed; some change nothing that could be
UNNOTICED = ("survived", "no tests", "suspicious")
UNTRIED = ("not checked", "skipped")


def mutmut(*arguments: str) -> str:
    """Runs the tool with the project's Python and returns what it printed."""
    return subprocess.run([BIN / "mutmut", *arguments], cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout


def statuses() -> dict[str, str]:
    """What became of each change that was tried, by the mutant's name."""
    lines = (line.strip().rpartition(": ") for line in mutmut("results", "--all", "true").splitlines())
    return {name: status for name, _, status in lines if name and status not in UNTRIED}


def main(names: Sequence[str]) -> int:
    """Tries the changes and prints those that were not noticed. Returns 1 if there are too many."""
    subprocess.run([BIN / "mutmut", "run", *names], cwd=ROOT, check=True)
    found = statuses()
    unnoticed = [name for name, status in found.items() if status in UNNOTICED]
    for name in unnoticed:
        sys.stdout.write(f"\n{mutmut('show', name)}")
    share = 1 - len(unnoticed) / max(len(found), 1)
    counts = ", ".join(f"{count} {status}" for status, count in Counter(found.values()).most_common())
    sys.stdout.write(f"\n{len(found)} changes: {counts}. {share:.1%} were noticed, {FLOOR:.0%} have to be.\n")
    return int(share < FLOOR)


if __name__ == "__main__":
    # The tool starts the type checker by name.
    os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    sys.exit(main(sys.argv[1:]))
