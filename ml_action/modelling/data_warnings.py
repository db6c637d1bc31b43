"""Warns of data that a loop should not be built on unchecked. Each warning is a sentence with what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from ml_action.core.cells import Cell, Reason, Sentence, written
from ml_action.core.formatting import cell_text, percent, quoted_list, sanitised
from ml_action.core.records.evaluation import Comparison
from ml_action.core.records.model import Recipe
from ml_action.modelling import column_roles, spellings
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import pipeline

TOO_GOOD, USELESS = 0.995, 0.02  # of the possible score: few tasks are so easy, or worth a loop with so little
ONE_VALUE = 0.5  # of the rows: an average error says little about a target that is mostly one number
ENOUGH_ROWS = 60  # twice what the gate asks for
SAMPLE = 200  # cells of a column
MAX_CLASSES = 20  # distinct texts: a column of fewer is a category, whatever it looks like
MONEY = re.compile(r"\s*+[-+]?+[$€£¥]?+\s*+[-+]?+\d[\d.,'\s]*+[$€£¥%]?+\s*+")
SECOND = re.compile(r"(.+)\.([1-9]\d*+)")  # how a column is called whose name another column before it has
PLAIN = re.compile(r"\s*+[-+]?+\d*+\.?+\d*+\s*+")
ROWS = 20_000  # that show whether a column determines the target
DATE = re.compile(r"\s*+(\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{2,4})([T ].*)?")


def warnings_for(frame: pd.DataFrame, recipe: Recipe, scores: Mapping[str, float], metric: str) -> Iterator[Reason]:
    """Yields every warning about the target and the kinds of columns. They may quote cells.

    Args:
        frame: The rows.
        recipe: What would be trained.
        scores: The score of each estimator on unseen rows, if any was computed.
        metric: The metric of these scores.
    """
    target = frame[recipe.outputs[0]]
    if scores:
        yield from _of_score(frame, recipe, max(scores.values()), metric)
    if recipe.task == "regression":
        yield from _of_frequent_value(target)
    if not recipe.merge_spellings:
        labels = recipe.outputs if recipe.task == "classification" else ()
        yield from spellings.warnings_of(spellings.find(frame, (*labels, *recipe.features)))
    yield from _of_text(frame, recipe.features)


def _of_score(frame: pd.DataFrame, recipe: Recipe, best: float, metric: str) -> Iterator[str]:
    """Warns of a score that is too good, or no better than the dummy's."""
    target = recipe.outputs[0]
    floor = _score_of_dummy(frame[target], metric)
    if floor is None:
        return
    if is_too_good(best, floor):
        leaks = determining_features(frame, recipe)
        source = f"{quoted_list(leaks)} alone determines it" if leaks else "some of the columns may determine it"
        yield (
            f"'{sanitised(target)}' is predicted almost without error: {source}; if that is not known before the "
            "target is, leave it out: name the other columns in `features`"
        )
    elif _is_useless(best, floor):
        yield (
            f"no column predicts '{sanitised(target)}' better than its usual value does ({metric} {best:.3f}); choose "
            "another target, or collect columns that are related to it"
        )


def is_too_good(score: float, floor: float) -> bool:
    """Whether so little of the dummy's error is left that a column probably gives the target away."""
    return floor < 1 and 1 - score <= (1 - TOO_GOOD) * (1 - floor)


def determining_features(frame: pd.DataFrame, recipe: Recipe) -> tuple[str, ...]:
    """Returns the features that nearly equal the target, up to scale or names; each alone determines it."""
    rows = frame if len(frame) <= ROWS else frame.sample(ROWS, random_state=0)
    return tuple(name for name in recipe.features if _determines(rows[name], rows[recipe.outputs[0]]))


def giveaway_features(frame: pd.DataFrame, recipe: Recipe, comparison: Comparison) -> tuple[str, ...]:
    """Returns the features that determine the target, or have its name, if it is predicted almost without error."""
    scores = [_share_right(found, recipe.task) for found in (comparison.challenger, comparison.baseline)]
    score, floor = scores[0], max(scores[1] or 0.0, 0.0)
    if score is None or not is_too_good(score, floor):
        return ()
    twins = (name for name in recipe.features if _first_name(name, recipe.outputs))
    return tuple(dict.fromkeys((*determining_features(frame, recipe), *twins)))


def _share_right(scores: Mapping[str, float], task: str) -> float | None:
    """Returns r2, or the share of right answers; None if it was not recorded."""
    if task == "regression":
        return scores.get("r2")
    percentage = scores.get("accuracy_percent")
    return scores.get("accuracy") if percentage is None else percentage / 100


def _first_name(name: str, names: Collection[str]) -> str:
    """Returns `power` for `power.1` if both are names of columns."""
    found = SECOND.fullmatch(name)
    return found[1] if found and found[1] in names else ""


