"""example-repo/ as a user copies it: exactly this folder, its own workflows, the real containers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from scripts import example_repo
from tests.e2e.act.world import ROOT, World

PULL = "pulls/1"


def test_the_example_repository_works_as_it_is(make_world: Callable[..., World]) -> None:
    world = make_world(0)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "example-repo"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    paths = [name for name in listed.split("\0") if name]
    world.commit({path.removeprefix("example-repo/"): ROOT / path for path in paths})

    run = world.run("auto-retrain.yml", "schedule")
    assert run.code == 0, run.log
    assert "waiting 0/200" in run.log

    texts = example_repo.datasets(210, "drifted", 77)
    world.commit({f"data/new_data/late-{number:03}.csv": text for number, text in enumerate(texts)})
    run = world.run("auto-retrain.yml", "schedule")
    assert run.code == 0, run.log
    (pull,) = world.pulls
    assert pull.open
    assert pull.labels == ["model-update"]

    ada = world.here.hub.add_account("ada")
    world.api(ada, "POST", f"{PULL}/reviews", event="APPROVE")
    world.api(ada, "PUT", f"{PULL}/merge", merge_method="squash")
    run = world.run("auto-retrain.yml", "schedule")
    assert run.code == 0, run.log
    assert "waiting 0/200" in run.log
    assert world.git.object_id("main:model/v2.pkl")
