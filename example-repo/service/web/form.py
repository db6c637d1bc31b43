"""The form of the page: one field for each feature, and the prediction for what was entered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from ml_action.consumer import LoadedModel
from service import schema
from service.parsing import RefusedError
from service.schema import Column

MAX_FIELDS = 200  # models with more features take JSON only


@dataclass(frozen=True)
class _Result:
    """What the form answers: HTML to show below it, and what is wrong with each field by name."""

    html: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


def render(served: LoadedModel, values: Mapping[str, str]) -> str:
    """Returns the section with the form. `values` holds what was entered; it is empty at the first visit."""
    columns = served.prepared.schema.columns
    if len(columns) > MAX_FIELDS:
        return f"<p>{len(columns)} features are too many for a form: send them to <code>/predict</code>.</p>"
    result = _predict(served, schema.row_from_texts(values, columns)) if values else _Result()
    first_error = next((column.name for column in columns if column.name in result.errors), None)
    inputs = "".join(
        _field(f"f{position}", column, _value(column, values), result.errors.get(column.name, ""), first_error)
        for position, column in enumerate(columns)
    )
    return (
        f'<section aria-labelledby="try"><h2 id="try">Try it</h2><form method="get" action="/">{inputs}'
        f"<button>Predict</button></form>{result.html}</section>"
    )


def _predict(served: LoadedModel, row: dict[str, Any]) -> _Result:
    try:
        valid = served.prepared.schema.requests.one(row)
    except RefusedError as error:
        errors = {str(problem["loc"][-1]): problem["msg"] for problem in error.problems}
        for column in served.prepared.schema.columns:
            if column.required and column.name not in row:
                errors[column.name] = "A value is needed."
        return _Result('<p class="result bad" role="alert">No prediction: see the fields above.</p>', errors)
    (prediction,) = served.predict([valid])
    answers = prediction if isinstance(prediction, dict) else {served.version.target: prediction}
    shown = ", ".join(f"{escape(name)} = <strong>{escape(_text(value))}</strong>" for name, value in answers.items())
    version = escape(served.version.version)
    return _Result(f'<p class="result" role="status">{shown} <span class="by">({version})</span></p>')


def _value(column: Column, values: Mapping[str, str]) -> str:
    """Returns what was entered; at the first visit the example."""
    if values:
        return values.get(column.name, "")
    return "" if column.example is None else _text(column.example)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # the spelling of the JSON interface
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _field(key: str, column: Column, value: str, error: str, first_error: str | None) -> str:
    """Returns label, control and hint of one feature. The first field with an error takes the focus."""
    name = escape(column.name)
    hints = [hint for hint in (_usual_range(column), error) if hint]
    described = f' aria-describedby="{key}-h"' if hints else ""
    invalid = ' aria-invalid="true"' if error else ""
    focus = " autofocus" if column.name == first_error else ""
    common = f'id="{key}" name="{name}"{described}{invalid}{focus}'
    hint = f'<small id="{key}-h"{" class=bad" if error else ""}>{escape(". ".join(hints))}</small>' if hints else ""
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


def _usual_range(column: Column) -> str:
    return f"Usually {column.usual[0]:.6g} to {column.usual[1]:.6g}" if column.usual else ""
