"""What a run may say: faults of a log, of a page and of a file of outputs, found as the runner and GitHub read them.

No fault is a yield; a fault is a sentence. Used by `tests/fuzzing/test_fuzz.py` and `tests/fuzzing/fuzz.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ml_action.reports.outputs import OUTPUTS

ZERO_WIDTH = "\u200b"
LONGEST_LINE = 15_000  # characters; an annotation's message has at most 4,000, each escaped by three at most
COMMAND = re.compile(r"::(warning|error)( (file=[^,:]*)?(,?line=[0-9]+)?)?::")
TOKENS = {
    "heading", "paragraph", "inline", "table", "thead", "tbody", "tr", "th", "td", "bullet_list", "list_item", "text",
    "code_inline", "strong", "softbreak", "link", "fence",
}  # fmt: skip
HEADINGS = re.compile(
    r"(⏳|✅|✋|⛔|🚀|🔎|❓|🚧|↩️|❌) .*|Scores on the same unseen rows|The gate|Drift of the new datasets|Notes|"
    r"Slices|Guardrails|Types in the model file|Suspicious: [0-9,]+ datasets? of [0-9,]+|Moved as a whole|"
    r"What is in it|Quarantine: [0-9,]+ datasets? set aside|v[0-9]+: .* from [0-9]+ columns|Scores on unseen rows|"
    r"Contents|Limits|(✅|❌) Datasets: .*"
)
HEADS = {
    ("", ""),
    ("dataset", "line", "reason"),
    ("column", "moved by", "beyond chance", ""),
    ("column", "value", "datasets", "gain", ""),
    ("", "dataset", "line", "reason"),
}
PICTURE = re.compile(
    r"(gain of (each (dataset|group), sorted \(share of the (champion|dummy)'s error\)"
    r"|all: [-0-9.e+ %\[\],]+each end [0-9.]+ % sure)"
    r"|[-+0-9.e %│┼─━┊├┤●▁▂▃▄▅▆▇█▔▀▲▼]*(asked for: [-0-9.e+]+ %)? *0?)"
)
OUR_LINKS = "https://github.com/octo/students/"  # to a run, to a pull request
# https://github.github.com/gfm/#autolinks-extension-, mentions and references
MEANT = re.compile(r"(?<![\w`])@[\w]|[\w.+-]@[\w-]+\.\w|#[0-9]|\bGH-[0-9]|\bwww\.\w|\b(https?|ftp)://\w")


def log_faults(log: str) -> Iterator[str]:
    """What is wrong with a log that the runner reads: an unmeant command, an unprintable character, an endless line."""
    for line in re.split(r"\r\n|\r|\n", log):
        if "##[" in line:
            yield f"a command of the old kind: {line[:300]!r}"
        if line.lstrip().startswith("::") and not COMMAND.match(line):
            yield f"an unmeant workflow command: {line[:300]!r}"
        if strange := unprintable(line.removeprefix(ZERO_WIDTH)):
            yield f"unprintable {strange!r} in {line[:300]!r}"
        if len(line) > LONGEST_LINE:
            yield f"a line of {len(line)} characters: {line[:300]!r}"
    if "Traceback" in log or "this is a bug" in log:
        yield "a traceback, or a bug that says so"


def unprintable(line: str) -> str:
    """The characters that a terminal would obey, or that are invisible."""
    return "".join(sorted({sign for sign in line if not sign.isprintable() and sign != ZERO_WIDTH}))


@cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def page_faults(text: str) -> Iterator[str]:
    """What is wrong with a summary: markup, links, mentions, headings or tables that come from data."""
    for line in text.split("\n"):
        if strange := unprintable(line):
            yield f"unprintable {strange!r} in {line[:300]!r}"
    headings: list[str] = []
    tokens = _reader().parse(text)
    for place, token in enumerate(tokens):
        if _name(token) not in TOKENS:
            yield f"{token.type}: {token.content[:300]!r}"
        if token.type == "heading_open":
            headings.append(_bare(tokens[place + 1]))
        if token.type == "inline":
            yield from _inline_faults(token)
    yield from _picture_faults(tokens)
    yield from (f"a heading: {heading[:300]!r}" for heading in headings if not HEADINGS.fullmatch(heading))
    yield from _table_faults(tokens, text)
    if len(set(headings)) < len(headings):
        yield f"headings: {headings!r}"


def _picture_faults(tokens: list[Token]) -> Iterator[str]:
    """Code blocks that are not one of our charts."""
    lines = (line for token in tokens if token.type == "fence" for line in token.content.split("\n"))
    yield from (f"in a picture: {line!r}" for line in lines if not PICTURE.fullmatch(line))


def _name(token: Token) -> str:
    return token.type.removesuffix("_open").removesuffix("_close")


def _inline_faults(token: Token) -> Iterator[str]:
    for child in token.children or ():
        if _name(child) not in TOKENS or not str(child.attrs.get("href", OUR_LINKS)).startswith(OUR_LINKS):
            yield f"{child.type}: {token.content[:300]!r}"
    # What is linked after rendering is looked for in the source: an escaped colon links nothing.
    source = re.sub(r"`[^`]*`", "", token.content).replace(f"]({OUR_LINKS}", "](")
    if found := MEANT.search(source):
        yield f"{found[0]!r} means something in {token.content[:300]!r}"


def _bare(token: Token) -> str:
    return "".join(child.content for child in token.children or ())


def _table_faults(tokens: list[Token], text: str) -> Iterator[str]:
    """Heads that are not ours, and rows with more or fewer cells than their head."""
    lines = text.split("\n")
    for place, token in enumerate(tokens):
        if token.type != "table_open" or token.map is None:
            continue
        head = []
        for following in tokens[place:]:
            if following.type == "thead_close":
                break
            head += [_bare(following)] if following.type == "inline" else []
        if tuple(head) not in HEADS and head[:1] != ["metric"]:
            yield f"a table: {head!r}"
        widths = {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in lines[slice(*token.map)] if line}
        if len(widths) != 1:
            yield f"a table with rows of {widths} bars: {head!r}"


def output_faults(content: str) -> Iterator[str]:
    """What is wrong with GITHUB_OUTPUT: the runner would not read every output, each of them once."""
    try:
        found = outputs_of(content)
    except (ValueError, StopIteration) as error:
        yield f"outputs: {error!r}"
        return
    if set(found) - set(OUTPUTS) - {"report-path"}:
        yield f"unknown outputs: {sorted(set(found) - set(OUTPUTS))}"
    if "decision" not in found:
        yield "no decision among the outputs"


def outputs_of(content: str) -> dict[str, str]:
    """GITHUB_OUTPUT as the runner reads it (actions/runner, FileCommandManager: EnvFileKeyValuePairs)."""
    found: dict[str, str] = {}
    lines = iter(re.split(r"\r\n|\n", content))
    for line in lines:
        if not line:
            continue
        name, mark, delimiter = line.partition("<<")
        if not mark or name in found or "=" in name:
            raise ValueError(f"line {line[:200]!r}")
        value: list[str] = []
        for inner in lines:
            if inner == delimiter:
                break
            value.append(inner)
        else:
            raise ValueError(f"{name} has no end")
        found[name] = "\n".join(value)
    return found
