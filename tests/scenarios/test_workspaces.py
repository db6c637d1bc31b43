"""Workspaces in every state that runners and people leave them in: they work, and stay exactly as they were."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scenarios.world import STORE, World, drifted, fingerprint_of_folder, steady

GIT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def clone(world: World, *options: str) -> Path:
    """A clone with files, as actions/checkout or a person makes it."""
    path = world.here.root / f"clone-{len(list(world.here.root.glob('clone-*')))}"
    subprocess.run(
        ["git", "clone", "--quiet", *options, world.repository.path.as_uri(), str(path)], check=True, env=GIT
    )
    return path


def git(path: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=path, env=GIT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def dirty(path: Path) -> None:
    """Edits, staged and not, untracked and ignored files, a hook, a stash of configuration."""
    (path / "README.md").write_text("half a sen")
    (path / "staged.txt").write_text("staged")
    git(path, "add", "staged.txt")
    (path / f"{STORE}/not-committed.csv").write_text("a,b\n1,2\n")
    next((path / STORE).glob("batch-1-*.csv")).unlink()
    hook = path / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    git(path, "config", "user.name", "Ada")
    git(path, "config", "core.hooksPath", ".git/hooks")


def detached(path: Path) -> None:
    git(path, "checkout", "--quiet", "--detach")


def of_another_user(path: Path) -> None:
    for place in (path, *path.rglob("*")):
        os.chown(place, 1001, 1001, follow_symlinks=False)


def shadowing(path: Path) -> None:
    """Files that would shadow our modules and the standard library."""
    for name in ("json.py", "statistics.py", "ml_action.py", "pandas.py", "sitecustomize.py", "secrets.py"):
        (path / name).write_text("raise SystemExit('the workspace was imported')")


def with_persisted_credentials(path: Path) -> None:
    """actions/checkout leaves the job's token as a header, here one that is wrong by now."""
    git(path, "config", "http.http://127.0.0.1/.extraheader", "AUTHORIZATION: basic d3Jvbmc6d3Jvbmc=")
    git(path, "remote", "set-url", "origin", "https://example.invalid/gone.git")


def left_with_locks(path: Path) -> None:
    """Another git is at work, or died."""
    (path / ".git/index.lock").write_text("")
    (path / ".git/HEAD.lock").write_text("")
    (path / ".git/shallow.lock").write_text("")


STATES: dict[str, Callable[[Path], None]] = {
    "shallow and clean": lambda path: None,
    "full and clean": lambda path: None,
    "full and dirty": dirty,
    "dirty": dirty,
    "detached": detached,
    "of another user": of_another_user,
    "with files that shadow modules": shadowing,
    "with persisted credentials": with_persisted_credentials,
    "with left locks": left_with_locks,
}


@pytest.mark.parametrize("state", STATES)
def test_a_workspace_works_and_stays_byte_for_byte_as_it_was(production: World, state: str) -> None:
    production.commit({"README.md": "Students\n"})
    production.arrive(drifted(45, 8))
    workspace = clone(production, *(() if state.startswith("full") else ("--depth=1",)))
    STATES[state](workspace)
    before = fingerprint_of_folder(workspace)
    run = production.hour(workspace)
    assert (run.decision, run.outputs["merge-state"], run.outputs["count"]) == ("promote", "merged", "45"), run.log
    report = workspace / run.outputs["report-path"]
    assert report.read_text() == run.summary
    assert report.stat().st_uid == workspace.stat().st_uid
    assert git_ignores(workspace, report)
    own = {report, report.parent / ".gitignore", report.parent}
    assert set(workspace.glob(".ml-auto-update/**/*")) | {report.parent} == own
    stamp = workspace.stat()
    shutil.rmtree(report.parent)
    os.utime(workspace, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert fingerprint_of_folder(workspace) == before


def git_ignores(workspace: Path, path: Path) -> bool:
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "check-ignore", "--quiet", str(path)], cwd=workspace, env=GIT, check=False
    )
    return done.returncode == 0


def test_a_sub_directory_of_the_checkout_works_too(production: World) -> None:
    production.arrive(drifted(45, 8))
    workspace = clone(production, "--depth=1")
    run = production.hour(workspace / "data")
    assert (run.decision, run.outputs["count"]) == ("promote", "45")


def test_a_linked_worktree_works_too(production: World) -> None:
    production.arrive(drifted(45, 8))
    main = clone(production)
    linked = main.with_name("linked")
    git(main, "worktree", "add", "--quiet", "--detach", str(linked))
    before = fingerprint_of_folder(main)
    run = production.hour(linked)
    assert run.decision == "promote", run.log
    assert fingerprint_of_folder(main) == before


def test_a_blobless_clone_whose_own_origin_is_gone_asks_the_repository_s_server(production: World) -> None:
    """The datasets are not in it; the store that we read from is a partial clone of the server itself."""
    production.arrive(drifted(45, 8))
    production.git.run("config", "uploadpack.allowFilter", "true")
    workspace = clone(production, "--depth=1", "--filter=blob:none", "--no-checkout")
    git(workspace, "remote", "set-url", "origin", "/nowhere.git")
    run = production.hour(workspace)
    assert (run.code, run.decision) == (0, "promote")
    assert len(production.attempts) == 2


