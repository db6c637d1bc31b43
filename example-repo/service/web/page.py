"""The page at `/`: try a prediction, see which version answers and how it came to be.

The form is sent to the page itself, which answers it, so it works without a script.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from fastapi import FastAPI, Request, Response

from ml_action.consumer import Status, Version
from service.openapi import OpenApiCache
from service.state import ServiceState
from service.web import chart, form
from service.web.last_decision import LastDecision

CSS = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
HTML = "text/html; charset=utf-8"
LINKS = {"/docs": "Interface", "/model": "Model", "/readyz": "State", "/metrics": "Metrics"}


def add_routes(app: FastAPI, state: ServiceState, last_decision: LastDecision, description: OpenApiCache) -> None:
    """Adds the page, its style sheet, and the documentation of the interface."""

    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        values = dict(request.query_params)
        # In a thread: the source may be slow to return the decision, and the model to predict.
        return Response(await asyncio.to_thread(_page, state, last_decision, values), media_type=HTML)

    @app.get("/page.css", include_in_schema=False)
    async def style() -> Response:
        return Response(CSS, media_type="text/css; charset=utf-8")

    @app.get("/openapi.json", include_in_schema=False)
    async def interface() -> Response:
        return Response(await asyncio.to_thread(description.text), media_type="application/json")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        interface = await asyncio.to_thread(description.html)
        body = f'<p><a href="/">Back</a> · <a href="/openapi.json">openapi.json</a></p>{interface}'
        return Response(_document("The interface", body), media_type=HTML)


def _page(state: ServiceState, last_decision: LastDecision, values: Mapping[str, str]) -> str:
    """Returns the page. `values` holds what was entered in the form."""
    served, status = state.served(), state.consumer.status
    if served is None:
        problem = escape(status.problem or "The source has not been checked yet.")
        return _document("No model yet", f'<p role="status">{problem}</p>')
    sections = (
        _notice(status),
        form.render(served, values),
        _version(served.version, served.since),
        _decision(served.version, last_decision.text()),
        _history(served.history.versions, served.version),
    )
    links = " · ".join(f'<a href="{path}">{name}</a>' for path, name in LINKS.items())
    return _document(f"Predict {served.version.target}", "".join(sections) + f"<p>{links}</p>")


def _document(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="/page.css"></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def _notice(status: Status) -> str:
    """Returns what keeps the newest version from answering, or ""."""
    if not status.problem:
        return ""
    newest = f"{status.wanted} does not answer yet; " if status.wanted not in ("", status.version) else ""
    headline = f"<strong>{escape(newest)}{escape(status.version)} still answers.</strong>"
    return f'<p class="notice" role="status">{headline} {escape(status.problem)}</p>'


def _version(version: Version, loaded: str) -> str:
    rows = {
        "Version": version.version,
        "Trained": version.created,
        version.metric: _score(version),
        "On": f"{version.datasets} datasets, {version.rows} rows",
        "Estimator": version.estimator,
        "Data": version.data_tree[:12],
        "sha256": version.sha256[:16] + "…",
        "In service since": loaded,
    }
    cells = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows.items())
    return f'<section aria-labelledby="now"><h2 id="now">What answers</h2><dl>{cells}</dl></section>'


def _score(version: Version) -> str:
    found = chart.score_interval(version)
    return f"{found.score:#.4g} ({found.low:#.4g} to {found.high:#.4g})" if found else "none"


def _decision(version: Version, decision: str) -> str:
    text = decision or f"promote {version.version}: {version.reason}"
    return f'<section aria-labelledby="why"><h2 id="why">The last decision</h2><p>{escape(text)}</p></section>'


def _history(versions: Sequence[Version], current: Version) -> str:
    drawing = chart.draw(versions, current.version)
    titles = ("Version", "Trained", current.metric, "Datasets", "Why")
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    rows = "".join(_history_row(version, current) for version in reversed(versions[-chart.MAX_VERSIONS :]))
    return (
        f'<section aria-labelledby="history"><h2 id="history">History</h2>{drawing}'
        '<div class="wide" tabindex="0" role="region" aria-labelledby="history">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _history_row(version: Version, current: Version) -> str:
    values = (version.created[:10], _score(version), str(version.datasets), version.reason)
    marked = " class=current aria-current=true" if version.version == current.version else ""
    cells = "".join(f"<td>{escape(value)}</td>" for value in values)
    return f'<tr{marked}><th scope="row">{escape(version.version)}</th>{cells}</tr>'
