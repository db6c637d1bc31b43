import copy
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ml_action.core import model_metadata
from ml_action.core.errors import ModelError
from ml_action.core.records.contract import ColumnProfile, DataContract, Dispersion
from ml_action.core.records.evaluation import Interval
from ml_action.core.records.model import History, Version
from scripts.docs import schemas
from tests.support.factories import make_history, make_version
from tests.support.properties import examples

SCHEMA = Path(__file__).parents[3] / "model_metadata.schema.json"
CHECK = Draft202012Validator(json.loads(SCHEMA.read_text()))
numbers = st.floats() | st.none().map(lambda _: float("nan"))
scores = st.dictionaries(st.text(), st.floats())
profiles = st.builds(ColumnProfile, sketch=st.lists(st.floats()).map(tuple), centre=st.none() | st.builds(Dispersion))
contracts = st.builds(DataContract, columns=st.lists(profiles, max_size=2).map(tuple))
objects = st.dictionaries(st.text(), st.none() | st.integers() | st.text(), max_size=3)
versions = st.builds(
    Version, version=st.integers(1, 99).map("v{}".format), params=objects, sample=objects, scores=scores,
    champion_scores=scores, libraries=st.dictionaries(st.text(), st.text(), max_size=3), interval=st.builds(Interval),
    contract=st.none() | contracts,
)  # fmt: skip


def plain(*versions):
    return json.loads(json.dumps(model_metadata.encoded(make_history(*versions))))


def test_the_committed_schema_is_that_of_the_records():
    assert SCHEMA.read_text(encoding="utf-8") == schemas.metadata_schema()
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text()))


def test_each_field_of_a_version_with_a_comment_is_described():
    fields = json.loads(SCHEMA.read_text())["$defs"]["Version"]["properties"]
    assert fields["size"]["description"] == "bytes"
    assert fields["file"]["description"] == "file name inside the model directory"


@settings(max_examples=examples(50))
@given(st.builds(History, current=st.just("v1"), versions=st.lists(versions, max_size=2).map(tuple)))
def test_whatever_is_written_is_valid(history):
    CHECK.validate(json.loads(json.dumps(model_metadata.encoded(history))))


def test_unknown_fields_of_a_newer_writer_are_valid():
    data = plain()
    data["colour"] = "red"
    data["versions"][0]["colour"] = {"deep": ["red"]}
    CHECK.validate(data)
    assert model_metadata.parse(json.dumps(data).encode(), "x") == make_history()


def test_an_older_writer_knew_fewer_fields_and_is_valid():
    data = plain()
    for name in ("contract", "targets", "weight"):
        del data["versions"][0][name]
    CHECK.validate(data)
    assert model_metadata.parse(json.dumps(data).encode(), "x") == make_history()


REQUIRED = CHECK.schema["$defs"]["Version"]["required"]


@pytest.mark.parametrize("name", REQUIRED)
def test_the_schema_and_the_reader_refuse_the_same_gaps(name):
    data = plain(make_version())
    del data["versions"][0][name]
    assert not CHECK.is_valid(data)
    with pytest.raises(ModelError, match=rf"Version\.{name} is missing"):
        model_metadata.parse(json.dumps(data).encode(), "x")


@pytest.mark.parametrize(
    ("name", "value"),
    [("version", "one"), ("rows", "many"), ("rows", 1.5), ("features", "a"), ("scores", {"r2": "high"}),
     ("interval", None), ("contract", 3), ("params", [])],
)  # fmt: skip
def test_the_schema_and_the_reader_refuse_the_same_values(name, value):
    data = copy.deepcopy(plain(make_version()))
    data["versions"][0][name] = value
    assert not CHECK.is_valid(data)
    with pytest.raises(ModelError):
        model_metadata.parse(json.dumps(data).encode(), "x")


@pytest.mark.parametrize("kind", [0, 2, "1", True, None])
def test_the_schema_knows_one_format(kind):
    assert not CHECK.is_valid(plain() | {"format": kind})
