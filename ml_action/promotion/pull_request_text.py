"""The text side of a promotion: branch names, title, fingerprint, and our section of the pull request's body.

A person may write around our section, or change the title: both stay. So the section is fenced by two HTML
comments, which GitHub does not show, and the first one remembers the fingerprint and the title that we gave.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

BODY_LIMIT = 65_536  # "body is too long (maximum is 65536 characters)": GitHub's answer, HTTP 422
TITLE_LIMIT = 256  # the same for titles
CUT_NOTE = "\n\n*The report was cut here: GitHub takes 65,536 characters. The run's summary has all of it.*"

_BEGIN = re.compile(r"<!-- ml-auto-update fingerprint=(?P<fingerprint>\w*) title=(?P<title>\w*) -->")
_END = "<!-- /ml-auto-update -->"
_MARKS = re.compile(
    rf"{_BEGIN.pattern}\n?|\n?{re.escape(_END)}".replace("?P<fingerprint>", "").replace("?P<title>", "")
)


def compare_address(page: str, base: str, branch: str) -> str:
    """Where a person opens the pull request of a branch that is pushed; `page` is the repository's address."""
    return f"{page}/compare/{quote(base)}...{quote(branch)}?expand=1"


def title(name: str, version: str, gain: float, *, champion: str = "", verb: str = "Promote") -> str:
    """The pull request's title; `gain` is the share of the opponent's error that the challenger saves."""
    opponent = champion or "the dummy baseline"
    size = f"{abs(gain):.1%} {'more' if gain < 0 else 'less'} error than {opponent}"
    text = f"{verb} {name} {version}" + (f": {size}" if math.isfinite(gain) else "")
    return " ".join(text.split())[:TITLE_LIMIT]


def rollback_title(name: str, version: str, champion: str) -> str:
    """The title of a pull request that puts an earlier version back into production."""
    return f"Roll back {name} from {champion} to {version}"[:TITLE_LIMIT]


def fingerprint(parts: Mapping[str, object]) -> str:
    """The digest of everything that determines an attempt: the same parts are the same work."""
    canonical = json.dumps(_plain(parts), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def wrap_body(text: str, fingerprint: str, title: str) -> str:
    """Our section of the body: the text between the two marks, which the text itself cannot forge."""
    inner = _MARKS.sub("", text).strip()
    return f"<!-- ml-auto-update fingerprint={fingerprint} title={_short(title)} -->\n{inner}\n{_END}"


def fingerprint_in(body: str) -> str:
    """The fingerprint that a pull request was opened for; empty when its body has no section of ours."""
    found = _BEGIN.search(body)
    return found["fingerprint"] if found else ""


def is_our_title(title: str, body: str) -> bool:
    """Whether the title is still the one that we gave when we wrote this body: if not, a person chose it."""
    found = _BEGIN.search(body)
    return found is not None and found["title"] == _short(title)


def merge_body(existing: str, ours: str) -> str:
    """The body with our section replaced, or appended when a person took it out; everything else stays.

    Our section is cut when the whole would be longer than GitHub takes.
    """
    before, after = _outside_section(existing.replace("\r\n", "\n"))  # the web editor sends CR LF
    room = BODY_LIMIT - len(before) - len(after)
    return before + _fit(ours, room) + after


@dataclass(frozen=True)
class _Section:
    start: int
    end: int


def _outside_section(body: str) -> tuple[str, str]:
    """What stands before and after our section."""
    found = _section(body)
    if found:
        return body[: found.start], body[found.end :]
    return (body.rstrip() + "\n\n" if body.strip() else ""), ""


def _section(body: str) -> _Section | None:
    begin = _BEGIN.search(body)
    if begin is None:
        return None
    end = body.find(_END, begin.end())
    return _Section(begin.start(), end + len(_END) if end >= 0 else begin.end())


def _fit(section: str, room: int) -> str:
    """The section, its text cut at a line's end and its code fence closed when it does not fit."""
    if len(section) <= room:
        return section
    head, _, inner = section.removesuffix(f"\n{_END}").partition("\n")
    closing = "\n```"  # a report cut inside a code block would swallow the note and our end mark
    space = room - len(head) - len(closing) - len(CUT_NOTE) - len(_END) - 2
    kept = inner[: max(space, 0)].rpartition("\n")[0]
    inside = sum(line.lstrip().startswith("```") for line in kept.splitlines()) % 2
    return f"{head}\n{kept}{closing if inside else ''}{CUT_NOTE}\n{_END}"


def _plain(value: object) -> object:
    """Mappings of any kind as dictionaries, for json."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
