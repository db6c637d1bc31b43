"""The steps of a release that change the repository, on a real clone with a real remote."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "registry.example/org/ml-auto-update@sha256:" + "ab" * 32


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def git(folder: Path, *arguments: str) -> str:
    done = run(folder, "git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """This project at version 1.2.3, tagged and pushed."""
    folder = tmp_path / "project"
    for name in ("action.yml", "pyproject.toml", "CHANGELOG.md", "scripts/release", "ml_action/__init__.py"):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    at_version(folder, "1.2.3")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "t")
    git(folder, "config", "user.email", "t@example.com")
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "--message", "1.2.3")
    git(folder, "tag", "v1.2.3")
    git(tmp_path, "init", "--quiet", "--bare", "origin.git")
    git(folder, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(folder, "push", "--quiet", "origin", "main", "v1.2.3")
    return folder


def at_version(folder: Path, version: str) -> None:
    for name, pattern, text in (
        ("ml_action/__init__.py", r'__version__ = ".*"', f'__version__ = "{version}"'),
        ("pyproject.toml", r'(?m)^version = ".*"', f'version = "{version}"'),
        ("CHANGELOG.md", r"## [0-9.]+ \(.*\)", f"## {version} (2026-11-30)"),
    ):
        path = folder / name
        path.write_text(re.sub(pattern, text, path.read_text(), count=1))


def test_a_tag_that_agrees_with_everything_may_be_released(project):
    assert run(project, "scripts/release", "check", "v1.2.3").returncode == 0


@pytest.mark.parametrize(
    ("tag", "says"), [("v1.2.4", "is not at 1.2.4"), ("1.2.3", "not of the form v1.2.3"), ("v1", "not of the form")]
)
def test_a_tag_that_does_not_agree_is_refused_with_the_reason(project, tag, says):
    done = run(project, "scripts/release", "check", tag)
    assert done.returncode == 1
    assert says in done.stderr


def test_a_protected_tag_on_the_main_branch_may_be_released(project):
    done = run(project, "scripts/release", "allow", "v1.2.3", "true")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_tag_that_no_ruleset_protects_is_not_released(project):
    done = run(project, "scripts/release", "allow", "v1.2.3", "false")
    assert done.returncode == 1
    assert "no ruleset protects the tag v1.2.3" in done.stderr


def test_a_tag_on_a_commit_outside_of_main_is_not_released(project):
    git(project, "checkout", "--quiet", "-b", "other")
    git(project, "commit", "--quiet", "--allow-empty", "--message", "not reviewed")
    git(project, "tag", "v1.2.4")
    done = run(project, "scripts/release", "allow", "v1.2.4", "true")
    assert done.returncode == 1
    assert "is not on the main branch" in done.stderr


@pytest.mark.parametrize(("status", "code"), [(0, 0), (1, 1)])
def test_the_audit_looks_at_every_lock_and_fails_if_one_is_vulnerable(tmp_path, status, code):
    tool = tmp_path / "pip-audit"
    tool.write_text(f'#!/bin/sh\nfor lock; do :; done\necho "$lock"\ncase $lock in *bench*) exit {status} ;; esac\n')
    tool.chmod(0o755)
    done = run(ROOT, "scripts/audit", str(tool))
    locks = [*(ROOT / "requirements").glob("*.txt"), ROOT / "example-repo" / "service" / "requirements.txt"]
    assert sorted(done.stdout.split()) == sorted(str(lock.relative_to(ROOT)) for lock in locks)
    assert done.returncode == code
    assert ("not passed: requirements/bench.txt." in done.stderr) == bool(status)


def test_the_release_runs_the_image_by_digest_and_both_tags_point_at_it(project, tmp_path):
    before = git(project, "rev-parse", "main")
    done = run(project, "scripts/release", "pin", "v1.2.3", IMAGE)
    assert done.returncode == 0, done.stderr
    origin = tmp_path / "origin.git"
    assert git(origin, "rev-parse", "v1.2.3") == git(origin, "rev-parse", "v1") == done.stdout.strip().splitlines()[-1]
    assert f"  image: docker://{IMAGE}" in git(origin, "show", "v1:action.yml")
    assert git(origin, "rev-parse", "v1^") == before
    assert git(origin, "diff", "--name-only", "v1^", "v1") == "action.yml"
    assert git(origin, "rev-parse", "main") == before  # the main branch continues to build its own image


def test_an_image_without_a_digest_is_refused_before_anything_is_changed(project):
    done = run(project, "scripts/release", "pin", "v1.2.3", "registry.example/org/ml-auto-update:v1.2.3")
    assert done.returncode == 1
    assert "names no digest" in done.stderr
    assert git(project, "status", "--porcelain") == ""
