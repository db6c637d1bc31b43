"""What is merged follows from the base branch's commit alone: rows T2, T11 and A13 of the review.

The attackers may push to branches and start workflows on them. They may not push to main.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ml_action.runtime.authority import Source, reason_of_source
from tests.scenarios.world import STORE, Run, World, drifted, in_process, noise

LOWER_GATE = 'gate = "higher"\nautonomy = "merge"\n'


def clone(world: World, ref: str) -> Path:
    """A workspace as actions/checkout makes it for a ref."""
    workspace = world.here.workspace(world.git.object_id(ref))
    for path in ("ml-auto-update.toml",):
        content = world.git.read(f"{ref}:{path}")
        if content is not None:
            (workspace / path).write_bytes(content)
    return workspace


def push(world: World, branch: str, files: Mapping[str, str | bytes | None]) -> None:
    """A user who may write pushes a branch of their own."""
    world.git.run("update-ref", f"refs/heads/{branch}", "main")
    world.commit(files, branch, by=world.person("mallory"))


def run_for(world: World, ref: str, workspace: Path, **given: str) -> Run:
    """A run that a user starts for a ref."""
    world.exchanges.clear()
    job = world.job(workspace, **given)
    run = job.result(*in_process(job.environ | {"GITHUB_REF": ref, "GITHUB_EVENT_NAME": "workflow_dispatch"}))
    world.audit(job, run)
    return run


def refs(world: World) -> str:
    return world.git.line("for-each-ref")


def nothing_was_written(world: World, before: str) -> bool:
    """No branch moved, no pull request, no label, no issue."""
    return refs(world) == before and world.writes == [] and world.pulls == [] and not world.repository.issues


BIASED = {f"{STORE}/mine-{n}.csv": text for n, text in enumerate(drifted(45, 8))}


def test_a_dispatch_on_a_branch_with_its_own_data_and_settings_reports_and_writes_nothing(production: World) -> None:
    """T2: "Run workflow" on a branch got v2 merged into main, from data that are not on main."""
    push(production, "feature", {**BIASED, "ml-auto-update.toml": LOWER_GATE})
    before = refs(production)
    run = run_for(production, "refs/heads/feature", clone(production, "feature"), dashboard="true")
    assert (run.code, run.decision, run.outputs["count"]) == (0, "promote", "45"), run.log
    assert "nothing is written: this run is for the branch feature" in run.log
    assert "Start it on main" in run.plain_summary
    assert nothing_was_written(production, before)
    production.arrive(drifted(1, 9))
    assert production.hour().outputs["count"] == "1"  # the datasets of main that an attempt has seen stay counted


def test_a_branch_that_calls_itself_the_base_branch_writes_nothing(production: World) -> None:
    """T2: the workflow of a branch names that branch with the input `base`, and so would move the shared journal."""
    push(production, "feature", {**BIASED, "ml-auto-update.toml": 'base = "feature"\n'})
    before = refs(production)
    run = run_for(production, "refs/heads/feature", clone(production, "feature"), base="feature", force="now")
    assert "ml-auto-update.toml of the branch main has to say" in run.plain_summary
    assert nothing_was_written(production, before)


@pytest.mark.parametrize("ref", ["refs/tags/main", "refs/heads/gh-readonly-queue/main/pr-7-0123", "refs/pull/7/merge"])
def test_a_rollback_for_another_ref_reports_and_writes_nothing(second: World, ref: str) -> None:
    """T2, the same by `mode: rollback`."""
    before, pulls = refs(second), len(second.pulls)
    run = run_for(second, ref, clone(second, "main"), mode="rollback", to="v1", why="we want it")
    assert "nothing is written: this run is for" in run.plain_summary
    assert (refs(second), len(second.pulls), second.writes) == (before, pulls, [])


def test_an_approval_for_another_branch_is_refused(proposed: World) -> None:
    """T2, the same by `mode: approve`."""
    run = run_for(proposed, "refs/heads/feature", clone(proposed, "main"), mode="approve")
    assert (run.decision, proposed.writes) == ("blocked", [])
    assert "nothing is approved: this run is for the branch feature" in run.reason


def test_another_commit_in_the_checkout_of_a_run_for_main_writes_nothing(production: World) -> None:
    """T2: the ref is main, and an earlier step has checked out something else."""
    push(production, "feature", BIASED)
    before = refs(production)
    job = production.job(clone(production, "feature"))
    environ = job.environ | {"GITHUB_SHA": production.tip("main")}
    run = job.result(*in_process(environ))
    assert "which is not the commit of main" in run.plain_summary
    assert nothing_was_written(production, before)


def test_a_settings_file_that_an_earlier_step_wrote_does_not_count(production: World) -> None:
    """T11: a lower gate in the work tree ruled a merge."""
    production.commit({"ml-auto-update.toml": "threshold = 45\n"})
    production.arrive(noise(44, 8))
    workspace = clone(production, "main")
    (workspace / "ml-auto-update.toml").write_text('threshold = 1\ngate = "higher"\nname = "other"\nbase = "x"\n')
    run = production.hour(workspace, threshold="")
    assert (run.decision, run.reason[:13]) == ("waiting", "waiting 44/45"), run.log


def test_a_settings_file_that_is_a_link_on_main_is_none(production: World) -> None:
    """T11: a link would be parsed as settings, or lead to a file of the runner."""
    blob = production.git.line("hash-object", "-w", "--stdin", stdin=b"threshold = 1\n")
    tree = production.git.run("ls-tree", "-z", "main") + f"120000 blob {blob}\tml-auto-update.toml\0".encode()
    made = production.git.line("mktree", "-z", stdin=tree)
    commit = production.git.line("commit-tree", "-p", "main", "-m", "link", made, extra=WHO)
    production.git.run("update-ref", "refs/heads/main", commit)
    production.arrive(noise(2, 8))
    assert production.hour(threshold="").reason.startswith("waiting 2/200")


WHO = {f"GIT_{role}_{part}": "x" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}


def test_settings_from_the_workflow_are_named_where_a_reviewer_reads(proposed: World) -> None:
    """T2, T11: what does not stand in the settings file of main is listed in the pull request."""
    assert "from the workflow, not from `ml-auto-update.toml`" in (proposed.pull.body or "").replace("\\", "")
    assert "autonomy" in (proposed.pull.body or "")


MAIN = ("refs/heads/main", "refs/heads/main")
OLD, TIP, ELSEWHERE = "a" * 40, "b" * 40, "c" * 40


@pytest.mark.parametrize(
    ("ref", "commit", "checkout", "refs", "writes"),
    [
        ("refs/heads/main", TIP, TIP, MAIN, True),
        ("refs/heads/main", OLD, OLD, MAIN, True),  # a job that runs again, or main has moved on since
        ("refs/heads/main", OLD, TIP, MAIN, True),  # the checkout takes the newest
        ("refs/heads/main", TIP, ELSEWHERE, MAIN, False),
        ("refs/heads/main", "", ELSEWHERE, MAIN, False),
        ("refs/heads/Main", TIP, TIP, MAIN, False),
        ("refs/heads/main2", TIP, TIP, MAIN, False),
        ("refs/heads/refs/heads/main", TIP, TIP, MAIN, False),
        ("refs/heads/feature/main", TIP, TIP, MAIN, False),
        ("refs/tags/main", TIP, TIP, MAIN, False),
        ("refs/pull/1/merge", TIP, TIP, MAIN, False),
        ("refs/pull/1/head", TIP, TIP, MAIN, False),
        ("refs/heads/gh-readonly-queue/main/pr-1-x", TIP, TIP, MAIN, False),
        ("main", TIP, TIP, MAIN, False),
        ("", "", TIP, MAIN, True),  # a laptop at the base branch's commit
        ("", "", ELSEWHERE, MAIN, False),
        ("refs/heads/prod", TIP, TIP, ("refs/heads/main", "refs/heads/prod"), True),  # main names prod as the base
        ("refs/heads/main", OLD, OLD, ("refs/heads/main", "refs/heads/prod"), True),  # its schedule runs on main
    ],
)
def test_which_runs_may_write(ref: str, commit: str, checkout: str, refs: tuple[str, str], writes: bool) -> None:
    source = Source(ref, commit, checkout, refs[1].removeprefix("refs/heads/"), TIP, refs)
    assert (reason_of_source(source) == "") == writes
