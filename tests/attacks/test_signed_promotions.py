"""Attacks on signed promotions: a program that requires signatures loads what the loop signed, and nothing else."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from ml_action.git import registry
from ml_action.provenance import statement
from ml_action.provenance.policy import Policy, require_files
from tests.scenarios.world import FULL_NAME, World, steady
from tests.support import signing
from tests.support.signing import KEY

POLICY = Policy(KEY.public, FULL_NAME, "main")


def checkout(world: World, folder: Path) -> Path:
    """The model directory of main, as a service has it."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in world.git.line("ls-tree", "--name-only", "main:model").splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(world.git.read(f"main:model/{name}") or b"")
    return folder


def test_loop_signs_what_it_promotes(make_world: Callable[..., World], tmp_path: Path) -> None:
    world = make_world()
    world.arrive(steady(45, 1))
    run = world.hour(signing_key=signing.pem())
    assert run.outputs["merge-state"] == "merged", run.log
    assert signing.pem().splitlines()[1] not in re.sub(r"(?m)^::add-mask::.*\n", "", run.log) + run.summary
    folder = checkout(world, tmp_path / "model")
    metadata = (folder / registry.METADATA).read_bytes()
    found = POLICY.statement_in((folder / statement.FILE).read_bytes())
    version = registry.parse(metadata, "").champion
    assert version
    require_files(found, metadata, version)
    assert found.promotion.counter == 1
