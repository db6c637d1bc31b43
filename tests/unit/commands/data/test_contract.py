"""The effective contract, and learned demands written into ml-auto-update.toml."""

from __future__ import annotations

import json
import math
import re

import pytest
import tomllib
from hypothesis import given
from hypothesis import strategies as st

from ml_action import cli
from ml_action.commands.data import contract_file, effective_contract
from ml_action.commands.demo import students
from ml_action.config.column_rules import ColumnRule
from ml_action.core import model_metadata
from ml_action.core.errors import SettingsError
from ml_action.core.records.contract import LEVELS, ColumnProfile, DataContract
from tests.support.factories import make_csvs, make_history, make_repository, make_settings, make_version

SKETCH = tuple(float(n) for n in range(LEVELS + 1))
CONTRACT = DataContract(
    "score", 45, 900, 0.0, 0.0, 0.0,
    (
        ColumnProfile("score", "number", 0.0, 0.0, tuple(10 * n for n in SKETCH)),
        ColumnProfile("hours", "number", 0.1, 0.25, SKETCH),
        ColumnProfile("school", "text", 0.0, 0.0, categories={"town": 0.6, "Ünited": 0.4}),
        ColumnProfile("name", "text", 0.0, 0.0),
        ColumnProfile("passed", "boolean", 0.0, 0.0, categories={"True": 0.5, "False": 0.5}),
    ),
)  # fmt: skip
TABLES = {"hours": {"type": "number", "min": 0, "max": 30.5}, 'a.b c"é': {"type": "text", "categories": ["x", "y"]}}


def demand_of(name, *rules):
    return next(item for item in effective_contract.merge_rules(CONTRACT, rules, "champion v1") if item.column == name)


# --- rules over what was learned ---------------------------------------------------------------------------


def test_without_a_rule_the_learned_requirement_holds():
    found = demand_of("hours", ColumnRule("score", max=100.0))
    assert (found.type, found.low, found.high, found.missing, found.source) == ("number", 0, 20, 0.25, "champion v1")
    assert demand_of("school").categories == ("town", "Ünited")


def test_a_rule_replaces_what_was_learned_about_the_same_property():
    found = demand_of("hours", ColumnRule("hours", max=24.0))
    assert (found.low, found.high, found.missing) == (None, 24, 0.25)
    assert found.source == "ml-auto-update.toml, champion v1"
    found = demand_of("school", ColumnRule("school", categories=("town",), missing=0.5))
    assert (found.categories, found.missing) == (("town",), 0.5)


def test_a_column_without_checks_and_a_column_that_only_a_rule_names():
    found = demand_of("hours", ColumnRule("hours", check=False))
    assert (found.asked, found.low, found.source) == (False, None, "ml-auto-update.toml")
    assert demand_of("extra", ColumnRule("extra", min=1.0)).source == "ml-auto-update.toml"


# --- what is proposed --------------------------------------------------------------------------------------


def test_the_settings_can_read_proposed_rules():
    found = effective_contract.proposals(CONTRACT, {"score"})
    assert list(found) == ["hours", "school", "name", "passed"]
    assert found["hours"] == {"type": "number", "min": 0, "max": 30}
    assert found["school"] == {"type": "text", "categories": ["town", "Ünited"]}
    assert (found["name"], found["passed"]) == ({"type": "text"}, {"type": "boolean"})
    assert len(ColumnRule.parse_all(json.dumps(found))) == 4


numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(numbers, numbers)
def test_a_widened_range_contains_the_range(one, other):
    low, high = sorted((one, other))
    least, most = effective_contract.widen(low, high)
    assert math.isfinite(least)
    assert math.isfinite(most)
    slack = 1e-9 * max(abs(low), abs(high))
    assert least <= low + slack
    assert high - slack <= most
    assert least >= 0 or low < 0
    assert most <= 0 or high > 0 or low >= 0


# --- the file ----------------------------------------------------------------------------------------------

FILES = [
    "",
    "# mine\nthreshold = 40  # few\n",
    "threshold = 40",
    "threshold = 40\n[contract.score] # mine\nmax = 3\n",
    "contract.score.max = 3\n",
    "a = 1\r\n[contract.score]\r\nmax = 3\r\n",
    "[contract]\n\n[contract.score]\nmax=3\n\n[params]\nx=1\n# end\n",
    "[contract.score]\nmax=3\n\n[params]\nx=1\n[contract.last]\nmin=1\n",
]


@pytest.mark.parametrize("text", FILES)
def test_tables_are_added_and_every_line_is_kept(text):
    made = contract_file.with_tables(text, TABLES)
    assert made.startswith(text)
    old, new = tomllib.loads(text), tomllib.loads(made)
    assert new == {**old, "contract": {**old.get("contract", {}), **TABLES}}
    assert ("\r\n" in made) == ("\r\n" in text)
    if "\r\n" in text:
        assert made.count("\n") == made.count("\r\n")


def test_an_inline_table_is_extended_in_its_line():
    text = "# a\ncontract = { score = {max = 3} }\nthreshold = 1 # b\n"
    made = contract_file.with_tables(text, TABLES)
    assert tomllib.loads(made)["contract"] == {"score": {"max": 3}, **TABLES}
    assert [line for line in made.splitlines() if not line.startswith("contract")] == ["# a", "threshold = 1 # b"]


