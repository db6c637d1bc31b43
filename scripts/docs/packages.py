"""The table of packages in docs/architecture.md, from their docstrings. `make docs` writes it."""

from __future__ import annotations

import ast
from pathlib import Path

import tomllib

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "ml_action"


def layers() -> list[str]:
    """Returns the packages from the top layer to the bottom one, as the contract on imports lists them."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    found = next(contract["layers"] for contract in contracts if contract.get("containers") == [PACKAGE])
    return [name for layer in found for name in layer.split(" | ")]


def paragraphs(name: str) -> list[str]:
    """Returns the paragraphs of a package's docstring, or of a module's."""
    folder = ROOT / PACKAGE / name
    path = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return [" ".join(part.split()) for part in text.split("\n\n") if not part.startswith("    ")]


def table() -> str:
    """Returns the table of packages, from the top layer to the bottom one."""
    lines = ["| package | what it is | details |", "|---|---|---|"]
    for name in layers():
        about, *more = paragraphs(name)
        suffix = "/" if (ROOT / PACKAGE / name).is_dir() else ".py"
        lines.append(f"| `{name}{suffix}` | {about} | {more[0] if more else ''} |")
    return "\n".join(lines) + "\n"