def column_warnings(table: Table, recipe: Recipe, group: str = "") -> Iterator[str]:
    """Yields what the features' names and shapes suggest: two of one name, keys of rows, and owners without a group."""
    frame = table.frame
    for name in recipe.features:
        first = _first_name(name, frame.columns)
        if first:
            yield (
                f"two columns are called '{sanitised(first)}': the second is read as '{sanitised(name)}'; give each a "
                "name of its own, or leave one out of `features`"
            )
    for reason in _of_padding(table, recipe):
        yield written(reason, private=table.private)
    keys = [name for name in recipe.features if column_roles.is_useless_key(frame[name], name, table.cluster)]
    if keys:
        yield (
            f"{quoted_list(keys)}: another value in each row, as a row's number or name is; what it says holds for no "
            "other row: leave it out of `features`"
        )
    owner = "" if group else _owner(table, recipe, keys)
    if owner:
        name, count = sanitised(owner), frame[owner].nunique()
        yield (
            f"'{name}' names {count:,} owners with several rows each, in several datasets: their rows are alike, and "
            f'a model that has seen some of them looks better than it is; set group = "{name}"'
        )


def _of_padding(table: Table, recipe: Recipe) -> Iterator[Reason]:
    """Warns of codes that are read as numbers: 01067 as 1067."""
    for name in (*recipe.outputs, *recipe.features):
        if name in table.padded:
            yield Sentence(
                f"'{sanitised(name)}' is read as numbers, without the leading zeros of cells such as ",
                Cell(sanitised(table.padded[name], 40)),
                f'; if it holds codes, add [contract.{sanitised(name)}] with type = "text" to the settings file',
            )


def _owner(table: Table, recipe: Recipe, keys: Collection[str]) -> str:
    """Returns the column that names the owner of a row, if owners have rows in several datasets."""
    columns = dict.fromkeys((*recipe.features, *map(str, table.frame.columns)))
    names = [name for name in columns if name not in (*recipe.outputs, *keys)]
    found = (name for name in column_roles.owner_columns(table.frame, names) if _is_shared(table, name))
    return next(found, "")


def _is_shared(table: Table, name: str) -> bool:
    """Whether most values of a column occur in several datasets."""
    pairs = pd.DataFrame({"value": table.frame[name], "dataset": table.cluster}).dropna().drop_duplicates()
    return bool((pairs["value"].value_counts() > 1).mean() > ONE_VALUE)


def leak_warnings(frame: pd.DataFrame, recipe: Recipe) -> Iterator[str]:
    """Yields a warning of features that alone determine the target, where nothing is trained."""
    leaks = determining_features(frame, recipe)
    if leaks:
        yield (
            f"{quoted_list(leaks)} alone determines '{sanitised(recipe.outputs[0])}': if that is not known before the "
            "target is, leave it out: name the other columns in `features`"
        )


def is_hopeless(frame: pd.DataFrame, recipe: Recipe, scores: Mapping[str, float], metric: str) -> bool:
    """Whether no estimator predicts the target better than its usual value does; false where that is not known.

    The scores of a few rows say nothing.
    """
    floor = _score_of_dummy(frame[recipe.outputs[0]], metric) if scores and len(frame) >= ENOUGH_ROWS else None
    return floor is not None and _is_useless(max(scores.values()), floor)


def _is_useless(best: float, floor: float) -> bool:
    return best <= floor + USELESS * (1 - floor)


def _score_of_dummy(target: pd.Series, metric: str) -> float | None:
    """Returns the score of a constant prediction; None if it is not known for this metric."""
    known = {"r2": 0.0, "roc_auc": 0.5, "accuracy": float(target.value_counts(normalize=True).max())}
    return known.get(metric)


def _determines(column: pd.Series, target: pd.Series) -> bool:
    """Whether one column nearly equals the target, up to scale or names."""
    numbers = [pd.to_numeric(values, errors="coerce") for values in (column, target)]
    if all(values.notna().any() and values.nunique() > 1 for values in numbers):  # noqa: PD101  gaps do not count
        return bool(abs(numbers[0].corr(numbers[1])) >= TOO_GOOD)
    return 1 < column.nunique() <= MAX_CLASSES and bool(target.groupby(column).nunique().max() == 1)


def _of_frequent_value(target: pd.Series) -> Iterator[Reason]:
    shares = target.value_counts(normalize=True)
    if shares.iloc[0] > ONE_VALUE:
        value, share = Cell(cell_text(shares.index[0])), percent(shares.iloc[0], 0)
        yield Sentence(
            f"{share} of the rows have '{sanitised(target.name)}' = ",
            value,
            ": the error depends on the few others; predict first whether it is ",
            value,
            " (a column with yes and no)",
        )


def _of_text(frame: pd.DataFrame, features: Sequence[str]) -> Iterator[str]:
    """Warns of columns of text that a person would read as numbers or dates."""
    texts = list(pipeline.kinds(frame, features)["category"])
    for matches, kind, fix in (
        (DATE.fullmatch, "dates", "write them as 2024-03-31, and their days are counted"),
        (PLAIN.fullmatch, "numbers among other cells, such as blank ones", "leave a missing number empty"),
        (MONEY.fullmatch, "numbers with signs", "write plain numbers such as 1234.5"),
    ):
        found = [name for name in texts if _look_alike(matches, frame[name])]
        texts = [name for name in texts if name not in found]
        if found:
            yield f"{quoted_list(found)}: {kind}, which are read as text and are of little use to a model; {fix}"


def _look_alike(matches: Callable[[str], object], column: pd.Series) -> bool:
    values = pd.Series(column.dropna().unique()[:SAMPLE], dtype=object)
    found = [bool(matches(str(value))) for value in values]
    return len(values) > MAX_CLASSES and bool(np.mean(found) > 0.9)
