"""The validators, and the sandbox's schema compared with GitHub's."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.resources import files

import pytest
import requests
from graphql import build_schema
from graphql.type import GraphQLEnumType, GraphQLInputObjectType, is_specified_scalar_type

from sandbox import Account, Exchange, Sandbox
from sandbox.app import OPERATIONS
from tests.support.github_contracts import Contract, rest
from tests.support.github_contracts.graphql import published
from tests.support.sandbox_world import World

OURS = build_schema(files("sandbox.graphql").joinpath("schema.graphql").read_text(encoding="utf-8"))
RAW = "application/vnd.github.raw+json"
OWN_TYPES = [name for name, kind in OURS.type_map.items() if not name.startswith("__")]


@pytest.mark.parametrize("name", OWN_TYPES)
def test_the_graphql_type_matches_githubs(name: str) -> None:
    ours, theirs = OURS.type_map[name], published().type_map[name]
    assert type(ours) is type(theirs)
    if isinstance(ours, GraphQLEnumType):
        assert ours.values.keys() == theirs.values.keys()
    if is_specified_scalar_type(ours) or not hasattr(ours, "fields"):
        return
    assert {one.name for one in getattr(ours, "interfaces", ())} <= {
        one.name for one in getattr(theirs, "interfaces", ())
    }
    if isinstance(ours, GraphQLInputObjectType):
        assert ours.fields.keys() == theirs.fields.keys()
    for field, definition in ours.fields.items():
        assert str(definition.type) == str(theirs.fields[field].type), field
        for argument, value in getattr(definition, "args", {}).items():
            assert str(value.type) == str(theirs.fields[field].args[argument].type), (field, argument)


def test_githubs_description_covers_exactly_the_served_operations() -> None:
    described = {(one.method, re.sub(r"{\w+}", "{}", one.template)) for one in rest.operations()}
    assert {(method, re.sub(r"<[\w:]+>", "{}", path)) for method, path in OPERATIONS} == described


@pytest.fixture
def exchange(world: World, bot: Account) -> Exchange:
    """A valid exchange, for tests to make invalid."""
    world.call("POST", "/labels", bot, json={"name": "x", "color": "ffffff"})
    return world.exchanges[-1]


def violations_of(exchange: Exchange, **changes: object) -> list[str]:
    contract = Contract()
    contract.observe(replace(exchange, **changes))
    return contract.violations


def test_a_valid_exchange_has_no_violations(exchange: Exchange) -> None:
    assert violations_of(exchange) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"path": "/repos/octo/students/nothing"}, "no such operation"),
        ({"method": "PUT"}, "no such operation"),
        ({"body": b'{"name": 7}'}, "7 is not of type 'string'"),
        ({"body": b'{"name": "x", "colour": "red"}'}, "colour is not documented"),
        ({"body": b"{}"}, "'name' is a required property"),
        ({"response_body": b"{}"}, "'id' is a required property"),
        ({"status": 202}, "status is not documented"),
        ({"query": "deep=1"}, "deep is not documented"),
        ({"headers": {"Accept": "application/vnd.github.raw+yaml"}}, "raw+yaml is not documented"),
        ({"headers": {"X-GitHub-Api-Version": "2020-01-01"}}, "API version 2020-01-01 is not documented"),
        ({"headers": {"Authorization": "Token ***"}}, "authorization is not documented"),
        ({"status": 200, "response_headers": {"Content-Type": RAW}}, "no raw answer is documented"),
    ],
)
def test_an_invalid_exchange_is_a_violation(exchange: Exchange, changes: dict, expected: str) -> None:
    assert expected in " ".join(violations_of(exchange, **changes))


def test_raw_bytes_are_valid_only_if_requested(exchange: Exchange) -> None:
    path = "/repos/octo/students/contents/README.md"
    answer = {"response_headers": {"Content-Type": RAW}, "response_body": b"Students", "status": 200}
    raw = replace(exchange, method="GET", path=path, body=b"", **answer)
    assert violations_of(raw, headers={"Accept": RAW}) == []
    assert "not asked for" in " ".join(violations_of(raw, headers={"Accept": "application/json"}))
    unchanged = replace(raw, status=304, response_headers={}, headers={"Accept": RAW})
    assert "no response body is documented" in " ".join(violations_of(unchanged))
    assert violations_of(unchanged, response_body=b"") == []


def graph_exchange(query: str, answer: dict, variables: dict | None = None, status: int = 200) -> Exchange:
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    return Exchange("POST", "/graphql", "", {}, body, status, {}, json.dumps(answer).encode(), git=False)


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        (graph_exchange("query {", {}), "Syntax Error"),
        (graph_exchange("query { viewers }", {"data": {}}), "viewers"),
        (graph_exchange("query { node(id: 1) { id } }", {"data": None}, status=500), "not 500"),
        (graph_exchange("query { node(id: 1) { id } }", {"errors": [{"message": ""}]}), "not an error"),
        (graph_exchange("query { node(id: 1) { id } }", {"data": None, "more": 1}), "unknown members"),
        (graph_exchange("query($i: ID!) { node(id: $i) { id } }", {"data": {}}, {}), "$i"),
    ],
)
def test_an_invalid_graphql_exchange_is_a_violation(exchange: Exchange, expected: str) -> None:
    contract = Contract()
    contract.observe(exchange)
    assert expected in " ".join(contract.violations)


def test_a_path_that_is_not_served_is_a_violation(tmp_path) -> None:
    contract = Contract()
    with Sandbox(tmp_path, observers=[contract.observe]) as hub:
        assert requests.get(f"{hub.url}/emojis", timeout=5).json()["message"] == "Not Found"
    assert len(contract.violations) == 1
