"""Dates and times as people write them: one cell, one ISO 8601 text, by forms that the whole column has taught.

A form is a format of `strptime`, "ISO", "epoch s" or "epoch ms". 03/04/2024 can be read in two ways: a form is learned
only if the other cells of the column leave one.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

ISO, SECONDS, MILLISECONDS, DIGITS = "ISO", "epoch s", "epoch ms", "%Y%m%d"
MOST = 0.95  # of the distinct cells; of those that can be read in two ways, more than the rest show which is meant
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?", re.ASCII)
_EPOCH = {SECONDS: 1, MILLISECONDS: 1000}
_BY_LENGTH = {8: DIGITS, 10: SECONDS, 13: MILLISECONDS}
_TIME = re.compile(r"(?P<mark>[T ])\d{1,2}:\d{2}(?P<seconds>:\d{2})?(?P<half> ?[AaPp][Mm])?", re.ASCII)
_PARTS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})([/.-])(\d{4}|\d{2})", re.ASCII)
_YEAR_FIRST = re.compile(r"\d{4}([/.-])\d{1,2}([/.-])\d{1,2}", re.ASCII)
_NAMED = re.compile(r"(?:\d{1,2}(\.? |-)[A-Za-z]{3,9}\.?( |-)\d{2,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4})", re.ASCII)
_NAMED_FORMS = (
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d. %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%B %d %Y",
)


def parser(forms: Sequence[str]) -> Callable[[str], str]:
    """Returns a function that turns a cell into ISO 8601 text, and raises ValueError for a cell of no such form."""
    readers = [_reader(form) for form in forms]

    def parse(cell: str) -> str:
        text = cell.strip()
        for read in readers:
            with contextlib.suppress(ValueError, OverflowError, OSError):
                return read(text)
        raise ValueError(cell)

    return parse


def _reader(form: str) -> Callable[[str], str]:
    if form == ISO:
        return _iso
    if form in _EPOCH:
        return lambda text: _utc(float(text) / _EPOCH[form])
    with_time = "%H" in form or "%I" in form

    def read(text: str) -> str:
        found = datetime.strptime(text, form)  # noqa: DTZ007  the cell says whether it has a zone
        return found.isoformat() if with_time else found.date().isoformat()

    return read


def _iso(text: str) -> str:
    if not _ISO.fullmatch(text):
        raise ValueError(text)
    datetime.fromisoformat(text)
    return text


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()


@dataclass(frozen=True)
class LearnedForms:
    """The forms of a column's dates, and a cell that can be read in two ways, or ""."""

    forms: tuple[str, ...]
    undecided: str = ""


def learn_forms(words: Iterable[str], known: Sequence[str] = ()) -> LearnedForms | None:
    """Returns the forms of distinct cells; None if most of them are no dates.

    `known` forms come first: what they read needs no other form.
    """
    read = parser(known)
    families: dict[str, list[tuple[str, frozenset[str]]]] = defaultdict(list)
    total = matched = 0
    for word in words:
        total += 1
        if is_read(read, word):
            matched += 1
            continue
        if found := candidates(word.strip()):
            matched += 1
            families[_shape(word.strip())].append((word, found))
    if not total or matched < MOST * total:
        return None
    forms, undecided = list(known), ""
    for members in families.values():
        form = _common(members)
        if form:
            forms.append(form)
        else:
            undecided = undecided or members[0][0]
    return LearnedForms(tuple(dict.fromkeys(forms)), undecided)


def is_read(read: Callable[[str], str], word: str) -> bool:
    """Whether the function can read the cell."""
    try:
        read(word)
    except ValueError:
        return False
    return True


def _shape(word: str) -> str:
    """Returns the cell with 9 for its numbers, so that 3/4/2024 and 13/4/2024 are one family."""
    return re.sub(r"\d{1,2}", "9", re.sub(r"[A-Za-z]{2,}", "a", re.sub(r"\d{4,}", "9999", word)))


def _common(members: Sequence[tuple[str, frozenset[str]]]) -> str:
    """Returns the one form that reads nearly all cells of a family; empty if there are two, or none."""
    counts = Counter(form for _, found in members for form in found)
    usual = [form for form, count in counts.items() if count >= MOST * len(members)]
    named = [form for form in _NAMED_FORMS for one in usual if one.startswith(form)]
    return usual[0] if len(usual) == 1 else named[0] if named else ""


def candidates(text: str) -> frozenset[str]:
    """Returns the forms that a cell can be read by, besides ISO 8601 all of one shape."""
    if is_read(_iso, text):
        return frozenset([ISO])
    if text.isdigit() and len(text) in _BY_LENGTH:
        return _valid(text, [_BY_LENGTH[len(text)]])
    time = _TIME.search(text)
    day, suffix = (text[: time.start()], _time_form(time)) if time and time.end() == len(text) else (text, "")
    return _valid(text, [form + suffix for form in _day_forms(day)])


def _day_forms(day: str) -> list[str]:
    if parts := _PARTS.fullmatch(day):
        mark, year = parts[2], "%Y" if len(parts[5]) == 4 else "%y"
        if parts[4] != mark:
            return []
        day_first, month_first = mark.join(["%d", "%m", year]), mark.join(["%m", "%d", year])
        return [day_first] if mark == "." else [day_first, month_first]
    if parts := _YEAR_FIRST.fullmatch(day):
        return [parts[1].join(["%Y", "%m", "%d"])] if parts[1] == parts[2] else []
    return list(_NAMED_FORMS) if _NAMED.fullmatch(day) else []


def _time_form(time: re.Match[str]) -> str:
    seconds = ":%S" if time["seconds"] else ""
    if time["half"]:
        return f"{time['mark']}%I:%M{seconds}{' ' if time['half'].startswith(' ') else ''}%p"
    return f"{time['mark']}%H:%M{seconds}"


def _valid(text: str, forms: Iterable[str]) -> frozenset[str]:
    """Returns the forms by which the cell is a date from 1900 to 2100; of those for names of months the first."""
    found = [form for form in forms if is_read(parser([form]), text)]
    return frozenset(form for form in found if 1900 <= int(parser([form])(text)[:4]) <= 2100)
