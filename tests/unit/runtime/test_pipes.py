"""Output into a pipe whose reader has gone."""

import os
import subprocess
import sys

SCRIPT = """
import sys
from ml_action.runtime import pipes
pipes.forgive_closed_pipes()
for number in range(100_000):
    print(number)
sys.stderr.write("ended as it should\\n")
sys.exit(3)
"""


def test_a_run_outlives_the_reader_of_its_output():
    reader, writer = os.pipe()
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=writer, stderr=subprocess.PIPE, text=True) as process:
        os.close(writer)
        assert os.read(reader, 2) == b"0\n"
        os.close(reader)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (3, "ended as it should\n")
