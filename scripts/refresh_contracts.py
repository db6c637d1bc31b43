"""Writes tests/support/github_contracts/: GitHub's published contracts, cut down to what the sandbox serves.

Sources: the npm packages @octokit/openapi (GitHub's OpenAPI description) and @octokit/graphql-schema
(its GraphQL schema), both MIT-licensed. Run it when the sandbox serves a new operation or a new GraphQL type, or to
follow GitHub: `python scripts/refresh_contracts.py`. It needs npm and the network; the tests need neither.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from graphql import EnumTypeDefinitionNode, ScalarTypeDefinitionNode, TypeNode, parse, print_ast

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from sandbox.app import OPERATIONS  # noqa: E402  of this checkout: they decide what is kept

OPENAPI, GRAPHQL = "@octokit/openapi@23.0.2", "@octokit/graphql-schema@15.26.1"
TARGET = ROOT / "tests/support/github_contracts"
NOISE = ("description", "examples", "example", "x-github", "externalDocs", "tags", "operationId")
Json = dict[str, Any]


def main() -> None:
    """Fetches both packages and writes both files."""
    openapi = json.loads(fetch(OPENAPI, "package/generated/api.github.com.json"))
    (TARGET / "openapi.json").write_text(json.dumps(prune_openapi(openapi), indent=1) + "\n", encoding="utf-8")
    schema = fetch(GRAPHQL, "package/schema.graphql").decode()
    (TARGET / "schema.graphql").write_text(prune_graphql(schema), encoding="utf-8")


def fetch(package: str, member: str) -> bytes:
    """Returns a file of a published npm package."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        archive = next(Path(folder).glob("*.tgz")).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        found = tar.extractfile(member)
        if found is None:
            raise FileNotFoundError(member)
        return found.read()


# --- REST -------------------------------------------------------------------------------------------------


def prune_openapi(source: Json) -> Json:
    """Returns the served operations with every component that they refer to."""
    paths: dict[str, Json] = {}
    for method, rule in OPERATIONS:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)
        paths.setdefault(path, {})[method.lower()] = without_prose(source["paths"][path][method.lower()])
    header = {"source": OPENAPI, "license": "MIT", "written_by": "scripts/refresh_contracts.py"}
    pruned: Json = {"x-source": header, "openapi": source["openapi"], "info": source["info"], "paths": paths}
    waiting = list(references(paths))
    while waiting:
        waiting += copy_component(pruned, source, waiting.pop())
    return pruned


def copy_component(pruned: Json, source: Json, reference: str) -> list[str]:
    """Copies a component. Returns the references in it."""
    _, *groups, name = reference.split("/")
    copied, published = pruned, source
    for group in groups:
        copied, published = copied.setdefault(group, {}), published[group]
    if name in copied:
        return []
    copied[name] = without_prose(published[name])
    return list(references(copied[name]))


def references(node: Any) -> Iterator[str]:
    """Yields every `$ref` in a node."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def without_prose(node: Any, *, named: bool = False) -> Any:
    """Returns a node without prose and examples. In `properties` keys are names, so `description` stays there."""
    if isinstance(node, list):
        return [without_prose(value) for value in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if named or key not in NOISE}
    return {key: without_prose(value, named=not named and key == "properties") for key, value in kept.items()}


# --- GraphQL ----------------------------------------------------------------------------------------------


def prune_graphql(source: str) -> str:
    """Returns the types of the sandbox's schema, with all published fields that use kept types only.

    Next to the sandbox's own types, every scalar, enum and input type that one of the fields needs is kept.
    """
    published = {definition.name.value: definition for definition in parse(source).definitions}  # type: ignore[attr-defined]
    own = files("sandbox.graphql").joinpath("schema.graphql").read_text(encoding="utf-8")
    served = {definition.name.value for definition in parse(own).definitions}  # type: ignore[attr-defined]
    builtin = {"ID", "Int", "String", "Boolean", "Float"}
    small = (ScalarTypeDefinitionNode, EnumTypeDefinitionNode)
    known = served | builtin | {name for name, definition in published.items() if isinstance(definition, small)}
    kept = {name: cut(published[name], known.__contains__) for name in served}
    for name in needed(kept.values()) - kept.keys() - builtin:
        kept[name] = plain(published[name])
    header = f"# Source: {GRAPHQL} (MIT), cut down by scripts/refresh_contracts.py\n\n"
    return header + "\n\n".join(print_ast(kept[name]) for name in sorted(kept)) + "\n"


def cut(definition: Any, known: Callable[[str], bool]) -> Any:
    """Returns a definition without fields, arguments and interfaces that need a type that is not kept."""
    changes: Json = {}
    if hasattr(definition, "fields"):
        kept = [field for field in definition.fields if known(named(field.type))]
        changes["fields"] = tuple(cut_arguments(field, known) for field in kept)
    if hasattr(definition, "interfaces"):
        changes["interfaces"] = tuple(one for one in definition.interfaces or () if known(one.name.value))
    return plain(replace(definition, **changes))


def cut_arguments(field: Any, known: Callable[[str], bool]) -> Any:
    """Returns a field without the arguments that need a type that is not kept."""
    if not hasattr(field, "arguments"):
        return field
    return replace(field, arguments=tuple(arg for arg in field.arguments or () if known(named(arg.type))))


def named(kind: TypeNode) -> str:
    """Returns the name of a type without lists and non-nulls."""
    inner: Any = kind
    while hasattr(inner, "type"):
        inner = inner.type
    name: str = inner.name.value
    return name


def needed(definitions: Any) -> set[str]:
    """Returns the names of the types that fields and arguments use."""
    names: set[str] = set()
    for definition in definitions:
        for field in getattr(definition, "fields", None) or ():
            names.add(named(field.type))
            names |= {named(argument.type) for argument in getattr(field, "arguments", None) or ()}
    return names


def plain(node: Any) -> Any:
    """Returns a definition without prose and directives, at every level."""
    changes: Json = {name: None for name in ("description", "directives") if getattr(node, name, None)}
    for name in ("fields", "values", "arguments"):
        if getattr(node, name, None):
            changes[name] = tuple(plain(part) for part in getattr(node, name))
    return replace(node, **changes)


if __name__ == "__main__":
    main()
