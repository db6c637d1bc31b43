"""Datasets that were made to take time or memory: each kind is a function from a random generator to a file's content.

`hostile_files` has those that were made to be misread.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Mapping

from tests.support import hostile_files
from tests.support.colliding import colliding_floats, colliding_whole_numbers, colliding_words

Random = random.Random
HEADER = "hours_studied,sleep_hours,attendance,school,score\n"


def _words(rng: Random) -> str:
    words = colliding_words(rng.choice((300, 3000, 12_000)))
    return HEADER + "".join(f"{number},7,80,{word},50\n" for number, word in enumerate(words))


def _quoted_words(rng: Random) -> str:
    words = colliding_words(rng.choice((3000, 12_000)))
    return HEADER + "".join(f'{number},7,80,"{word}, ""x""",50\n' for number, word in enumerate(words))


def _whole_numbers(rng: Random) -> str:
    values = colliding_whole_numbers(rng.choice((3000, 12_000)))
    return HEADER + "".join(f"{value},7,80,north,50\n" for value in values)


def _floats(rng: Random) -> str:
    values = colliding_floats(rng.choice((3000, 12_000)))
    return HEADER + "".join(f"{float(value)!r},7,80,north,50\n" for value in values)


def _short_rows(rng: Random) -> str:
    columns, rows = rng.choice(((9000, 20_000), (2000, 50_000), (100, 3000)))
    return ",".join(f"c{number}" for number in range(columns)) + "\n" + "1\n" * rows


def _empty_cells(rng: Random) -> str:
    columns = rng.choice((2, 1000))
    return (
        ",".join(f"c{number}" for number in range(columns)) + "\n" + ("," * (columns - 1) + "\n") * (300_000 // columns)
    )


def _million_columns(rng: Random) -> str:
    return "," * 1_000_000 + "\n" + "1," * rng.randrange(1000) + "1\n"


def _huge_cell(rng: Random) -> str:
    return HEADER + f"1,7,80,{'x' * rng.choice((100_000, 2_000_000))},50\n"


def _many_digits(rng: Random) -> str:
    digits = rng.choice("0179") * rng.choice((400, 100_000, 1_000_000))
    return HEADER + f"{rng.choice(('', '-', '0.', '1e'))}{digits},7,80,north,50\n" * rng.choice((1, 3))


def _open_quotes(rng: Random) -> str:
    return HEADER + rng.choice(('"', '""', '"""', '","', '"\n')) * rng.choice((1001, 300_001))


def _endless_line(rng: Random) -> str:
    return HEADER + rng.choice(("1", "1,", "a b ")) * 300_000


def _blank_lines(rng: Random) -> str:
    return HEADER + rng.choice(("\n", "\r\n", " \n", "\r")) * 300_000 + "1,2,3,4,5\n"


def _many_fields(rng: Random) -> str:
    return HEADER + "1,2,3,4,5\n" * 100 + "1," * rng.choice((6, 100_000)) + "\n"


def _levels(rng: Random) -> str:
    return HEADER + "".join(f"{number},7,80,{rng.random()!r} {number},{number}x\n" for number in range(3000))


TEXTS: Mapping[str, Callable[[Random], str]] = {
    "words with one hash": _words,
    "words with one hash in quotes": _quoted_words,
    "whole numbers with one hash": _whole_numbers,
    "floats with one hash": _floats,
    "short rows": _short_rows,
    "empty cells": _empty_cells,
    "a million columns": _million_columns,
    "a huge cell": _huge_cell,
    "many digits": _many_digits,
    "open quotes": _open_quotes,
    "an endless line": _endless_line,
    "blank lines": _blank_lines,
    "many fields": _many_fields,
    "many levels": _levels,
}


def files(count: int, number: int) -> list[tuple[str, bytes]]:
    """Returns names and contents, the kinds in turn; the same for the same number. A sixth is packed by gzip."""
    rng, found = random.Random(number), []  # noqa: S311
    kinds = [*TEXTS.values(), None]
    for place in range(count):
        make = kinds[place % len(kinds)]
        if make is None:
            found.append((f"{place}.parquet", hostile_files.spoiled_parquet(rng)))
            continue
        content, packed = make(rng).encode(), not rng.randrange(6)
        found.append((f"{place}.csv" + ".gz" * packed, gzip.compress(content, 1) if packed else content))
    return found
