"""The page at `/`: try a prediction, see which version answers and how it came to be. Plain HTML, no script.

The form is sent to the page itself, which answers it: what works without a script needs none.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from pydantic import ValidationError

from ml_action.consumer import Served, Source
from ml_action.records import Version
from service import chart, openapi, schema
from service.schema import Column

if TYPE_CHECKING:
    from service.app import Service

CSS = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
HTML = "text/html; charset=utf-8"
LINKS = {"/docs": "Interface", "/model": "Model", "/readyz": "State", "/metrics": "Metrics"}
MOST_FIELDS = 200  # of a form; who sends more sends JSON


def add_routes(app: FastAPI, service: Service) -> None:
    """The page, its style, and the documentation."""

    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        # In a thread: the source may be slow to tell the decision, and the model to predict.
        content = await asyncio.to_thread(render, service, dict(request.query_params))
        return Response(content, media_type=HTML)

    @app.get("/page.css", include_in_schema=False)
    async def style() -> Response:
        return Response(CSS, media_type="text/css; charset=utf-8")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        said = await asyncio.to_thread(lambda: openapi.as_page(app.openapi()))
        body = f'<p><a href="/">Back</a> · <a href="/openapi.json">openapi.json</a></p>{said}'
        return Response(framed("The interface", body), media_type=HTML)


def framed(title: str, body: str) -> str:
    """A whole document."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="/page.css"></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def render(service: Service, fields: Mapping[str, str]) -> str:
    """The page for what the form holds."""
    served, status = service.served(), service.consumer.status
    if served is None:
        return framed("No model yet", f'<p role="status">{escape(status.problem or "Nobody has looked yet.")}</p>')
    notice = ""
    if status.problem:
        newest = f"{status.wanted} does not answer yet; " if status.wanted not in ("", status.version) else ""
        told = f"<strong>{escape(newest)}{escape(status.version)} goes on.</strong> {escape(status.problem)}"
        notice = f'<p class="notice" role="status">{told}</p>'
    parts = [
        notice,
        _form(served, fields),
        _version(served),
        _decision(served, service.decision.text()),
        _history(served),
    ]
    links = " · ".join(f'<a href="{path}">{name}</a>' for path, name in LINKS.items())
    return framed(f"Predict {served.version.target}", "".join(parts) + f"<p>{links}</p>")


# --- the form ---------------------------------------------------------------------------------------------


def _form(served: Served, fields: Mapping[str, str]) -> str:
    columns = served.prepared.columns
    if len(columns) > MOST_FIELDS:
        return f"<p>{len(columns)} features are too many for a form: send them to <code>/predict</code>.</p>"
    row = schema.from_texts(fields, columns)
    result, wrong = _answered(served, row) if fields else ("", {})
    first = next((column.name for column in columns if column.name in wrong), None)
    inputs = "".join(
        _input(place, column, fields, wrong.get(column.name, ""), column.name == first)
        for place, column in enumerate(columns)
    )
    return (
        f'<section aria-labelledby="try"><h2 id="try">Try it</h2><form method="get" action="/">{inputs}'
        f"<button>Predict</button></form>{result}</section>"
    )


