"""The files of a new loop: readable, parsed by the loop itself, and never overwritten."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import tomllib
import yaml
from jsonschema import Draft7Validator

from ml_action.commands.init.scaffold import (
    EXAMPLE,
    WORKFLOW,
    ChosenSettings,
    config,
    existing_workflows,
    plan,
    workflow,
    write,
)
from ml_action.config.parse import json_schema, parse, texts
from ml_action.config.settings import CONFIG_FILE
from ml_action.core.errors import RepositoryError

CHOSEN = ChosenSettings({"data-path": "data/in", "threshold": "50", "target": 'the "price"', "metric": "r2"})
HOSTILE = 'x"\nmode = "approve'


def test_the_loop_parses_the_written_settings():
    text = config(replace(CHOSEN, reasons={"metric": "the share of\nthe variance"}))
    settings = parse({}, tomllib.loads(text))
    assert (str(settings.data.data_path), settings.trigger.threshold, settings.training.target) == (
        "data/in",
        50,
        ('the "price"',),
    )
    assert "# the share of the variance\nmetric" in text


def test_several_columns_are_a_list_that_the_schema_accepts():
    chosen = {"features": '"a, b",c', "target": "y", "data-path": "data,more"}
    loaded = tomllib.loads(config(ChosenSettings(chosen)))
    assert loaded == {"features": ["a, b", "c"], "target": "y", "data-path": ["data", "more"]}
    Draft7Validator(json_schema()).validate(loaded)


def test_a_column_name_cannot_add_settings():
    loaded = tomllib.loads(config(ChosenSettings({"target": HOSTILE}, {"target": HOSTILE})))
    assert list(loaded) == ["target"]


def test_the_workflow_is_the_example_without_the_settings_of_the_file():
    text, example = workflow(), EXAMPLE.read_text()
    assert "target:" not in text
    assert (
        yaml.safe_load(text)["jobs"]["retrain"]["permissions"]
        == yaml.safe_load(example)["jobs"]["retrain"]["permissions"]
    )
    assert yaml.safe_load(text)["jobs"]["retrain"]["steps"][-1]["with"]["autonomy"] == "propose"


def test_both_missing_files_are_written(tmp_path):
    for planned in plan(tmp_path, CHOSEN):
        assert planned.is_new
        write(tmp_path, planned)
    assert (tmp_path / CONFIG_FILE).is_file()
    assert (tmp_path / WORKFLOW).is_file()
    assert list(existing_workflows(tmp_path)) == [WORKFLOW]


def test_only_workflows_that_train_are_listed(tmp_path):
    examples = Path(__file__).parents[4] / "example-workflows"
    (tmp_path / ".github").mkdir()
    shutil.copytree(examples, tmp_path / ".github/workflows")
    training = [path.rpartition("/")[2] for path in existing_workflows(tmp_path)]
    assert training == ["auto-retrain.yml", "auto-train.yml"]


def test_other_spellings_of_the_same_settings_make_no_difference(tmp_path):
    (tmp_path / CONFIG_FILE).write_text(
        'target = "price" # mine\nthreshold = 50\nfeatures = ["a", "b"]\nmargin = 0.1\n'
    )
    chosen = {"target": "price", "threshold": "50", "features": "a,b"}
    present = texts(tomllib.loads((tmp_path / CONFIG_FILE).read_text()))
    assert plan(tmp_path, ChosenSettings(chosen), present)[0].difference == ""
    assert plan(tmp_path, ChosenSettings(chosen | {"threshold": "60"}), present)[0].difference != ""


def test_an_unreadable_or_unwritable_file_is_named(tmp_path):
    (tmp_path / CONFIG_FILE).mkdir()
    with pytest.raises(RepositoryError, match="cannot be read: Is a directory"):
        plan(tmp_path, CHOSEN)
    (tmp_path / CONFIG_FILE).rmdir()
    (tmp_path / ".github").write_text("a file")
    with pytest.raises(RepositoryError, match="auto-retrain"):
        write(tmp_path, plan(tmp_path, CHOSEN)[1])


def test_an_existing_file_is_compared_and_not_overwritten(tmp_path):
    (tmp_path / CONFIG_FILE).write_text('target = "mine"\n')
    planned = plan(tmp_path, CHOSEN)[0]
    assert not planned.is_new
    assert '-target = "mine"' in planned.difference
    with pytest.raises(RepositoryError, match="File exists"):
        write(tmp_path, planned)
    assert (tmp_path / CONFIG_FILE).read_text() == 'target = "mine"\n'


def test_the_same_text_makes_no_difference(tmp_path):
    for planned in plan(tmp_path, CHOSEN):
        write(tmp_path, planned)
    assert [planned.difference for planned in plan(tmp_path, CHOSEN)] == ["", ""]
