"""Writes the JSON Schemas of ml-auto-update.toml and of model_metadata.json: `python -m scripts.docs.schemas`."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

from ml_action.config import parse
from ml_action.core import model_metadata

SETTINGS = Path("ml-auto-update.schema.json")
METADATA = Path("model_metadata.schema.json")


def settings_schema() -> str:
    """Returns the text of ml-auto-update.schema.json."""
    return json.dumps(parse.json_schema(), indent=2) + "\n"


def metadata_schema() -> str:
    """Returns the text of model_metadata.schema.json. The comments of the records describe their fields."""
    return json.dumps(model_metadata.json_schema(_comments), indent=2, ensure_ascii=False) + "\n"


def _comments(record: type) -> dict[str, str]:
    """Returns the comments next to the fields of a record, by field."""
    return dict(re.findall(r"(?m)^    (\w+): [^#\n]*#  ?(.+)$", inspect.getsource(record)))


if __name__ == "__main__":
    SETTINGS.write_text(settings_schema(), encoding="utf-8")
    METADATA.write_text(metadata_schema(), encoding="utf-8")
