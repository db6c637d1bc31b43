"""Fixtures that more than one folder of tests uses. Servers and contracts are imported late: most tests need none."""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.properties import FEW

HERE = Path(__file__).parent

# Where Python may write no bytecode (PYTHONDONTWRITEBYTECODE), every process compiles all modules, and pytest rewrites
# all assertions of the tests each time, which takes three times as long as the rest of collecting them. A folder of its
# own keeps the bytecode out of the tree.
if sys.dont_write_bytecode:
    cache = HERE.parent / ".pytest_cache" / "bytecode"
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(cache)
    os.environ["PYTHONPYCACHEPREFIX"] = str(cache)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Each worker of a run trains models, on all cores. While a thread waits for a core, the threads of OpenMP that are done
# would spin on the other cores, for longer than the training takes.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# The tests write some hundred thousand small files, mostly repositories. Where memory holds a file system, no disk has
# to take them. A container's is often too small, or runs no programs.
MEMORY = Path("/dev/shm")  # noqa: S108
ENOUGH = 2 * 1024**3  # bytes


def pytest_configure(config: pytest.Config) -> None:
    _choose_examples()
    _write_into_memory(config)


def _choose_examples() -> None:
    """Busy cores are no reason to fail, and the same code gives the same answer.

    New examples are looked for on purpose, with HYPOTHESIS=search and by tests/fuzzing/fuzz.py, not by every run.
    `make test-fast` takes the first few examples.
    """
    import hypothesis  # late: its modules are rewritten like tests, and by now the result is kept

    hypothesis.settings.register_profile("same", deadline=None, derandomize=True)
    hypothesis.settings.register_profile("few", deadline=None, derandomize=True, max_examples=FEW)
    hypothesis.settings.register_profile("search", deadline=None)
    hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS", "same"))


def _write_into_memory(config: pytest.Config) -> None:
    """Puts the folders of the tests into memory; those of the real containers stay where an engine finds them."""
    if any("e2e" in argument for argument in config.args) or not os.access(MEMORY, os.W_OK):
        return
    found = os.statvfs(MEMORY)
    if found.f_bavail * found.f_frsize >= ENOUGH and not found.f_flag & os.ST_NOEXEC:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


MARKERS = {  # of the tests in each folder; pyproject.toml says what they mean
    "unit": "unit",
    "contract": "contract",
    "integration": "integration",
    "benchmarks": "integration",
    "fuzzing": "integration",
    "scenarios": "scenario",
    "attacks": "scenario",
    "faults": "scenario",
    "e2e": "e2e",
}

if TYPE_CHECKING:
    from tests.support.flaky_server import Hosted
    from tests.support.model_folder import ModelDir
    from tests.support.promotion_stage import Stage


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    gc.freeze()  # the modules stay until the end: no collection has to look through them again
    for item in items:
        item.add_marker(MARKERS[item.path.relative_to(HERE).parts[0]])


@pytest.fixture(autouse=True)
def published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever metadata a test makes the product write, the published schema allows."""
    from ml_action.core import model_metadata

    plain = model_metadata.to_bytes

    def checked(history: Any) -> bytes:
        content = plain(history)
        _validator().validate(json.loads(content))
        return content

    monkeypatch.setattr(model_metadata, "to_bytes", checked)


@functools.cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    schema = Path(__file__).resolve().parents[1] / "model_metadata.schema.json"
    return Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))


@pytest.fixture
def without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries follow each other at once."""
    from tests.support.no_waits import in_no_time

    in_no_time(monkeypatch)


@pytest.fixture
def models(tmp_path: Path) -> ModelDir:
    """A folder for models, without any yet."""
    from tests.support.model_folder import ModelDir

    return ModelDir(tmp_path / "model")


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Builds a `Stage`; keywords are repository settings, `approver` is a kind of identity or None.

    Every exchange is checked against GitHub's published contracts.
    """
    from sandbox import Sandbox
    from tests.support.github_contracts import Contract
    from tests.support.promotion_stage import Stage

    contract = Contract()
    with contextlib.ExitStack() as stack:

        def build(*, approver: str | None = "actions", bot: dict[str, Any] | None = None, **settings: Any) -> Stage:
            hub = stack.enter_context(Sandbox(tmp_path / "server", observers=[contract.observe]))
            allowed = {"actions_may_create_and_approve": True, "allow_auto_merge": True} | settings
            repository = hub.create_repository("octo/students", **allowed)
            second = hub.add_account("second", kind=approver) if approver else None
            first = hub.add_account("ml-bot", **{"kind": "app"} | (bot or {}))
            stage = Stage(hub, repository, tmp_path / "clone", first, second)
            stage.root.mkdir()
            stage.git("init", "-q")
            stage.push("main", {"model/v1.pkl": "one", "data/a.csv": "1"}, on="")
            hub.observers.append(stage.observe)
            return stage

        yield build
    assert contract.violations == []


@pytest.fixture
def stage(staged: Callable[..., Stage]) -> Stage:
    """The usual stage: an App opens, the Actions bot approves, everything is allowed, nothing is required."""
    return staged()


@pytest.fixture
def hosted(tmp_path: Path) -> Iterator[Hosted]:
    """A repository with one commit, reached through a proxy that makes trouble on demand."""
    from tests.support.flaky_server import hosting

    with hosting(tmp_path / "hub") as running:
        yield running
