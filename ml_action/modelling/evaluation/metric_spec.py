"""A metric with its parameters as one name, such as `f1(pos_label='yes')`: records, tables and lookups take names."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class MetricSpec:
    """A metric's own name, and the parameters that it is called with."""

    name: str
    params: Mapping[str, object]

    def __str__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.name}({arguments})" if arguments else self.name


def parse(text: str) -> MetricSpec:
    """Returns what the text names. A text that is no call of a name with literal arguments is a name itself."""
    name, bracket, _ = text.partition("(")
    if not bracket:
        return MetricSpec(text, {})
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if isinstance(call, ast.Call) and not call.args and all(word.arg for word in call.keywords):
            return MetricSpec(name.strip(), {str(word.arg): ast.literal_eval(word.value) for word in call.keywords})
    except (SyntaxError, ValueError):
        pass
    return MetricSpec(text, {})
