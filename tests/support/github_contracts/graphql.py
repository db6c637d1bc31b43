"""GraphQL requests and answers against GitHub's published schema."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    parse,
    validate,
)
from graphql.error import GraphQLSyntaxError
from graphql.execution.values import get_variable_values

from sandbox import Exchange

TYPES = {"FORBIDDEN", "NOT_FOUND", "UNPROCESSABLE", "STALE_DATA", "RATE_LIMITED", None}


@cache
def published() -> GraphQLSchema:
    """GitHub's schema, cut down to the types that the sandbox serves."""
    return build_schema(Path(__file__).with_name("schema.graphql").read_text(encoding="utf-8"))


def problems(exchange: Exchange) -> Iterable[str]:
    """Everything wrong with one exchange."""
    if exchange.status != 200:
        allowed = exchange.status in (400, 401)
        return [] if allowed else [f"GitHub answers GraphQL with 200, not {exchange.status}"]
    request, answer = json.loads(exchange.body), json.loads(exchange.response_body)
    return [*request_problems(request, answer), *answer_problems(answer)]


def request_problems(request: dict[str, Any], answer: dict[str, Any]) -> Iterable[str]:
    """A query that GitHub's schema refuses must have been refused."""
    try:
        document = parse(request["query"])
    except GraphQLSyntaxError as error:
        return [str(error)]
    faults = [error.message for error in validate(published(), document)]
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode) and not faults:
            faults += variable_problems(definition, request.get("variables") or {})
    return faults


def variable_problems(operation: OperationDefinitionNode, given: dict[str, Any]) -> list[str]:
    """Variables of the wrong type, missing or unknown."""
    declared = operation.variable_definitions or ()
    values = get_variable_values(published(), declared, given)
    return [error.message for error in values] if isinstance(values, list) else []


def answer_problems(answer: dict[str, Any]) -> Iterable[str]:
    """The shape of an answer with and without errors."""
    if not answer.keys() <= {"data", "errors"}:
        yield f"unknown members {sorted(answer)}"
    for error in answer.get("errors", ()):
        if not error.get("message") or error.get("type") not in TYPES:
            yield f"not an error of GitHub: {error}"
