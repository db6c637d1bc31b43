"""Every regular expression of the product, found in its source, and texts on which a careless one is slow.

A pattern is found where it is used: `re.search(PATTERN, …)`, `NAME.fullmatch` of a `NAME = re.compile(…)`, and pandas'
`.str.fullmatch(…)`. So a new one is measured without being listed anywhere.
"""

from __future__ import annotations

import ast
import importlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDERS = {"ml_action": ROOT, "sandbox": ROOT, "service": ROOT / "example-repo"}
METHODS = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")
MANY = 12  # repetitions from which on a text of untrusted length decides how many there are
MAX_PUMPS = 60


@dataclass(frozen=True)
class Use:
    """A pattern and what is called on it."""

    where: str  # module:line
    pattern: re.Pattern[Any]
    method: str  # search is used for all methods that look at every place

    def run(self, text: str) -> None:
        """Uses the pattern on a text, or on its bytes."""
        given = text if isinstance(self.pattern.pattern, str) else text.encode("utf-8", "replace")
        if self.method in ("match", "fullmatch"):
            getattr(self.pattern, self.method)(given)
        else:
            for _ in self.pattern.finditer(given):
                pass


@dataclass(frozen=True)
class Found:
    """What is in the source: uses, and calls of which the pattern is made at run time."""

    uses: tuple[Use, ...]
    unknown: tuple[str, ...]


def collect() -> Found:
    """Returns every use of a pattern in the three packages."""
    uses: dict[tuple[Any, int, str], Use] = {}
    unknown: list[str] = []
    trees = {
        path: ast.parse(path.read_text()) for name, root in FOLDERS.items() for path in (root / name).rglob("*.py")
    }
    called = _methods_by_name(trees.values())
    for path, tree in trees.items():
        root = next(root for name, root in FOLDERS.items() if path.is_relative_to(root / name))
        module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        for call, pattern_node, flags in _calls(tree):
            where = f"{module}:{call.lineno}"
            pattern = _evaluated(pattern_node, flags, module)
            if pattern is None:
                unknown.append(f"{module}: {ast.unparse(pattern_node)}")
                continue
            for method in _methods_of(call, tree, called):
                kind = method if method in ("match", "fullmatch") else "search"
                uses.setdefault((pattern.pattern, pattern.flags, kind), Use(where, pattern, kind))
    return Found(tuple(uses.values()), tuple(sorted(unknown)))


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, ast.expr, list[ast.expr]]]:
    """Yields each call that takes a pattern, with the nodes of the pattern and of its flags."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        owner, name = node.func.value, node.func.attr
        flags = [word.value for word in node.keywords if word.arg == "flags"]
        if isinstance(owner, ast.Name) and owner.id == "re" and name in (*METHODS, "compile"):
            place = 2 if name in ("match", "fullmatch", "search", "findall", "finditer") else 1
            yield (
                node,
                node.args[0],
                flags or (node.args[place : place + 1] if name != "sub" and name != "split" else []),
            )
        elif isinstance(owner, ast.Attribute) and owner.attr == "str" and name in ("match", "fullmatch", "extract"):
            yield node, node.args[0], flags


def _evaluated(node: ast.expr, flags: list[ast.expr], module: str) -> re.Pattern[Any] | None:
    """Compiles what the source says, with the module's own names; None for what is only known at run time."""
    names = vars(importlib.import_module(module))
    try:
        text, *rest = (eval(ast.unparse(part), dict(names)) for part in (node, *flags))  # noqa: S307
        return re.compile(text, *rest)
    except NameError:
        return None


