"""A secret is gone from a process's environment, from the kernel's copy too, and so from those of its children."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ml_action.runtime import secret_memory

PROGRAM = """
import os, subprocess, sys
from ml_action.runtime import secret_memory
secret_memory.forget(os.environ, ["INPUT_SIGNING-KEY", "TOKEN", "MISSING"])
assert os.environ["KEPT"] == "kept"
command = [sys.executable, "-c", "import os; print(sorted(os.environ))"]
inherited = subprocess.run(command, capture_output=True, text=True)
print(open(f"/proc/{os.getpid()}/environ").read().replace(chr(0), ";"), inherited.stdout)
"""


def test_secret_is_in_no_copy_of_the_environment():
    secrets = {"INPUT_SIGNING-KEY": "first line\nsecond line", "TOKEN": "ghs_abc", "OTHER": "ghs_abc"}
    environ = {"KEPT": "kept", "PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[3])} | secrets
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environ, capture_output=True, text=True, check=True)
    assert "KEPT=kept;" in done.stdout
    assert f"TOKEN={'*' * len('ghs_abc')};" in done.stdout
    for value in secrets.values():
        assert value not in done.stdout
    assert "INPUT_SIGNING-KEY" not in done.stdout.splitlines()[-1]


def test_environment_alone_is_changed_where_there_is_no_proc(monkeypatch):
    monkeypatch.setattr(secret_memory, "Path", lambda _: Path("/nowhere"))
    environ = {"TOKEN": "x", "KEPT": "y"}
    secret_memory.forget(environ, ["TOKEN"])
    assert environ == {"KEPT": "y"}
