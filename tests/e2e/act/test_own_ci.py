"""This project's own CI, where it uses the action as a user has it: `uses: ./check` and `uses: ./`."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.act.world import World


def test_the_job_that_uses_the_checkout(make_world: Callable[..., World]) -> None:
    world = make_world(0)
    world.commit({str(path.relative_to(world.tree)): path for path in world.tree.rglob("*") if path.is_file()})
    run = world.run("ci.yml", "push", {"ref": "refs/heads/main"}, job="as-a-user")
    assert run.code == 0, run.log
    assert [verdict.split()[1].rstrip(":") for verdict in run.verdicts] == ["ready", "promote"]
