"""REST requests and answers against GitHub's published OpenAPI description."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from openapi_schema_validator import OAS30Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

from sandbox import Exchange

DOCUMENT = "urn:github"
# GitHub answers these everywhere, whatever the single operation documents.
EVERYWHERE = {
    "400": "body is not JSON",
    "401": "no or wrong token",
    "403": "missing permission, archived repository",
    "404": "hidden or absent",
}
# Seen from GitHub in practice, not documented at the operation.
SEEN = {
    ("DELETE", "/repos/{owner}/{repo}/git/refs/{ref}", "422"): "documented, but without a body",
    ("POST", "/repos/{owner}/{repo}/statuses/{sha}", "422"): "unknown commit or state",
    ("POST", "/repos/{owner}/{repo}/check-runs", "422"): "unknown commit or missing field",
    ("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", "422"): "unknown commit",
    ("GET", "/repos/{owner}/{repo}/commits/{ref}/status", "422"): "unknown commit",
    ("POST", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", "422"): "unknown ref",
}
# GitHub takes a bare list of labels, and its clients send one; the description knows only the object.
BARE_LABELS = {"type": "array", "items": {"type": "string"}}
ALSO_ACCEPTED = {("POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels"): BARE_LABELS}
# Media types are documented in prose only: https://docs.github.com/en/rest/using-the-rest-api/media-types
GITHUBS = r"application/vnd\.github(\.[\w-]+-preview|\.v3)?(\.(raw|full))?(\+json)?"
ACCEPTABLE = re.compile(rf"\*/\*|application/json|{GITHUBS}")
RAW = re.compile(r"application/vnd\.github(\.v3)?\.raw")
WITH_RAW = {("GET", "/repos/{owner}/{repo}/contents/{path}")}
VERSIONS = ("2022-11-28", "2026-03-10")
ERROR = {"$ref": f"{DOCUMENT}#/components/schemas/basic-error"}
Json = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One operation of the description."""

    method: str
    template: str
    pattern: re.Pattern[str]
    definition: Mapping[str, Any]


@cache
def document() -> Json:
    """The description, cut down to what the sandbox serves."""
    found: Json = json.loads(Path(__file__).with_name("openapi.json").read_text(encoding="utf-8"))
    # The head's repository is null when the fork was deleted, which the description forgets:
    # https://github.com/github/rest-api-description/issues/1811
    for name in ("pull-request", "pull-request-simple"):
        head = found["components"]["schemas"][name]["properties"]["head"]["properties"]
        head["repo"] = {"nullable": True, "oneOf": [head["repo"]]}
    _fix_contents(found["paths"]["/repos/{owner}/{repo}/contents/{path}"])
    _allow_null(found)
    return found


def _fix_contents(operations: Json) -> None:
    """A folder is an array, which has no field to recognise it by; and each of the two refusals is also the other."""
    content, conflict = operations["get"]["responses"]["200"], operations["put"]["responses"]["409"]
    del content["content"]["application/json"]["schema"]["discriminator"]
    schema = conflict["content"]["application/json"]["schema"]
    schema["anyOf"] = schema.pop("oneOf")


def _allow_null(node: Any) -> None:
    """GitHub writes `nullable` next to `oneOf` and `enum`, where OpenAPI 3.0 gives it no meaning.

    Null becomes one of the choices.
    """
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _allow_null(value)
    if isinstance(node, dict) and node.get("nullable") is True:
        for choices in (node.get("oneOf"), node.get("anyOf")):
            if isinstance(choices, list):
                choices.append({"enum": [None], "nullable": True})
        if isinstance(node.get("enum"), list):
            node["enum"].append(None)


@cache
def operations() -> list[Operation]:
    """All operations; those with the most fixed text first, so that `.../status` is not taken for a ref."""
    found = [
        Operation(method.upper(), template, _pattern(template, definition), definition)
        for template, methods in document()["paths"].items()
        for method, definition in methods.items()
    ]
    return sorted(found, key=lambda operation: -len(re.sub(r"{\w+}", "", operation.template)))


def _pattern(template: str, definition: Mapping[str, Any]) -> re.Pattern[str]:
    parameters = {one["name"]: one for one in _parameters(definition)}

    def place(match: re.Match[str]) -> str:
        return ".+" if parameters[match[1]].get("x-multi-segment") else "[^/]+"

    return re.compile(re.sub(r"{(\w+)}", place, template))


