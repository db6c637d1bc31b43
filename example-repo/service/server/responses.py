"""Responses in JSON."""

from __future__ import annotations

import json

from fastapi import Request, Response

from ml_action.core.codec import plain


def json_response(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Returns a JSON response. NaN and infinity, which a model may predict, become null."""
    try:
        text = json.dumps(content, allow_nan=False)
    except ValueError:
        text = json.dumps(plain(content))
    return Response(text, status, headers, media_type="application/json")


def error_response(status: int, detail: object, headers: dict[str, str] | None = None) -> Response:
    """Returns an error in FastAPI's format."""
    return json_response({"detail": detail}, status, headers)


async def internal_error(_: Request, __: Exception) -> Response:
    """Returns a 500 without details for the client: `middleware` logs the traceback."""
    return error_response(500, "The service failed; its log says why.")
