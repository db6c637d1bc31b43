"""Numbers written as text: thousands separators, decimal commas, percent, currency and units.

A form is written as the number 1234.5 would be: "1,234.5", "1.234,5 €", "$1,234.5", "1234.5 %". It is learned from all
cells of a column, and only if they leave one: 1,163 alone may be more than a thousand or little more than one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ml_action.modelling.kinds import numbers
from ml_action.modelling.reading.csv_file import MISSING_MARKS

PLAIN = "1234.5"
MOST = 0.95  # of the distinct cells: the others are bad
FEWEST = 3  # distinct numbers from which a form is learned
_SPACES = str.maketrans("\u00a0\u202f\u2009\u2007", "    ")
_MONEY = r"(?:[$€£¥₹]|USD|EUR|GBP|CHF|JPY|INR)"
_UNIT = r"%|‰|°[CF]|[A-Za-zµ°²³/]{1,8}"
_CELL = re.compile(
    rf"(?P<sign>[+-]?)(?P<before>{_MONEY}?) ?(?P<inner>[+-]?)(?P<body>\d[\d.,' ]*\d|\d)"
    rf"(?: ?(?P<after>{_MONEY}|{_UNIT}))?"
)
_ATTACHED = re.compile(r"\d(?:[A-Z]|[A-Za-z]{1,2}\d)$")  # 3B is a code
_FORM = re.compile(r"(?P<before>\D*)1(?P<group>[,. ']?)234(?P<decimal>[.,])5 ?(?P<after>.*)")


@dataclass(frozen=True)
class NumberForm:
    """How the numbers of a column are written."""

    before: str
    group: str  # thousands separator; empty: none
    decimal: str
    after: str

    def __str__(self) -> str:
        return f"{self.before}1{self.group}234{self.decimal}5{' ' if self.after else ''}{self.after}"


def parser(form: str) -> Callable[[str], float]:
    """Returns a function that turns a cell of this form into a number, and marks such as NA into NaN.

    It raises ValueError for another cell. The form "" is that of plain numbers.
    """
    if form in ("", PLAIN):
        return numbers.plain
    parts = _FORM.fullmatch(form)
    if not parts:
        raise ValueError(form)
    marks = NumberForm(parts["before"].strip(), parts["group"], parts["decimal"], parts["after"])
    digits = rf"\d{{1,3}}(?:{re.escape(marks.group)}\d{{3}})+|\d+" if marks.group else r"\d+"
    body = re.compile(rf"(?:{digits})(?:{re.escape(marks.decimal)}\d*)?", re.ASCII)

    def parse(cell: str) -> float:
        text = cell.translate(_SPACES).strip()
        if text in MISSING_MARKS:
            return math.nan
        found = _CELL.fullmatch(text)
        if not found or _unit(found) != (marks.before, marks.after) or not body.fullmatch(found["body"]):
            raise ValueError(cell)
        value = float(found["body"].replace(marks.group or " ", "").replace(marks.decimal, "."))
        return -value if "-" in found["sign"] + found["inner"] else value

    return parse


def reads_plain_numbers(form: str) -> bool:
    """Whether a plain number is written in this form as pandas reads it: no unit, and a decimal point."""
    parts = _FORM.fullmatch(form)
    return parts is not None and not parts["before"] and not parts["after"] and parts["decimal"] == "."


def _unit(cell: re.Match[str]) -> tuple[str, str]:
    return cell["before"], cell["after"] or ""


def learn_form(words: Iterable[str]) -> str | None:
    """Returns the form of distinct cells, "" for plain numbers; None if most are no numbers, or nothing decides."""
    cells = [word.translate(_SPACES).strip() for word in words]
    cells = [cell for cell in cells if cell not in MISSING_MARKS]
    found = [match for cell in cells if (match := _CELL.fullmatch(cell)) and not _ATTACHED.search(cell)]
    if len(found) < max(FEWEST, MOST * len(cells)):
        return None
    ((before, after), count) = Counter(map(_unit, found)).most_common(1)[0]
    if count < MOST * len(cells):
        return None
    marks = _marks([match["body"] for match in found])
    if marks is None:
        return None
    form = str(NumberForm(before, marks[0], marks[1], after))
    parse = parser(form)
    readable = sum(_reads(parse, cell) for cell in cells)
    return None if readable < MOST * len(cells) else "" if form == PLAIN else form


def _reads(parse: Callable[[str], float], cell: str) -> bool:
    try:
        parse(cell)
    except ValueError:
        return False
    return True


def _marks(bodies: Iterable[str]) -> tuple[str, str] | None:
    """Returns the thousands separator and the decimal mark that the cells prove; None if they contradict each other."""
    groups, decimals, open_marks, wholes = set[str](), set[str](), set[str](), set[bool]()
    for body in bodies:
        used = [mark for mark in body if not mark.isdigit()]
        if not used:
            wholes.add(len(body) <= 3)
            continue
        last = used[-1]
        if len(set(used)) > 1:
            groups.update(used[:-1])
            decimals.add(last)
        elif len(used) > 1 or last in " '":
            groups.add(last)
        elif re.fullmatch(r"[1-9]\d{0,2}\D\d{3}", body):
            open_marks.add(last)
        else:
            decimals.add(last)
    return _decided(groups, decimals, open_marks, wholes_below_thousand=wholes == {True})


def _decided(
    groups: set[str], decimals: set[str], open_marks: set[str], *, wholes_below_thousand: bool
) -> tuple[str, str] | None:
    """Decides what a mark before exactly three digits means: by the other mark, else by the whole numbers."""
    for mark in open_marks - groups - decimals:
        if decimals or (wholes_below_thousand and mark == ","):
            groups.add(mark)
        elif groups or mark == ".":
            decimals.add(mark)
        else:
            return None
    if len(groups) > 1 or len(decimals) > 1 or groups & decimals:
        return None
    group = next(iter(groups), "")
    return group, next(iter(decimals), "," if group == "." else ".")
