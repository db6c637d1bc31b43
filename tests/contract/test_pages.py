"""What a page names in the repository exists: a module that moved takes its pages along."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
FOLDERS = {str(parent) for path in TRACKED for parent in Path(path).parents}
MODULES = re.compile(r"ml_action/(?!consumer)(\w+)/__init__\.py")  # `consumer.x` is of an instance on the pages
PACKAGES = sorted(found[1] for found in map(MODULES.fullmatch, TRACKED) if found)
PAGES = [path for path in TRACKED if re.fullmatch(r"(?!CHANGELOG|docs/adr/).*\.md", path)]
OURS = r"ml_action|sandbox|scripts|benchmarks|tests|docs|docker|requirements|example-repo|example-workflows"
PATH = re.compile(rf"(?<![\w/.-])(?:{OURS})/[\w./-]*\w")
DOTTED = re.compile(rf"`(?:ml_action\.)?((?:{'|'.join(PACKAGES)})(?:\.(?!tsv|json)\w+)+)`")


def exists(path: str, page: str) -> bool:
    """Whether a path is one of the repository, or next to the page."""
    near = str(Path(page).parent / path)
    return any(each in FOLDERS or each in TRACKED for each in (path, near))


def names_something(dotted: str) -> bool:
    """Whether a dotted name is a module of `ml_action`, or a name in one."""
    *parents, name = dotted.split(".")
    module, package = (f"ml_action/{'/'.join(parents)}{end}" for end in (".py", "/__init__.py"))
    found = [ROOT / path for path in (module, package) if path in TRACKED]
    inside = any(re.search(rf"\b{name}\b", path.read_text(encoding="utf-8")) for path in found)
    return inside or f"{module[:-3]}/{name}" in FOLDERS or f"{module[:-3]}/{name}.py" in TRACKED


@pytest.mark.parametrize("page", PAGES)
def test_paths_and_modules_that_a_page_names_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [path for path in PATH.findall(text) if not exists(path, page)] == []
    assert [name for name in DOTTED.findall(text) if not names_something(name)] == []


def test_a_module_that_moved_is_found() -> None:
    assert exists("ml_action/loop/gate.py", "README.md")
    assert not exists("ml_action/gate.py", "README.md")
    assert names_something("loop.gate")
    assert names_something("reports.outputs.OUTPUTS")
    assert not names_something("loop.judge")
    both = ["loop.gate", "reports.outputs.OUTPUTS"]
    assert DOTTED.findall("`loop.gate`, `ml_action.reports.outputs.OUTPUTS` and `datasets.tsv`") == both