def test_a_blobless_clone_whose_server_answers_works(production: World) -> None:
    production.arrive(drifted(45, 8))
    production.git.run("config", "uploadpack.allowFilter", "true")
    production.git.run("config", "uploadpack.allowAnySHA1InWant", "true")
    workspace = clone(production, "--depth=1", "--filter=blob:none", "--no-checkout")
    run = production.hour(workspace)
    assert run.decision == "promote", run.log


def test_an_old_commit_is_detached_and_shallow_and_its_base_moved_on(production: World) -> None:
    """A person merged datasets after the checkout: a run for the base branch counts the branch as it is now."""
    production.arrive(drifted(45, 8))
    workspace = clone(production, "--depth=1")
    detached(workspace)
    later = production.arrive(steady(3, 50))
    run = production.hour(workspace)
    assert (run.decision, run.outputs["merge-state"], run.outputs["count"]) == ("promote", "merged", "48")
    assert production.git.line("rev-parse", f"{production.pull.head_sha}~") == later
    assert len([path for path in production.on("main") if path.startswith(STORE)]) == 93
    again = production.hour()
    assert (again.decision, again.outputs["count"]) == ("waiting", "0")


def test_a_run_for_another_branch_counts_the_datasets_of_its_checkout(production: World) -> None:
    """Data that is collected on a branch of its own is not on the base branch."""
    production.arrive(drifted(45, 8))
    workspace = clone(production, "--depth=1")
    production.arrive(steady(3, 50))
    run = production.hour(workspace, branch="data")
    assert run.outputs["count"] == "45"


def test_a_base_that_moves_after_the_push_does_not_stop_the_merge(production: World) -> None:
    production.arrive(drifted(45, 8))

    def person_merges(exchange: object) -> None:
        if getattr(exchange, "path", "").endswith("/pulls") and getattr(exchange, "method", "") == "POST":
            production.here.hub.observers.remove(person_merges)
            production.arrive(steady(3, 50))

    production.here.hub.observers.append(person_merges)
    run = production.hour()
    assert run.outputs["merge-state"] == "merged"
    assert production.hour().outputs["count"] == "3"


def test_a_master_branch_and_the_name_from_the_remote(production: World) -> None:
    """Scheduled runs have no event that names the default branch: the remote's HEAD does."""
    production.arrive(drifted(45, 8))
    run = production.hour(event=False)
    assert run.outputs["merge-state"] == "merged"


def test_another_base_branch_than_the_default_one(production: World) -> None:
    production.arrive(drifted(45, 8))
    production.git.run("update-ref", "refs/heads/live", "main")
    main = production.tip("main")
    run = production.hour(base="live")
    assert (run.decision, run.outputs["merge-state"]) == ("promote", "merged")
    assert production.tip("main") == main
    assert "model/v2.pkl" in production.on("live")


def test_datasets_that_the_other_base_branch_lacks_do_not_count(production: World) -> None:
    production.git.run("update-ref", "refs/heads/live", "main")
    production.arrive(drifted(45, 8))
    assert production.hour(base="live").decision == "waiting"


def test_a_workspace_path_with_spaces_quotes_and_umlauts(production: World) -> None:
    production.arrive(drifted(45, 8))
    workspace = clone(production, "--depth=1")
    odd = workspace.with_name("my \"own\" 'wörk' $HOME;space")
    workspace.rename(odd)
    assert production.hour(odd).decision == "promote"


def test_git_variables_of_the_caller_are_ignored(production: World, monkeypatch: pytest.MonkeyPatch) -> None:
    production.arrive(drifted(45, 8))
    job = production.job()
    job.environ.update(GIT_DIR="/nowhere", GIT_WORK_TREE="/nowhere", GIT_INDEX_FILE="/nowhere", GIT_CONFIG_COUNT="x")
    from tests.scenarios.world import in_process

    run = job.result(*in_process(job.environ))
    assert run.decision == "promote", run.log


def test_a_persons_files_next_to_the_model_stay(production: World) -> None:
    production.commit({"model/README.md": "ours", "model/notebooks/look.ipynb": "{}"})
    production.arrive(drifted(45, 8))
    assert production.hour().outputs["merge-state"] == "merged"
    assert production.read("model/README.md") == b"ours"
    assert production.read("model/notebooks/look.ipynb") == b"{}"


def test_a_settings_file_in_the_repository_is_obeyed(production: World) -> None:
    production.commit({"ml-auto-update.toml": 'threshold = 5\nlabel = "robot"\nmerge-method = "merge"\n'})
    production.arrive(drifted(45, 8))
    job = production.job()
    del job.environ["INPUT_THRESHOLD"]
    from tests.scenarios.world import in_process

    run = job.result(*in_process(job.environ))
    assert run.outputs["threshold"] == "5"
    assert production.pull.labels == ["robot"]
