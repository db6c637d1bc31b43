"""The `[contract.NAME]` tables: every accepted rule can be checked, every other is reported."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_action.config.column_rules import ColumnRule
from ml_action.config.parse import parse


def rules(**tables):
    return ColumnRule.parse_all(json.dumps(tables))


def test_every_key_of_a_rule():
    table = {"type": "number", "min": 0, "max": 1.5, "missing": 0.1, "required": False, "check": True}
    assert rules(age=table) == (ColumnRule("age", "number", 0, 1.5, None, 0.1, False, True),)
    assert rules(a={"categories": ["x", "y"]}, b={}) == (ColumnRule("a", categories=("x", "y")), ColumnRule("b"))


def test_a_column_of_any_name_may_have_rules():
    assert [rule.name for rule in rules(**{"name": {}, "": {}, "größe (cm)": {"min": 1}})] == ["name", "", "größe (cm)"]


def test_a_category_that_is_a_number_is_its_text():
    assert rules(a={"categories": [1, 2.0, 2.5, "x"]})[0].categories == ("1", "2", "2.5", "x")


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (5, "'a' has to be a table such as [contract.a] with min = 0"),
        (
            {"mim": 0},
            "'a' has an unknown key 'mim'; known are categories, check, format, max, min, missing, required, type",
        ),
        ({"name": "b"}, "unknown key 'name'"),
        ({"min": "0"}, "min has to be a number"),
        ({"max": True}, "max has to be a number"),
        ({"min": None}, "min has to be a number"),
        ({"min": 10**400}, "min has to be a number"),
        ({"max": float("nan")}, "max has to be a number"),
        ({"min": 2, "max": 1}, "min is larger than max"),
        ({"type": "integer"}, "type has to be one of number, boolean, text"),
        ({"type": ["number"]}, "type has to be one of"),
        ({"type": None}, "type has to be one of"),
        ({"missing": 1.5}, "missing has to be a share from 0 to 1"),
        ({"missing": "few"}, "missing has to be a share"),
        ({"required": "no"}, "required has to be true or false"),
        ({"check": 0}, "check has to be true or false"),
        ({"categories": []}, "categories has to be a list of texts"),
        ({"categories": "x"}, "categories has to be a list of texts"),
        ({"categories": [["x"]]}, "categories has to be a list of texts"),
        ({"categories": None}, "categories has to be a list of texts"),
        ({"categories": ["x"], "min": 0}, "min and max are for numbers, and categories for texts"),
        ({"type": "text", "max": 0}, "min and max are for numbers"),
        ({"type": "boolean", "min": 0}, "min and max are for numbers"),
    ],
)
def test_an_unusable_rule_is_reported(table, reason):
    with pytest.raises(ValueError, match="'a'") as caught:
        rules(a=table)
    assert reason in str(caught.value)


def test_all_problems_are_reported_at_once():
    with pytest.raises(ValueError, match="unknown key 'x'") as caught:
        rules(a={"x": 1, "missing": 2}, b=3)
    assert str(caught.value).count(";") >= 2
    assert "'b' has to be a table" in str(caught.value)


def test_the_file_takes_tables():
    settings = parse({}, {"contract": {"age": {"min": 0, "max": 120}}})
    assert settings.data.contract == (ColumnRule("age", min=0, max=120),)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["min", "type", "x"]), inner),
    max_leaves=6,
)
keys = st.sampled_from(["type", "min", "max", "categories", "missing", "required", "check", "x"])


@given(st.dictionaries(st.text(max_size=5), st.dictionaries(keys, json_values) | json_values, max_size=3))
def test_any_tables_give_rules_or_a_reason(tables):
    found = ()
    with contextlib.suppress(ValueError):
        found = ColumnRule.parse_all(json.dumps(tables))
    for rule in found:
        assert rule.type in (None, "number", "boolean", "text")
        assert rule.categories is None or all(isinstance(item, str) for item in rule.categories)
        assert hash(rule) is not None
