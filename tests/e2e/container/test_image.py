"""The image itself: what is in it works, what was left out is not needed, and nothing is compiled at run time."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from ml_action.commands.demo import students
from tests.e2e.container.harness import Result, Step
from tests.e2e.container.world import World

PYTHON = "/opt/ml/bin/python3"
SITE = "/opt/ml/lib"

# Imports every module of every wheel; prints those that cannot be, with the module that each misses.
IMPORT_ALL = """
import importlib, json, pkgutil, sys, warnings
warnings.simplefilter("ignore")
failed = {}
def walk(paths, prefix=""):
    for found in pkgutil.iter_modules(paths):
        name = prefix + found.name
        if found.name in ("__main__", "conftest") or name.endswith("setup"):
            continue
        try:
            module = importlib.import_module(name)
        except BaseException as error:
            failed[name] = [type(error).__name__, getattr(error, "name", None), str(error)[:200]]
            continue
        if found.ispkg:
            walk(module.__path__, name + ".")
walk([p for p in sys.path if p.startswith("/opt/ml/lib")])
print("\\n" + json.dumps([failed, len(sys.modules)]))
"""


def in_image(image: str, entrypoint: str, *arguments: str) -> str:
    command = ["docker", "run", "--rm", "--network=host", "--entrypoint", entrypoint, image, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def described(image: str) -> Any:
    return json.loads(subprocess.run(["docker", "image", "inspect", image], check=True, capture_output=True).stdout)[0]


def test_githubs_rules_for_a_container_action(described: Any) -> None:
    config = described["Config"]
    assert (config["User"], config["WorkingDir"]) in (("", ""), ("", "/"))
    assert config["Entrypoint"] == [PYTHON, "-I", "/opt/ml/app/entrypoint.py"]
    assert {"title", "description", "licenses", "source", "documentation"} <= {
        name.removeprefix("org.opencontainers.image.") for name in config["Labels"]
    }


def test_every_module_that_is_left_can_be_imported(image: str) -> None:
    """Everything that an estimator or a scorer may need. Modules that fail need a package that is not installed."""
    failed, loaded = json.loads(in_image(image, PYTHON, "-I", "-c", IMPORT_ALL).splitlines()[-1])
    assert loaded > 2500
    installed = set(in_image(image, "ls", f"{SITE}/python3.13/site-packages").split())
    assert {name: why for name, why in failed.items() if not is_elsewhere(name, *why, installed)} == {}


def is_elsewhere(module: str, kind: str, missing: str | None, text: str, installed: set[str]) -> bool:
    """Whether a module wants what is not for here: another package, Windows, a compiler."""
    if "_win" in module or "requires setuptools" in text:
        return True
    return kind in ("ModuleNotFoundError", "ImportError") and (missing or "").partition(".")[0] not in installed


def test_linear_algebra_works_with_the_stripped_libraries(image: str) -> None:
    program = (
        "import numpy, scipy.linalg, scipy.optimize, scipy.sparse.linalg as s; a = numpy.eye(300) * 2; "
        "print(numpy.linalg.svd(a)[1].sum(), scipy.linalg.eigh(a)[0].sum(), s.eigsh(a, 2)[0].sum(), "
        "scipy.optimize.minimize(lambda x: (x ** 2).sum(), [1.0, 2.0]).success)"
    )
    assert in_image(image, PYTHON, "-I", "-c", program).split() == ["600.0", "600.0", "4.0", "True"]


def test_what_no_run_needs_is_left_out(image: str) -> None:
    for name in ("*.pyi", "*.pyx", "*.pxd", "*.h", "*.a", "tests"):
        assert in_image(image, "find", SITE, "-name", name) == ""
    script = "for tool in gcc cc ld strip make curl wget /opt/ml/bin/pip; do command -v $tool; done; true"
    assert in_image(image, "sh", "-c", script) == ""
    # scanners find what is copied without dpkg
    assert "libcurl" in in_image(image, "ls", "/var/lib/dpkg/status.d")


def test_git_speaks_http_and_https(production: World) -> None:
    """A blobless clone, a lazy fetch and a push over HTTP; TLS as far as a refused connection."""
    hub, repository = production.here.hub, production.here.repository
    url = hub.git_url(repository, production.here.author)
    script = f"""
        set -eu; export EMAIL=ada@example.org
        git clone --quiet --depth=1 --filter=blob:none --no-checkout {url} /tmp/clone; cd /tmp/clone
        git cat-file blob HEAD:model/model_metadata.json | head -c 1
        git commit --quiet --allow-empty --message x; git push --quiet origin HEAD:refs/heads/pushed
        git ls-remote https://127.0.0.1:1/x 2>&1 | grep -o 'Failed to connect'; git fsck --no-progress; git gc --quiet
    """
    assert in_image(production.image, "sh", "-c", script).startswith("{Failed to connect")
    assert production.git.object_id("refs/heads/pushed")


def bytecode_written(step: Step, result: Result) -> list[str]:
    assert result.code == 0, result.log
    return [path for path in step.changed_files() if path.endswith(".pyc")]


def test_a_run_compiles_nothing(production: World) -> None:
    """A container is new every time: what it compiled would be compiled again at each start."""
    waiting = production.machine().start(production.inputs(), keep=True)
    assert bytecode_written(waiting, waiting.wait()) == []
    production.arrive(students.datasets(45, "drifted", 8))
    training = production.machine().start(production.inputs(), keep=True)
    result = training.wait()
    assert result.outputs["merge-state"] == "merged", result.log
    assert bytecode_written(training, result) == []


def test_no_secret_is_in_the_containers_description(production: World) -> None:
    """The runner hands values over in the environment; the action puts them nowhere else."""
    step = production.machine().start(production.inputs(), keep=True)
    step.wait()
    described = step.inspect()
    del described["Config"]["Env"]
    for token in production.tokens.values():
        assert token not in json.dumps(described)
