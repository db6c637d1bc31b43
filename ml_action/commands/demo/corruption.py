"""Corrupted CSV files for the demo and the tests, made of the text of a good dataset.

Nine corruptions make a single file unusable. Reversed labels and another unit show only in a whole batch: each of its
files looks good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Rows = list[list[str]]


def corrupted(datasets: Sequence[str], target: str) -> dict[str, str]:
    """Returns the first nine datasets, each corrupted in another way, by the name of the corruption.

    `target` is the column that is scaled or removed.
    """
    pairs = zip(CORRUPTIONS.items(), datasets, strict=False)
    return {name: _text(corrupt(_rows(text), target)) for (name, corrupt), text in pairs} | {
        "cut-off": datasets[len(CORRUPTIONS)].rstrip("\n")[:-3] + ',"never closed\n',
        "an-excel-file": "PK\x03\x04" + datasets[len(CORRUPTIONS) + 1],
        "empty": "",
    }


def with_reversed_labels(text: str, target: str) -> str:
    """Returns the dataset with the labels of its best rows and of its worst rows exchanged, and so on."""
    head, *rows = _rows(text)
    place = head.index(target)
    values = [float(row[place]) for row in rows]
    reversed_values = (f"{max(values) + min(values) - value:.6g}" for value in values)
    pairs = zip(rows, reversed_values, strict=True)
    return _text([head, *([*row[:place], value, *row[place + 1 :]] for row, value in pairs)])


def scaled(text: str, column: str, factor: float) -> str:
    """Returns the dataset with a column in another unit."""
    return _text(_times(_rows(text), column, factor))


def _rows(text: str) -> Rows:
    return [line.split(",") for line in text.strip().split("\n")]


def _text(rows: Rows) -> str:
    return "\n".join(",".join(row) for row in rows) + "\n"


def _without_target(rows: Rows, target: str) -> Rows:
    place = rows[0].index(target)
    return [row[:place] + row[place + 1 :] for row in rows]


def _with_a_word(rows: Rows, target: str) -> Rows:
    rows[-1][rows[0].index(target)] = "absent"
    return rows


def _with_infinity(rows: Rows, target: str) -> Rows:
    rows[-1][rows[0].index(target)] = "inf"
    return rows


def _in_another_unit(rows: Rows, target: str) -> Rows:
    return _times(rows, target, 1000)


def _times(rows: Rows, column: str, factor: float) -> Rows:
    place = rows[0].index(column)
    return [rows[0], *([*row[:place], f"{float(row[place]) * factor:.6g}", *row[place + 1 :]] for row in rows[1:])]


def _with_too_many_fields(rows: Rows, target: str) -> Rows:
    return [*rows[:-1], [*rows[-1], "7", target]]


def _repeated_rows(rows: Rows, _target: str) -> Rows:
    return [rows[0], *rows[1:], *rows[1:], *rows[1:]]


CORRUPTIONS: Mapping[str, Callable[[Rows, str], Rows]] = {
    "without-the-target": _without_target,
    "with-a-word": _with_a_word,
    "with-infinity": _with_infinity,
    "in-another-unit": _in_another_unit,
    "with-too-many-fields": _with_too_many_fields,
    "with-repeated-rows": _repeated_rows,
}