def _answered(served: Served, row: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """What is shown below the form, and what is wrong with which field."""
    try:
        checked = served.prepared.row.validate_python(row)
    except ValidationError as error:
        wrong = {str(problem["loc"][-1]): problem["msg"] for problem in error.errors(include_url=False)}
        for column in served.prepared.columns:
            if column.required and column.name not in row:
                wrong[column.name] = "A value is needed."
        return '<p class="result bad" role="alert">No prediction: see the fields above.</p>', wrong
    (prediction,) = served.predict([checked])
    answers = prediction if isinstance(prediction, dict) else {served.version.target: prediction}
    said = ", ".join(f"{escape(name)} = <strong>{escape(_shown(value))}</strong>" for name, value in answers.items())
    return f'<p class="result" role="status">{said} <span class="by">({escape(served.version.version)})</span></p>', {}


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # as the interface spells it
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _input(place: int, column: Column, fields: Mapping[str, str], wrong: str, focused: bool) -> str:
    name, key = escape(column.name), f"f{place}"
    value = fields.get(column.name, "" if fields else _example(column))
    hints = [hint for hint in (_hint(column), wrong) if hint]
    described = f' aria-describedby="{key}-h"' if hints else ""
    invalid = ' aria-invalid="true"' if wrong else ""
    common = f'id="{key}" name="{name}"{described}{invalid}{" autofocus" if focused else ""}'
    hint = f'<small id="{key}-h"{" class=bad" if wrong else ""}>{escape(". ".join(hints))}</small>' if hints else ""
    optional = "" if column.required else " <span class=by>(may be empty)</span>"
    label = f'<label for="{key}">{name}{optional}</label>'
    return f'<div class="field">{label}{_control(column, common, key, value)}{hint}</div>'


def _control(column: Column, common: str, key: str, value: str) -> str:
    if column.kind == "boolean" or column.closed:
        names = ("true", "false") if column.kind == "boolean" else column.known
        options = "".join(f"<option{' selected' if name == value else ''}>{escape(name)}</option>" for name in names)
        return f"<select {common}><option></option>{options}</select>"
    mode = ' inputmode="decimal"' if column.kind == "number" else ""
    known = f' list="{key}-l"' if column.known else ""
    options = "".join(f'<option value="{escape(name)}">' for name in column.known)
    choices = f'<datalist id="{key}-l">{options}</datalist>' if column.known else ""
    return f'<input {common}{mode}{known} autocomplete="off" value="{escape(value)}">{choices}'


def _example(column: Column) -> str:
    return "" if column.example is None else _shown(column.example)


def _hint(column: Column) -> str:
    return f"Usually {column.usual[0]:.6g} to {column.usual[1]:.6g}" if column.usual else ""


# --- what answers, and why --------------------------------------------------------------------------------


def _version(served: Served) -> str:
    version = served.version
    rows = {
        "Version": version.version,
        "Trained": version.created,
        version.metric: _score(version),
        "On": f"{version.datasets} datasets, {version.rows} rows",
        "Estimator": version.estimator,
        "Data": version.data_tree[:12],
        "sha256": version.sha256[:16] + "…",
        "In service since": served.since,
    }
    cells = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows.items())
    return f'<section aria-labelledby="now"><h2 id="now">What answers</h2><dl>{cells}</dl></section>'


def _score(version: Version) -> str:
    found = chart.figures(version)
    return f"{found[1]:#.4g} ({found[0]:#.4g} to {found[2]:#.4g})" if found else "none"


def _decision(served: Served, decision: str) -> str:
    version = served.version
    said = decision or f"promote {version.version}: {version.reason}"
    return f'<section aria-labelledby="why"><h2 id="why">The last decision</h2><p>{escape(said)}</p></section>'


class Decision:
    """The last decision, from the state branch where the source knows it: asked for once in so many seconds, however
    many people look at the page.
    """

    def __init__(self, source: Source, every: float) -> None:
        self._source = source
        self._every = every
        self._text = ""
        self._next = 0.0
        self._asking = threading.Lock()

    def text(self) -> str:
        """As it was told last, also while nobody answers; empty: nobody knows. Who comes while somebody asks does not
        wait.
        """
        if time.monotonic() >= self._next and self._asking.acquire(blocking=False):
            try:
                self._text = _told(self._source.counter()) or self._text
                self._next = time.monotonic() + self._every
            finally:
                self._asking.release()
        return self._text


def _told(counter: bytes) -> str:
    try:
        said = json.loads(counter or b"{}")
        reason = f": {said['reason']}" if said.get("reason") else ""
        return f"{said['last_decision']}{reason} ({said['since']})" if said["last_decision"] else ""
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""


def _history(served: Served) -> str:
    versions: Sequence[Version] = served.history.versions
    drawn = chart.draw(versions, served.version.version)
    heads = ("Version", "Trained", served.version.metric, "Datasets", "Why")
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    rows = "".join(_past(version, served.version.version) for version in reversed(versions[-chart.MOST :]))
    return (
        f'<section aria-labelledby="history"><h2 id="history">History</h2>{drawn}'
        '<div class="wide" tabindex="0" role="region" aria-labelledby="history">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _past(version: Version, current: str) -> str:
    cells = (version.created[:10], _score(version), str(version.datasets), version.reason)
    marked = " class=current aria-current=true" if version.version == current else ""
    told = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr{marked}><th scope="row">{escape(version.version)}</th>{told}</tr>'
