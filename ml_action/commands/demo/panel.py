"""Real datasets for the demo and the tests: participants of the RAND Health Insurance Experiment.

The panel (Newhouse et al. 1993) is a part of statsmodels. A participant is a dataset of one to five yearly rows; the
target is an index of general health from a questionnaire. Five of the six sites measured it: a new site is real drift.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from ml_action.core.errors import DataError

COLUMNS = (
    "year", "xage", "female", "black", "educdec", "linc", "num", "mhi", "physlm", "disea", "hlthg", "hlthf", "hlthp",
    "ghindx",
)  # fmt: skip
TARGET = "ghindx"


def datasets(seed: int = 0) -> Mapping[str, Sequence[str]]:
    """Returns datasets as CSV text, by site, in a random order that depends on the seed alone.

    Raises:
        DataError: statsmodels is not installed.
    """
    by_participant: dict[tuple[str, str], list[str]] = defaultdict(list)
    with _source().open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row[TARGET]:
                by_participant[row["site"], row["zper"]].append(",".join(row[name] for name in COLUMNS))
    sites: dict[str, list[str]] = defaultdict(list)
    for (site, _), rows in by_participant.items():
        sites[site].append("\n".join([",".join(COLUMNS), *rows]) + "\n")
    for datasets in sites.values():
        random.Random(seed).shuffle(datasets)  # noqa: S311  an order, no secret
    return sites


def _source() -> Path:
    package = find_spec("statsmodels")
    if package is None or package.origin is None:
        raise DataError(
            "the real data set is not here",
            why="it ships inside statsmodels, which is not installed",
            fix="pip install statsmodels",
        )
    return Path(package.origin).parent / "datasets/randhie/src/randhie.csv"
