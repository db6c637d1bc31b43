import contextlib
import json
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_action.core.codec import decode, to_line
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Autonomy, Verdict
from ml_action.core.records.dataset import Dataset, Inventory, RejectedDataset
from ml_action.core.records.evaluation import Decision, Interval
from ml_action.core.records.model import History, Version
from ml_action.core.records.promotion import Publication
from tests.support.factories import make_attempt, make_history, make_pull, make_version
from tests.support.properties import examples


def as_json(record):
    return json.loads(to_line(record))


any_text = st.text()  # without surrogates
file_names = st.text(st.characters(codec="utf-8") | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF))
numbers = st.floats(allow_nan=False, allow_infinity=False)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=4,
)
st.register_type_strategy(Interval, st.builds(Interval, numbers, numbers))
scores = st.dictionaries(any_text, numbers)
objects = st.dictionaries(any_text, plain, max_size=3)
versions = st.builds(
    Version, params=objects, sample=objects, scores=scores, champion_scores=scores, improvement=numbers,
    libraries=st.dictionaries(any_text, any_text, max_size=3), features=st.lists(any_text, max_size=3).map(tuple),
)  # fmt: skip
optional = st.none() | numbers
attempts = st.builds(
    Attempt, champion_score=optional, challenger_score=optional, improvement=optional, gain=optional, p_value=optional
)


@pytest.mark.parametrize(
    ("kind", "records"),
    [
        (RejectedDataset, st.builds(RejectedDataset, path=file_names, reason=file_names)),
        (Inventory, st.builds(Inventory, new=st.lists(st.builds(Dataset)).map(tuple))),
        (Decision, st.builds(Decision)),
        (Version, versions),
        (History, st.builds(History, versions=st.lists(versions, max_size=2).map(tuple))),
        (Attempt, attempts),
        (Publication, st.builds(Publication)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@settings(max_examples=examples(50))
@given(st.data())
def test_every_record_comes_back_from_its_line(kind, records, data):
    record = data.draw(records)
    line = to_line(record)
    assert "\n" not in line
    assert line.isascii()
    assert decode(kind, json.loads(line)) == record


def test_the_same_record_is_the_same_bytes_whatever_the_order_of_its_keys():
    one, two = make_version(params={"a": 1, "b": 2}), make_version(params={"b": 2, "a": 1})
    assert to_line(one) == to_line(two)


def test_enums_come_back_as_enums():
    verdict = decode(Attempt, as_json(make_attempt(verdict=Verdict.HOLD))).verdict
    assert verdict is Verdict.HOLD
    assert json.loads(to_line(make_attempt(verdict=Verdict.HOLD)))["verdict"] == "hold"


def test_unknown_keys_of_a_newer_version_are_ignored():
    data = as_json(make_attempt()) | {"weather": "fine"}
    assert decode(Attempt, data) == make_attempt()


def test_a_key_with_a_default_may_be_absent_as_in_a_line_of_an_older_version():
    data = as_json(make_attempt(pull_request=7))
    del data["pull_request"]
    assert decode(Attempt, data) == make_attempt(pull_request=0)


def test_whole_numbers_are_good_floats():
    score = decode(Attempt, as_json(make_attempt()) | {"gain": 1}).gain
    assert score == 1.0
    assert isinstance(score, float)


def _damaged(**changes):
    return as_json(make_history()) | changes


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "History is not an object"),
        (None, "History is not an object"),
        ({}, "History.name is missing"),
        (_damaged(name=3), "History.name should be str, not int"),
        (_damaged(versions={}), "History.versions should be list, not dict"),
        (_damaged(versions=[3]), "Version is not an object"),
        (_damaged(versions=[as_json(make_version()) | {"rows": "many"}]), "Version.rows should be int, not str"),
        (_damaged(versions=[as_json(make_version()) | {"rows": True}]), "Version.rows should be int, not bool"),
        (_damaged(versions=[as_json(make_version()) | {"rows": 1.5}]), "Version.rows should be int, not float"),
        (_damaged(versions=[as_json(make_version()) | {"params": []}]), "Version.params should be dict, not list"),
        (_damaged(versions=[as_json(make_version()) | {"interval": {"low": 1}}]), "Interval.high is missing"),
        (_damaged(versions=[as_json(make_version()) | {"interval": None}]), "Interval is not an object"),
        (
            _damaged(versions=[as_json(make_version()) | {"features": ["a", 3]}]),
            "Version.features should be str, not int",
        ),
        (
            _damaged(versions=[as_json(make_version()) | {"scores": {"r2": "high"}}]),
            "Version.scores['r2'] should be float, not str",
        ),
    ],
)
def test_the_error_for_a_damaged_record_names_its_field(data, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the whole text is compared
        decode(History, data)
    assert str(caught.value) == message


@pytest.mark.parametrize("value", ["sometimes", 3, [], None])
def test_a_value_that_is_none_of_an_enum_is_an_error(value):
    with pytest.raises(ValueError, match="is not a valid Verdict"):
        decode(Attempt, as_json(make_attempt()) | {"verdict": value})


@given(plain)
def test_whatever_json_is_read_it_is_a_record_or_a_value_error(data):
    with contextlib.suppress(ValueError):
        decode(History, data)


@given(st.sampled_from(sorted(as_json(make_version()))), plain)
def test_any_value_in_a_field_is_a_record_or_a_value_error(name, value):
    with contextlib.suppress(ValueError):
        decode(Version, as_json(make_version()) | {name: value})


def test_a_record_in_a_record_and_an_optional_one_come_back():
    publication = Publication(make_pull(), notes=("a", "b"))
    assert decode(Publication, json.loads(to_line(publication))) == publication
    assert decode(Publication, as_json(Publication())) == Publication()


def test_enums_with_another_type_come_back():
    @dataclass(frozen=True)
    class Rung:
        autonomy: Autonomy

    globals()["Rung"] = Rung
    assert decode(Rung, {"autonomy": "merge"}) == Rung(Autonomy.MERGE)
