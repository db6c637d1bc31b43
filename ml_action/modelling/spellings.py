"""Labels in several spellings: `yes`, ` Yes` and `yes.` mean one thing to a person, and three to a model.

Two spellings are of one label if they differ in case, in blanks around them, or in punctuation at their ends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ml_action.core.cells import Cell, Reason, Sentence
from ml_action.core.formatting import count_of, sanitised
from ml_action.core.records.contract import ColumnProfile, DataContract
from ml_action.modelling.evaluation.predictions import Array, Predictions
from ml_action.modelling.reading.columns import is_string
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training.pipeline import ENDS

MOST = 1000  # distinct texts: a column of more holds no labels
SHOWN, SHOWN_SPELLINGS = 3, 6


@dataclass(frozen=True)
class Spellings:
    """One label of a column in its spellings, with the number of rows of each, the most frequent first."""

    column: str
    counts: tuple[tuple[str, int], ...]


def fold(text: str) -> str:
    """Returns the same text for all spellings of a label."""
    return text.strip(ENDS).casefold()


def find(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[Spellings, ...]:
    """Returns the labels of these columns that have several spellings."""
    return tuple(found for name in columns for found in _in_column(frame[name], name))


def _in_column(column: pd.Series, name: str) -> Iterator[Spellings]:
    if pd.api.types.is_numeric_dtype(column.dtype):
        return
    counts = column[is_string(column)].astype("str").value_counts()
    if len(counts) > MOST:
        return
    for _, group in counts.groupby([fold(text) for text in counts.index], sort=False):
        if len(group) > 1:
            yield Spellings(name, tuple(zip(map(str, group.index), map(int, group), strict=True)))


def warnings_of(found: Sequence[Spellings]) -> Iterator[Reason]:
    """Yields one warning for each column, with the spellings and their numbers of rows."""
    for name in dict.fromkeys(one.column for one in found):
        labels = [one for one in found if one.column == name]
        parts: list[str | Cell] = [f"'{sanitised(name)}' has "]
        parts.append("one label" if len(labels) == 1 else f"{len(labels)} labels")
        parts.append(" in several spellings: ")
        for place, label in enumerate(labels[:SHOWN]):
            parts.append("; " if place else "")
            for number, (text, count) in enumerate(label.counts[:SHOWN_SPELLINGS]):
                quoted = Cell(sanitised(f"'{text}'", 42))  # with its blanks
                parts += [", " if number else "", quoted, f" in {count_of(count, 'rows')}"]
            more = len(label.counts) - SHOWN_SPELLINGS
            parts.append(f" and {more} more" if more > 0 else "")
        more = len(labels) - SHOWN
        parts.append(f"; and {more} more labels" if more > 0 else "")
        parts.append("; each is a class or category of its own unless merge-spellings = true reads them as one")
        yield Sentence(*parts)


def merged(table: Table, contract: DataContract | None = None) -> Table:
    """Returns the table with one spelling of each text: the one that the contract knows, else the most frequent."""
    frame = table.frame.copy(deep=False)
    for name in frame.columns:
        profile = contract.profile(str(name)) if contract else None
        if not pd.api.types.is_numeric_dtype(frame[name].dtype):
            frame[name] = _merged(frame[name], _known_texts(profile))
    return replace(table, frame=frame)


def _known_texts(profile: ColumnProfile | None) -> list[str]:
    """Returns the categories of a column, the most frequent first."""
    return sorted(profile.categories, key=lambda text: -profile.categories[text]) if profile else []


def _merged(column: pd.Series, known: Collection[str]) -> pd.Series:
    counts = column[is_string(column)].value_counts()
    if len(counts) > MOST:
        return column
    chosen = canonical([str(text) for text in counts.index], known)
    changed = {text: spelling for text, spelling in chosen.items() if text != spelling}
    return column.replace(changed) if changed else column


def merged_predictions(found: Predictions, classes: Array) -> Predictions:
    """Returns a model's predictions with each of its labels in the spelling that `classes` has."""
    if found.classes is None or found.classes.dtype.kind not in "OU":
        return found
    chosen = canonical([str(label) for label in found.classes], [str(label) for label in classes])
    kept = np.array(sorted(set(chosen.values())), dtype=object)
    if len(kept) == len(found.classes):
        return found
    label = np.array([chosen.get(str(one), one) for one in found.label], dtype=object)
    if found.probability is None:
        return Predictions(label, None, None, kept)
    place = np.searchsorted(kept, [chosen[str(one)] for one in found.classes])
    return Predictions(label, found.probability @ np.eye(len(kept))[place], None, kept)


def canonical(texts: Sequence[str], known: Collection[str] = ()) -> Mapping[str, str]:
    """Returns the spelling to use for each text: a known one, else the first."""
    first: dict[str, str] = {}
    for text in known:
        first.setdefault(fold(text), text)
    return {text: first.setdefault(fold(text), text) for text in texts}