def test_without_new_tables_nothing_changes():
    assert contract_file.with_tables("x = 1", {}) == "x = 1"
    assert contract_file.difference("x = 1", "x = 1") == ""


def test_columns_with_a_rule_anywhere_get_no_table(tmp_path):
    (tmp_path / "ml-auto-update.toml").write_text("[contract.hours]\ncheck = false\n")
    settings = make_settings(contract=(ColumnRule("school", min=1.0),))
    assert contract_file.stated_columns(tmp_path, settings) == {"hours", "school"}


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a = \n"])
def test_a_file_that_cannot_be_read_is_not_written(tmp_path, content):
    (tmp_path / "ml-auto-update.toml").write_bytes(content)
    with pytest.raises(SettingsError, match="cannot be extended"):
        contract_file.read(tmp_path)


def test_a_link_is_not_written_through(tmp_path):
    (tmp_path / "ml-auto-update.toml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match="symbolic link"):
        contract_file.read(tmp_path)


def test_a_contract_that_is_no_table_is_an_error():
    with pytest.raises(SettingsError, match="was not changed"):
        contract_file.with_tables("contract = 3\n", TABLES)


def test_the_file_is_replaced_in_one_step_and_keeps_its_mode(tmp_path):
    path = tmp_path / "ml-auto-update.toml"
    contract_file.write(tmp_path, "x = 1\n")
    path.chmod(0o640)
    contract_file.write(tmp_path, "x = 2\n")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("x = 2\n", 0o640)
    assert list(tmp_path.iterdir()) == [path]


# --- the command -------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path, capsys):
    """`data contract` in a repository whose champion has a contract; its folder is `run.path`."""
    history = make_history(make_version(contract=CONTRACT))
    files = {"model/model_metadata.json": model_metadata.to_bytes(history)} | make_csvs(3)
    workspace = make_repository(tmp_path / "w", files)

    def run(*arguments, code=0):
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
        assert cli.main(["data", "contract", "--workspace", str(workspace.path), *arguments], environ) == code
        return capsys.readouterr().out

    run.path = workspace.path
    return run


def test_the_contract_of_the_champion_is_shown_without_reading_data(run, monkeypatch):
    monkeypatch.setattr("ml_action.datasets.contents.contents", None)
    monkeypatch.setenv("COLUMNS", "200")
    output = run()
    assert "hours" in output
    assert "0 to 20" in output
    assert "25.0 %" in output
    assert "learned from 45 datasets, 900 rows" in output
    found = json.loads(run("--json"))
    assert (found["source"], [item["column"] for item in found["columns"]][:2]) == ("champion v1", ["score", "hours"])


def test_update_writes_once_and_prints_the_change_and_keeps_the_rules(run):
    path = run.path / "ml-auto-update.toml"
    path.write_text("threshold = 40 # few\n\n[contract.score]\nmax = 100\n")
    output = run("--update")
    assert "+[contract.hours]\n" in output
    assert "-threshold" not in output
    text = path.read_text()
    assert text.startswith("threshold = 40 # few\n\n[contract.score]\nmax = 100\n")
    assert tomllib.loads(text)["contract"]["score"] == {"max": 100}
    assert "nothing to add" in run("--update")
    assert path.read_text() == text
    assert json.loads(run("--update", "--json"))["change"] == ""
    run()


def test_without_a_champion_the_contract_is_learned_from_the_present_datasets(tmp_path, capsys):
    workspace = make_repository(tmp_path / "w", make_csvs(25))
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    assert cli.main(["data", "contract", "--json", "--workspace", str(workspace.path)], environ) == 0
    output = capsys.readouterr().out
    found = json.loads(output[output.index("{\n") :])
    assert found["source"] == "25 datasets"
    assert [item["column"] for item in found["columns"]] == ["score", "hours"]


def test_with_rows_as_unit_the_contract_is_learned_from_groups_of_rows(tmp_path, capsys):
    workspace = make_repository(tmp_path / "w", make_csvs(25))
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "COLUMNS": "200"}
    assert cli.main(["data", "contract", "--unit", "rows", "--workspace", str(workspace.path)], environ) == 0
    assert re.search(r"learned from \d+ groups of rows, \d+ rows", capsys.readouterr().out)


def test_nothing_is_learned_from_a_bad_dataset(tmp_path, capsys):
    texts = list(students.datasets(30, "steady", 1))
    minutes = "\n".join([texts[0].split("\n")[0], *(f"{n}00,7,0.8,town,60.{n}" for n in range(3, 9)), ""])
    files = {f"data/new_data/{n}.csv": text for n, text in enumerate([*texts[1:], minutes])}
    workspace = make_repository(tmp_path / "w", files)
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    assert cli.main(["data", "contract", "--json", "--workspace", str(workspace.path)], environ) == 0
    output = capsys.readouterr().out
    found = json.loads(output[output.index("{\n") :])
    (hours,) = (item for item in found["columns"] if item["column"] == "hours_studied")
    assert found["source"] == "29 datasets"
    assert hours["high"] < 24


def test_without_datasets_nothing_can_be_learned(tmp_path, capsys):
    workspace = make_repository(tmp_path / "w", {"readme": "x"})
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    assert cli.main(["data", "contract", "--workspace", str(workspace.path)], environ) == 3
    assert "no dataset to learn a contract from" in capsys.readouterr().out
