"""Ways in which a CSV file comes broken, for the demo and the tests: each takes a sound dataset's text.

Nine break a file by itself; reversed labels and another unit spoil a whole batch, a file of which looks sound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Rows = list[list[str]]


def corrupted(datasets: Sequence[str], target: str) -> dict[str, str]:
    """The first nine datasets, each damaged in its own way, by the name of the damage.

    `target` is the column that is scaled and that goes missing.
    """
    damaged = zip(CORRUPTIONS.items(), datasets, strict=False)
    return {name: _text(damage(_rows(text), target)) for (name, damage), text in damaged} | {
        "cut-off": datasets[len(CORRUPTIONS)].rstrip("\n")[:-3] + ',"never closed\n',
        "an-excel-file": "PK\x03\x04" + datasets[len(CORRUPTIONS) + 1],
        "empty": "",
    }


def with_reversed_labels(text: str, target: str) -> str:
    """The best rows get the worst labels: within the dataset, the target is turned around."""
    head, *rows = _rows(text)
    place = head.index(target)
    values = [float(row[place]) for row in rows]
    turned = (f"{max(values) + min(values) - value:.6g}" for value in values)
    return _text([head, *([*row[:place], value, *row[place + 1 :]] for row, value in zip(rows, turned, strict=True))])


def scaled(text: str, column: str, factor: float) -> str:
    """A column in another unit."""
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
    "said-thrice": _repeated_rows,
}
