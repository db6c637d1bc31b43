"""The workflows, both action.yml files and the Dockerfiles under the linters that GitHub users trust, and GitHub's own.

Some are not to be had from PyPI: they are skipped on a laptop that has not installed them, and fetched in CI.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ml_action.runtime import boundary

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
EXAMPLES = sorted((ROOT / "example-workflows").glob("*.yml"))
OWN = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
WORKFLOWS = [*EXAMPLES, *OWN]
ACTIONS = [ROOT / "action.yml", ROOT / "check" / "action.yml"]
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
UPDATES = ROOT / ".github" / "dependabot.yml"
DOCKERFILES = [ROOT / "Dockerfile", *sorted((ROOT / "tests").rglob("Dockerfile*"))]


def lint(*command: str | Path) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def tool(*finder: str) -> str:
    """A tool that is not from PyPI: found; else installed in CI, and skipped elsewhere."""
    script, *arguments = finder
    find = [] if os.environ.get("CI") == "true" else ["--find"]
    done = subprocess.run([ROOT / "scripts" / script, *find, *arguments], capture_output=True, text=True)
    if done.returncode:
        (pytest.fail if not find else pytest.skip)(done.stderr.strip())
    return done.stdout.strip()


def test_the_schemas_of_github() -> None:
    lint(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    lint(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.github-actions", *ACTIONS)
    lint(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.dependabot", UPDATES)
    for form in FORMS:
        kind = "config" if form.name == "config.yml" else "forms"
        lint(TOOLS / "check-jsonschema", "--builtin-schema", f"vendor.github-issue-{kind}", form)


def test_the_parser_of_github(tmp_path: Path) -> None:
    tool("parse-workflows", *(["action.yml"] if os.environ.get("CI") == "true" else []))
    lint(ROOT / "scripts" / "parse-workflows", *WORKFLOWS, *ACTIONS)
    bad = tmp_path / "bad.yml"
    bad.write_text("on: push\njobs: {one: {runs-on: x, stps: []}}\n")
    with pytest.raises(AssertionError, match="Unexpected value 'stps'"):
        lint(ROOT / "scripts" / "parse-workflows", bad)


def test_zizmor() -> None:
    lint(
        TOOLS / "zizmor",
        "--offline",
        "--no-progress",
        "--no-config",
        "--persona=pedantic",
        *WORKFLOWS,
        *ACTIONS,
        UPDATES,
    )


def test_updates_wait_for_a_week() -> None:
    """zizmor checks it too, but overlooks a cooldown that is written in braces."""
    for update in yaml.safe_load(UPDATES.read_text(encoding="utf-8"))["updates"]:
        assert update["cooldown"]["default-days"] >= 7, update["package-ecosystem"]
        for directory in update["directories"]:
            assert (ROOT / directory.lstrip("/")).is_dir(), directory


def test_the_bug_form_asks_for_what_a_bug_prints() -> None:
    form = (ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text(encoding="utf-8")
    report = boundary.bug_report().split("```text\n")[1]
    assert report.split(" ")[0] in form  # the versions: what a report begins with
    assert "this is a bug in ml-auto-update" in form
    assert "this is a bug in ml-auto-update" in Path(boundary.__file__).read_text(encoding="utf-8")


def test_owners_are_named_for_paths_that_exist() -> None:
    lines = (ROOT / ".github" / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    paths = [line.split()[0] for line in lines if line.startswith("/")]
    assert {"/ml_action/loop/gate.py", "/ml_action/promotion/verification.py"} <= set(paths)
    assert [path for path in paths if not (ROOT / path.lstrip("/")).exists()] == []


def test_the_hooks_are_valid_and_run_locked_tools() -> None:
    lint(TOOLS / "pre-commit", "validate-config", ".pre-commit-config.yaml")
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (local,) = config["repos"]
    assert local["repo"] == "local"
    for hook in local["hooks"]:
        command = hook["entry"].removeprefix("env PYTHONPATH=example-repo ")  # where import-linter finds the service
        assert (hook["language"], command.split("/")[:2]) == ("system", [".venv", "bin"]), hook["id"]


def test_the_commands_that_a_contributor_is_given_exist() -> None:
    pages = ("CONTRIBUTING.md", ".github/pull_request_template.md", ".ci/run", ".github/workflows/ci.yml")
    given = "".join((ROOT / page).read_text(encoding="utf-8") for page in pages)
    named = {
        word
        for line in re.findall(r"(?:^|`|run: |exec )make ((?:[a-z0-9.-]+ ?)+)", given, re.MULTILINE)
        for word in line.split()
    }
    targets = set(re.findall(r"^([a-z0-9.-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"ci", "coverage", "e2e", "hooks", "lint", "test", "test-fast"} <= named
    assert named - targets == set()


def test_actionlint() -> None:
    lint(tool("go-tool", "actionlint"), *WORKFLOWS)


def test_without_go_the_message_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    script = shutil.copy2(ROOT / "scripts" / "go-tool", tmp_path / "scripts")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "dirname").symlink_to(shutil.which("dirname") or "")
    environ = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}
    done = subprocess.run([script, "act"], env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Go is missing: install it" in done.stderr


def test_hadolint() -> None:
    lint(TOOLS / "hadolint", *DOCKERFILES)


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS, *DOCKERFILES], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_exception_says_why(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if "zizmor: ignore" in line:
            assert re.search(r"zizmor: ignore\[[\w,-]+\] \S", line), line
        if "hadolint ignore" in line:
            assert before.startswith("#"), line


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_has_what_a_careful_user_would_add(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    events = workflow[True]  # YAML 1.1 reads `on` as a boolean
    assert workflow["permissions"] == {}
    assert workflow["concurrency"]["group"]
    for schedule in events.get("schedule", ()):
        assert not schedule["cron"].startswith(("0 ", "*")), "GitHub is busiest on the hour"
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"]
        assert job["permissions"]
        for uses in (step["uses"] for step in job["steps"] if "uses" in step):
            assert uses.startswith("org/ml-auto-update") or re.search(r"@[0-9a-f]{40}$", uses), uses
