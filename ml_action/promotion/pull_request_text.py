"""The texts of a promotion's pull request: its title, its fingerprint, and our section of its body.

A person may write around our section, or change the title: both are kept. So the section is enclosed in two HTML
comments, which the page does not show. The first one stores the fingerprint and a digest of the title that we wrote.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass

from ml_action.core.records.attempt import Attempt

CUT_NOTE = "\n\n*The report was cut here: a pull request takes {limit:,} characters. The run's summary has all of it.*"

_BEGIN = re.compile(r"<!-- ml-auto-update fingerprint=(?P<fingerprint>\w*) title=(?P<title>\w*) -->")
_END = "<!-- /ml-auto-update -->"
_MARKS = re.compile(
    rf"{_BEGIN.pattern}\n?|\n?{re.escape(_END)}".replace("?P<fingerprint>", "").replace("?P<title>", "")
)


def title(name: str, version: str, gain: float, *, champion: str = "", verb: str = "Promote", limit: int) -> str:
    """Returns the pull request's title.

    Args:
        name: the model's name.
        version: the challenger's version.
        gain: the share of the opponent's error that the challenger saves; NaN if it was not measured.
        champion: the opponent's version; "" if it is the dummy baseline.
        verb: what the reviewer is asked to do.
        limit: characters that the forge accepts.
    """
    opponent = champion or "the dummy baseline"
    size = f"{abs(gain):.1%} {'more' if gain < 0 else 'less'} error than {opponent}"
    text = f"{verb} {name} {version}" + (f": {size}" if math.isfinite(gain) else "")
    return " ".join(text.split())[:limit]


def rollback_title(name: str, version: str, champion: str, limit: int) -> str:
    """Returns the title of a pull request that puts an earlier version back into production."""
    return f"Roll back {name} from {champion} to {version}"[:limit]


def title_of(name: str, attempt: Attempt, limit: int) -> str:
    """Returns the title of the pull request of an attempt."""
    if attempt.rolls_back:
        return rollback_title(name, attempt.version, attempt.champion, limit)
    against = attempt.champion if attempt.champion_score is not None else ""  # else only the dummy could be scored
    verb = "Review" if attempt.draft else "Promote (forced)" if attempt.forced else "Promote"
    return title(name, attempt.version, attempt.gain or 0.0, champion=against, verb=verb, limit=limit)


def wrap_body(text: str, fingerprint: str, title: str) -> str:
    """Returns our section of the body: the text between two marks, which are removed from the text itself."""
    inner = _MARKS.sub("", text).strip()
    return f"<!-- ml-auto-update fingerprint={fingerprint} title={_digest(title)} -->\n{inner}\n{_END}"


def fingerprint_in(body: str) -> str:
    """Returns the fingerprint that a pull request was opened for, or "" if its body lacks our section."""
    found = _BEGIN.search(body)
    return found["fingerprint"] if found else ""


def is_our_title(title: str, body: str) -> bool:
    """Whether the title is the one that we wrote together with this body. If not, a person chose it."""
    found = _BEGIN.search(body)
    return found is not None and found["title"] == _digest(title)


def merge_body(existing: str, ours: str, limit: int) -> str:
    """Returns the body with our section replaced, or appended if a person removed it. Everything else is kept.

    Our section is cut if the body would be longer than `limit` characters.
    """
    outside = _outside_section(existing.replace("\r\n", "\n"))  # the web editor sends CR LF
    room = limit - len(outside.before) - len(outside.after)
    return outside.before + _fit(ours, room, CUT_NOTE.format(limit=limit)) + outside.after


@dataclass(frozen=True)
class _Outside:
    """The parts of a body before and after our section."""

    before: str
    after: str


def _outside_section(body: str) -> _Outside:
    begin = _BEGIN.search(body)
    if begin is None:
        return _Outside(body.rstrip() + "\n\n" if body.strip() else "", "")
    end = body.find(_END, begin.end())
    return _Outside(body[: begin.start()], body[end + len(_END) if end >= 0 else begin.end() :])


def _fit(section: str, room: int, note: str) -> str:
    """Returns the section. If it is too long, its text is cut at the end of a line and an open code fence closed."""
    if len(section) <= room:
        return section
    head, _, inner = section.removesuffix(f"\n{_END}").partition("\n")
    closing = "\n```"  # a report cut inside a code block would swallow the note and our end mark
    space = room - len(head) - len(closing) - len(note) - len(_END) - 2
    kept = inner[: max(space, 0)].rpartition("\n")[0]
    inside = sum(line.lstrip().startswith("```") for line in kept.splitlines()) % 2
    return f"{head}\n{kept}{closing if inside else ''}{note}\n{_END}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
