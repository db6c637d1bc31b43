"""Hostile names, cells and files: no workflow command, no markup, no import that is not ours."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from ml_action.commands.demo import students
from tests.e2e.container.harness import Command, Result
from tests.e2e.container.world import STORE, World

# Names of files: whatever git allows.
NAMES = [
    "::set-output name=x::y.csv",
    "##[error]name.csv",
    "a ##[add-path]b.csv",
    "two\nlines\n::set-env name=PATH::x.csv",
    "return\r::error::x.csv",
    "\u2028::warning::x.csv",
    "pipe | and `tick` and ``` fence.csv",
    "@octocat #1 <img src=x onerror=alert(1)> [a](x.org) www.example.org.csv",
    "right\u202eto left\u2066.csv",
    "latin \udcff.csv",
    "-rf --output=x.csv",
    "::stop-commands::x.csv",
    "::add-mask::model.csv",
    "$(touch x);`id`;${{ secrets.X }}.csv",
    "\x1b[31mred\x1b]0;title\x07.csv",
    "<details><summary>x</summary>.csv",
]
COLUMNS = ("::set-output name=a::b", "##[error]@octocat", "<b>|`\u202e\n::error::z", "school", "score")
CELLS = ("::warning::cell", "##[set-env name=X]cell", "|<script>`@octocat`\n::error::cell")


def as_csv(rows: Iterable[Iterable[str]]) -> str:
    return "".join(",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) + "\n" for row in rows)


def hostile_columns(texts: Iterable[str]) -> list[str]:
    """The same students under hostile column names, with schools that are named as badly."""
    schools = dict(zip(students.SCHOOLS, CELLS, strict=True))
    tables = ([row.split(",") for row in text.splitlines()] for text in texts)
    return [as_csv([COLUMNS, *([*row[:3], schools[row[3]], row[4]] for row in rows[1:])]) for rows in tables]


def plain_commands(run: Result) -> list[Command]:
    """The commands of the log, without the masks that every run begins with."""
    return [command for command in run.commands if command.name != "add-mask"]


def assert_tame_log(run: Result) -> None:
    assert len(run.annotations("add-mask")) == 2
    assert "##[" not in run.log
    for line in re.split(r"\r\n|\r|\n", run.log):
        assert not line.lstrip().startswith("::") or re.match(r"::(add-mask::ghs_|(warning|error)[ :])", line), line
    assert "\x1b" not in run.log


def assert_tame_markdown(text: str) -> None:
    """No mention, no HTML, no direction marks, no table that is broken, outside of code spans."""
    assert not set(text) & set("\u202e\u2066\u2028\x1b\x07\r")
    for line in text.split("\n"):
        bare = re.sub(r"`[^`]*`", "", line)
        assert not re.search(r"@octocat|<(?!https?:)[a-zA-Z/]|(?<!\\)\[a\]\(", bare), line
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) <= 6, line


def test_hostile_file_names(production: World) -> None:
    """Half of them are sound and count; the others are set aside, and named in annotations and the summary."""
    sound = list(students.datasets(45, "drifted", 8))
    production.arrive(sound[len(NAMES) :])
    production.commit({f"{STORE}/{name}": text for name, text in zip(NAMES, sound, strict=False)})
    broken = {
        f"{STORE}/broken/{name}": "hours_studied,score\n1,2,3\n" + "x" * number for number, name in enumerate(NAMES)
    }
    production.commit(broken)
    run = production.hour(max_quarantine="1")
    assert (run.code, run.outputs["merge-state"]) == (0, "merged"), run.log
    assert int(run.outputs["quarantined"]) == len(NAMES)
    assert_tame_log(run)
    assert {command.name for command in plain_commands(run)} == {"warning"}
    warnings = run.annotations("warning")
    (warning,) = [one for one in warnings if "set aside" in one.data]  # one reason: the first is named
    assert f"(and so are {len(NAMES) - 1} others, which the report lists)" in warning.data
    assert_tame_markdown(run.summary)
    assert_tame_markdown(production.pulls[0].body)


def test_hostile_column_names_and_cells(make_world) -> None:
    world = make_world()
    texts = hostile_columns(students.datasets(60, "steady", 3))
    world.arrive([*texts, *(as_csv([COLUMNS, ["1", "2", "3", cell, cell]]) for cell in CELLS)])
    run = world.hour(target="score", max_quarantine="1")
    assert (run.code, run.outputs["version"], run.outputs["merge-state"]) == (0, "v1", "merged"), run.log
    assert int(run.outputs["quarantined"]) == len(CELLS)
    assert_tame_log(run)
    assert_tame_markdown(run.summary)
    assert_tame_markdown(world.pulls[0].body)
    card = world.git.run("cat-file", "blob", "main:model/v1.md").decode()
    assert_tame_markdown(card)


@pytest.mark.parametrize(
    "name", ["target", "features", "estimator", "metric", "label", "data_path", "threshold", "base"]
)
@pytest.mark.parametrize("text", ["::set-output name=x::y", "a##[error]b", "<b>@octocat|`\u202e"])
def test_hostile_settings(production: World, name: str, text: str) -> None:
    """Each is repeated in an error text, or in a name that GitHub refuses."""
    production.arrive(students.datasets(45, "drifted", 8))
    run = production.hour(**{name: text})
    assert run.code in ((0,) if name == "label" else (2, 3, 4)), run.log
    assert_tame_log(run)
    assert {command.name for command in plain_commands(run)} <= {"error"}
    assert_tame_markdown(run.summary)


SHADOWS = (
    "ml_action/__init__.py", "ml_action/cli.py", "statistics.py", "json.py", "secrets.py", "sitecustomize.py",
    "usercustomize.py", "conftest.py", "joblib/__init__.py", "numpy.py", "pandas.py", "sklearn/__init__.py",
    "entrypoint.py", "encodings/__init__.py",
)  # fmt: skip
TRAP = (
    "open('/github/workspace/IMPORTED', 'a').write(__file__ + '\\n')\nraise SystemExit('the workspace was imported')\n"
)


@pytest.mark.parametrize(
    "env",
    [{}, {"PYTHONPATH": "/github/workspace", "PYTHONSTARTUP": "/github/workspace/json.py"}],
    ids=["", "PYTHONPATH"],
)
@pytest.mark.parametrize("workers", [False, True], ids=["one process", "worker processes"])
def test_nothing_of_the_workspace_is_imported(production: World, env: dict[str, str], workers: bool) -> None:
    """Not by us, and not by the worker processes that scikit-learn starts there."""
    production.commit(
        dict.fromkeys(SHADOWS, TRAP) | {"git": "#!/bin/sh\ntouch IMPORTED\n", ".pth": "import statistics"}
    )
    texts = list(students.datasets(45, "drifted", 8))
    given = {}
    if workers:
        texts = [as_classes(text) for text in texts]
        given = {
            "name": "classes", "model_dir": "classes", "target": "result", "params": '{"n_jobs": 2}',
            "estimator": "sklearn.linear_model.LogisticRegressionCV", "data_path": "data/classes",
        }  # fmt: skip
        production.commit({f"data/classes/{n}.csv": text for n, text in enumerate(texts)})
    else:
        production.arrive(texts)
    machine = production.machine()
    run = machine.run(production.inputs(**given), env)
    assert not (machine.workspace / "IMPORTED").exists(), (machine.workspace / "IMPORTED").read_text()
    assert (run.code, run.outputs["merge-state"]) == (0, "merged"), run.log


def as_classes(text: str) -> str:
    """The same student, with passed or failed in place of the score."""
    head, *rows = text.splitlines()
    words = (row.rpartition(",") for row in rows)
    lines = [f"{row},{'passed' if float(score) >= 65 else 'failed'}" for row, _, score in words]
    return "\n".join([head.replace("score", "result"), *lines]) + "\n"
