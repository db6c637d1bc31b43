"""The door, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ENTRYPOINT = Path(__file__).parents[2] / "entrypoint.py"
# Sends itself the signal when the first of our modules is asked for: only the entrypoint can listen by then.
EARLY = """
import os, runpy, sys
class Early:
    def find_spec(name, path=None, target=None):
        if name == "ml_action":
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Early)
sys.argv = ["{path}"]
runpy.run_path("{path}", run_name="__main__")
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_before_anything_is_begun_ends_it_without_a_word(number: signal.Signals, code: int) -> None:
    program = EARLY.format(number=int(number), path=ENTRYPOINT)
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=60, env={})
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")
