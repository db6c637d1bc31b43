"""A release is built on the digest that the registry has now; a stand-in is never taken for it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support import registry

pytestmark = pytest.mark.usefixtures("engine")
ROOT = Path(__file__).resolve().parents[3]


def resolve(tag: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "docker" / "base-image"), "--digest", tag]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_digest_is_the_registrys():
    image = registry.Image()
    with registry.serve(image) as address:
        tag = f"{address}/python:3.13-slim"
        try:
            done = resolve(tag)
        finally:
            subprocess.run(["docker", "rmi", "--force", tag], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{address}/python@{image.digest}\n"), done.stderr


def test_a_stand_in_has_no_digest():
    tag = "ml-auto-update.invalid/only-here:3.13-slim"
    subprocess.run(["docker", "import", "-", tag], input=b"\0" * 1024, capture_output=True, check=True)
    try:
        done = resolve(tag)
    finally:
        subprocess.run(["docker", "rmi", "--force", tag], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "a stand-in has no digest of a registry" in done.stderr
