"""The OpenAPI description, with the request schema of the version that answers."""

from __future__ import annotations

import html
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from ml_action.consumer import LoadedModel

_REFERENCE = "#/components/schemas/{model}"


@dataclass(frozen=True)
class _Entry:
    """A description, and the version that it is for. Replaced as a whole, since threads share it."""

    key: object
    text: str  # JSON
    html: str


class OpenApiCache:
    """The description, made once for each version: with a thousand columns this is slow."""

    def __init__(self, app: FastAPI, served: Callable[[], LoadedModel | None]) -> None:
        self._app = app
        self._served = served
        self._entry: _Entry | None = None
        self._making = threading.Lock()

    def text(self) -> str:
        """Returns the description for the version that answers now, as JSON."""
        return self._current().text

    def html(self) -> str:
        """Returns it as a part of a page."""
        return self._current().html

    def _current(self) -> _Entry:
        served = self._served()
        key = served and (served.version, served.since)  # not the model: the cache would keep it in memory
        with self._making:
            if self._entry is None or self._entry.key != key:
                description = describe(self._app, served)
                self._entry = _Entry(key, json.dumps(description), as_html(description))
            return self._entry


def describe(app: FastAPI, served: LoadedModel | None) -> dict[str, Any]:
    """Returns the description for this version, or without request schemas before the first one."""
    description = get_openapi(title=app.title, version=app.version, routes=app.routes)
    if served:
        description["info"]["description"] = f"{served.version.version} answers: {served.version.target}"
        schema = served.prepared.schema
        _set_body(description, "/predict", "Rows", (schema.requests.row, schema.requests.rows), schema.example)
        _set_body(description, "/feedback", "LabelledRows", (schema.labelled.rows,), None)
    return description


def _set_body(
    description: dict[str, Any], path: str, name: str, types: tuple[TypeAdapter[Any], ...], example: object
) -> None:
    """Adds the body of a POST as the component `name`, which is any of `types`."""
    components = description.setdefault("components", {}).setdefault("schemas", {})
    schemas = [kind.json_schema(ref_template=_REFERENCE) for kind in types]
    for schema in schemas:
        components.update(schema.pop("$defs", {}))
    components[name] = {"anyOf": schemas} if len(schemas) > 1 else schemas[0]
    content = {"schema": {"$ref": _REFERENCE.format(model=name)}} | ({"example": example} if example else {})
    body = {"required": True, "content": {"application/json": content}}
    description["paths"][path]["post"]["requestBody"] = body


def as_html(description: dict[str, Any]) -> str:
    """Returns the description as plain HTML: no script, and nothing from other hosts."""
    parts = [
        f"<section><h2><code>{method.upper()} {html.escape(path)}</code></h2><p>{html.escape(operation['summary'])}</p>"
        + _example(operation)
        + "</section>"
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    ]
    schemas = html.escape(json.dumps(description.get("components", {}).get("schemas", {}), indent=2))
    return "".join(parts) + f"<section><h2>Schemas</h2><pre tabindex=0>{schemas}</pre></section>"


def _example(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    example = content.get("example")
    return f"<pre tabindex=0>{html.escape(json.dumps(example))}</pre>" if example else ""
