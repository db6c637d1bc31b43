"""Records as JSON for programs. Pure; standard library only.

A program gets the fields of the records, and no page: a page's words and order may change, its fields may not.
"""

from __future__ import annotations

import json
from typing import Any

from ml_action.core.codec import plain


def render(value: Any) -> str:
    """Returns JSON text from plain values. A number that JSON does not have, such as infinity, is null."""
    return json.dumps(plain(value), indent=2) + "\n"