def find(method: str, path: str) -> Operation | None:
    """The operation that a request means."""
    fitting = (one for one in operations() if one.method == method and one.pattern.fullmatch(path))
    return next(fitting, None)


def problems(operation: Operation, exchange: Exchange) -> Iterable[str]:
    """Everything wrong with one exchange. What GitHub refuses as invalid need not be valid."""
    yield from _header_problems({name.lower(): value for name, value in exchange.headers.items()})
    if exchange.status < 400:
        yield from _query_problems(operation, exchange.query)
        yield from _body_problems(operation, exchange.body)
    yield from _answer_problems(operation, exchange)


def _header_problems(headers: Mapping[str, str]) -> Iterable[str]:
    for kind in headers.get("accept", "*/*").split(","):
        if not ACCEPTABLE.fullmatch(kind.partition(";")[0].strip()):
            yield f"media type {kind.strip()} is not documented"
    version = headers.get("x-github-api-version", VERSIONS[0])
    if version not in VERSIONS:
        yield f"API version {version} is not documented"
    if headers.get("authorization", "Bearer ").split(" ")[0] not in ("Bearer", "Basic", "token"):
        yield "this kind of authorization is not documented"


def _query_problems(operation: Operation, query: str) -> Iterable[str]:
    known = {one["name"]: one["schema"] for one in _parameters(operation.definition) if one["in"] == "query"}
    for name, text in parse_qsl(query):
        if name not in known:
            yield f"query parameter {name} is not documented"
        else:
            value = int(text) if known[name].get("type") == "integer" else text
            yield from _schema_problems(known[name], value)


def _body_problems(operation: Operation, body: bytes) -> Iterable[str]:
    documented = operation.definition.get("requestBody")
    if documented is None or (not body and not documented.get("required")):
        if body:
            yield "no request body is documented"
        return
    schema = documented["content"]["application/json"]["schema"]
    value, also = json.loads(body or b"{}"), ALSO_ACCEPTED.get((operation.method, operation.template))
    yield from _schema_problems({"anyOf": [schema, also]} if also else schema, value)
    names = schema.get("properties")
    if names and isinstance(value, dict):
        yield from (f"body field {name} is not documented" for name in value if name not in names)


def _answer_problems(operation: Operation, exchange: Exchange) -> Iterable[str]:
    status = str(exchange.status)
    responses = operation.definition["responses"]
    documented = _resolve(responses.get(status, {}))
    content = documented.get("content", {})
    schema = content["application/json"]["schema"] if "application/json" in content else None
    if exchange.status == 200 and RAW.match(exchange.response_headers.get("Content-Type", "")):
        yield from _raw_problems(operation, exchange)
        return
    if schema is None and (status in EVERYWHERE or (operation.method, operation.template, status) in SEEN):
        schema = ERROR
    if schema is not None:
        yield from _schema_problems(schema, json.loads(exchange.response_body))
    elif status not in responses:
        yield "status is not documented"
    elif exchange.response_body:
        yield "no response body is documented"


def _raw_problems(operation: Operation, exchange: Exchange) -> Iterable[str]:
    if (operation.method, operation.template) not in WITH_RAW:
        yield "no raw answer is documented"
    if not RAW.search(exchange.headers.get("Accept", "")):
        yield "a raw answer was not asked for"


def _parameters(definition: Mapping[str, Any]) -> list[Json]:
    return [_resolve(one) for one in definition.get("parameters", ())]


def _resolve(node: Json) -> Json:
    while "$ref" in node:
        found: Any = document()
        for part in node["$ref"].split("/")[1:]:
            found = found[part]
        node = found
    return node


# --- schemas ----------------------------------------------------------------------------------------------


@cache
def _registry() -> Registry[Any]:
    found: Registry[Any] = Registry().with_resource(DOCUMENT, DRAFT4.create_resource(document()))
    return found


@cache
def _validator(text: str) -> OAS30Validator:
    schema = json.loads(text.replace('"#/components/', f'"{DOCUMENT}#/components/'))
    return OAS30Validator(schema, registry=_registry(), format_checker=OAS30Validator.FORMAT_CHECKER)


def _schema_problems(schema: Any, value: Any) -> Iterable[str]:
    for error in _validator(json.dumps(schema)).iter_errors(value):
        yield f"{error.json_path}: {error.message[:300]}"
