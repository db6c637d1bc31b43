"""The model of a proposal: what is in it, and the types in its file. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ml_action.core.formatting import count_of
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.model import Trial, Version
from ml_action.reports.blocks import (
    Blocks,
    Code,
    Facts,
    Inline,
    Link,
    Paragraph,
    Strong,
    Table,
    Untrusted,
    joined,
    section,
    text,
)

LISTED = 50  # features


def types(trial: Trial, version: str, champion: str) -> Blocks:
    """Returns the types in a skops file that skops does not trust by itself, against the champion's."""
    if trial.model_format != "skops":
        return ()
    before = trial.champion_types
    rows = tuple(_types(trial))
    file, usual = Code(f"{version}.skops"), "apart from scikit-learn's estimators and NumPy's arrays"
    sentence = text("{} holds, {}:", file, usual) if rows else text("{} holds nothing {}.", file, usual)
    unlisted = text("{} has no list of types: it is a pickle.", Untrusted(champion))
    return section(
        "Types in the model file",
        Paragraph(sentence),
        Table(("type", "" if before is None else text("against {}", Untrusted(champion))), rows),
        Paragraph(unlisted if champion and before is None else ""),
    )


def _types(trial: Trial) -> Iterator[tuple[Inline, ...]]:
    before = trial.champion_types
    for name in trial.types:
        yield Code(name), "" if before is None else "as before" if name in before else Strong("new")
    for name in before or ():
        if name not in trial.types:
            yield Code(name), "gone"


def given(settings: Sequence[str]) -> Inline:
    """Returns which settings do not stand in the settings file, but came from the workflow's inputs or from flags."""
    return text("{}: from the workflow, not from {}", Untrusted(", ".join(settings)), Code("ml-auto-update.toml"))


def contents(version: Version, attempt: Attempt, trial: Trial, statement: str = "") -> Facts:
    """Returns what is in a proposal, and how to check it. `statement`: the file with the signed statement, if any."""
    unit = trial.comparison.unit
    amount = text("{}, {}", Untrusted(count_of(version.datasets, unit)), count_of(version.rows, "rows"))
    params: Inline = Code(str(dict(version.params))) if version.params else ""
    return Facts((
        ("trained on", amount),
        ("never trained on", Untrusted(count_of(trial.holdout, unit))),
        ("estimator", text("{} {}", Code(version.estimator), params)),
        ("target", Code(version.target)),
        ("features", joined(", ", tuple(map(Code, version.features[:LISTED])))),
        *([("weight of a row", Code(version.weight))] if version.weight else []),
        ("sha256", Code(version.sha256)),
        ("size", f"{version.size:,} bytes"),
        ("libraries", ", ".join(f"{name} {number}" for name, number in version.libraries.items())),
        ("data tree", Code(version.data_tree)),
        *([("signed statement", Code(statement))] if statement else []),
        ("fingerprint", Code(version.fingerprint)),
        *([("settings", given(attempt.given))] if attempt.given else []),
        ("attempt", Link(Code(attempt.id), attempt.run_url)),
    ))  # fmt: skip