def _methods_by_name(trees: Any) -> dict[str, set[str]]:
    """Returns what is called on each name, in any module: `NAME.search` or `module.NAME.search`."""
    found: dict[str, set[str]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                owner = node.value
                name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
                found.setdefault(name, set()).add(node.attr)
    return found


def _methods_of(call: ast.Call, tree: ast.Module, called: dict[str, set[str]]) -> set[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name != "compile":
        return {name} & set(METHODS) or {"search"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and node.value is call and isinstance(node.targets[0], ast.Name):
            return called.get(node.targets[0].id) or {"search"}
    return {"search"}


@dataclass(frozen=True)
class Hostile:
    """A text of any length: its beginning, what is repeated, and its end."""

    way: str
    pump: str
    end: str

    def text(self, length: int) -> str:
        """Returns the text, in which the repeated part has about `length` characters."""
        return self.way + self.pump * max(1, length // len(self.pump)) + self.end


def hostile_texts(pattern: re.Pattern[Any]) -> Iterator[Hostile]:
    """Yields texts that repeat what the pattern repeats, and then do not match.

    The beginnings are the ways to each repetition; what is repeated are words of one, two and three pieces of the
    pattern; the ends are characters that the pattern does not expect there.
    """
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    tree = parser.parse(text, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags)
    pieces = [*dict.fromkeys(filter(None, _pieces(tree)))]
    ways = [*dict.fromkeys(["", *_ways(tree)])]
    pumps = [*dict.fromkeys([*pieces, *("".join(pair) for pair in itertools.permutations(pieces[:8], 2)), *ways[1:]])]
    for pump in filter(None, pumps[:MAX_PUMPS]):
        for way in ways:
            yield from (Hostile(way, pump, end) for end in ("", "\0"))


def _ways(tree: Any, before: str = "") -> Iterator[str]:
    """Yields a text that leads to each repetition in the tree, and one that passes all of it."""
    for code, argument in tree:
        if code in _REPEATS and argument[1] > MANY:
            yield before
            yield from _ways(argument[2], before)
        elif code is codes.BRANCH:
            for branch in argument[1]:
                yield from _ways(branch, before)
        elif code is codes.SUBPATTERN:
            yield from _ways(argument[3], before)
        before += _sample(code, argument)
    yield before


_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)


def _pieces(tree: Any) -> Iterator[str]:
    """Yields single characters that the pattern distinguishes, and what each of its repetitions repeats."""
    for code, argument in tree:
        if code in _REPEATS and argument[1] > MANY:
            yield "".join(_sample(*item) for item in argument[2])
        inner = _inner(code, argument)
        for part in inner:
            yield from _pieces(part)
        if code is codes.IN:
            yield from _characters(argument)
        elif not inner and code is not codes.AT:
            yield _sample(code, argument)


def _inner(code: Any, argument: Any) -> list[Any]:
    """Returns the trees within a node."""
    if code in _REPEATS:
        return [argument[2]]
    if code is codes.BRANCH:
        return list(argument[1])
    if code is codes.SUBPATTERN:
        return [argument[3]]
    if code in (codes.ASSERT, codes.ASSERT_NOT):
        return [argument[1]]
    return [argument] if code is codes.ATOMIC_GROUP else []


def _characters(items: Any) -> Iterator[str]:
    """Yields characters of a class; a blank may be a line end, too."""
    yield from (_sample(codes.IN, [item]) for item in items[:6] if item[0] is not codes.NEGATE)
    yield _sample(codes.IN, items)
    if (codes.CATEGORY, codes.CATEGORY_SPACE) in items:
        yield "\n"


_CATEGORIES = {
    codes.CATEGORY_SPACE: " ", codes.CATEGORY_DIGIT: "1", codes.CATEGORY_WORD: "a",
    codes.CATEGORY_NOT_SPACE: "a", codes.CATEGORY_NOT_DIGIT: "a", codes.CATEGORY_NOT_WORD: " ",
}  # fmt: skip


def _sample(code: Any, argument: Any) -> str:
    """Returns a text that a node of the tree matches, the shortest but for repetitions, which are there once."""
    if code is codes.LITERAL:
        return chr(argument)
    if code in (codes.ANY, codes.NOT_LITERAL):
        return "a" if argument != ord("a") else "b"
    if code is codes.IN:
        return _of_class(argument)
    if code in _REPEATS:
        return "".join(_sample(*item) for item in argument[2]) * max(1, argument[0])
    if code is codes.BRANCH:
        return "".join(_sample(*item) for item in argument[1][0])
    if code is codes.SUBPATTERN:
        return "".join(_sample(*item) for item in argument[3])
    return "".join(_sample(*item) for item in argument) if code is codes.ATOMIC_GROUP else ""


def _of_class(items: Any) -> str:
    """Returns a character of a class."""
    if items[0][0] is codes.NEGATE:
        excluded = re.compile("[" + "".join(map(_source, items[1:])) + "]")
        return next(character for character in "a 1-\n<é" if not excluded.match(character))
    code, argument = items[0]
    if code is codes.RANGE:
        return chr(argument[1])  # the last: that of [!-~] is no sign, that of [0-9] a digit
    return _CATEGORIES[argument] if code is codes.CATEGORY else chr(argument)


def _source(item: Any) -> str:
    """Returns an item of a class as it is written in a pattern."""
    code, argument = item
    if code is codes.RANGE:
        return f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
    if code is codes.CATEGORY:
        return {" ": r"\s", "1": r"\d", "a": r"\w"}[_CATEGORIES[argument]]
    return re.escape(chr(argument))
