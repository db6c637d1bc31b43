"""The OpenAPI description, with the request schema of the version that answers."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from ml_action.consumer import Served

_REFERENCE = "#/components/schemas/{model}"


class Described:
    """The description, made once for each version: of a thousand columns it takes long."""

    def __init__(self, app: FastAPI, served: Callable[[], Served | None]) -> None:
        self._app = app
        self._served = served
        self._made: tuple[object, dict[str, Any]] = (self, {})

    def __call__(self) -> dict[str, Any]:
        """As it is now."""
        served = self._served()
        of = served and (served.version, served.since)  # not the model: it would stay in memory
        if self._made[0] != of:
            self._made = of, describe(self._app, served)
        return self._made[1]


def describe(app: FastAPI, served: Served | None) -> dict[str, Any]:
    """The description as it is now: it changes with the version."""
    said = get_openapi(title=app.title, version=app.version, routes=app.routes)
    if served:
        said["info"]["description"] = f"{served.version.version} answers: {served.version.target}"
        components = said.setdefault("components", {}).setdefault("schemas", {})
        _add_body(
            said, components, "/predict", "Rows", served.prepared.row, served.prepared.rows, dict(served.version.sample)
        )
        _add_body(said, components, "/feedback", "LabelledRows", None, served.prepared.labelled, None)
    return said


def _add_body(
    said: dict[str, Any], components: dict[str, Any], path: str, name: str,
    one: TypeAdapter[Any] | None, many: TypeAdapter[Any], example: object,
) -> None:  # fmt: skip
    kinds = [kind.json_schema(ref_template=_REFERENCE) for kind in (one, many) if kind]
    for kind in kinds:
        components.update(kind.pop("$defs", {}))
    components[name] = {"anyOf": kinds} if len(kinds) > 1 else kinds[0]
    content = {"schema": {"$ref": _REFERENCE.format(model=name)}} | ({"example": example} if example else {})
    said["paths"][path]["post"]["requestBody"] = {"required": True, "content": {"application/json": content}}


def as_page(said: dict[str, Any]) -> str:
    """The description as a plain page: no script, nothing from elsewhere."""
    parts = [
        f"<section><h2><code>{method.upper()} {html.escape(path)}</code></h2><p>{html.escape(operation['summary'])}</p>"
        + _body(operation)
        + "</section>"
        for path, operations in said["paths"].items()
        for method, operation in operations.items()
    ]
    schemas = html.escape(json.dumps(said.get("components", {}).get("schemas", {}), indent=2))
    return "".join(parts) + f"<section><h2>Schemas</h2><pre tabindex=0>{schemas}</pre></section>"


def _body(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    example = content.get("example")
    return f"<pre tabindex=0>{html.escape(json.dumps(example))}</pre>" if example else ""
