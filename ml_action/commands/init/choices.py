"""The settings that `init` proposes, asks about, and writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ml_action.commands.init import discovery
from ml_action.commands.init.discovery import DataLayout
from ml_action.commands.init.prompts import Questions
from ml_action.commands.init.scaffold import ChosenSettings
from ml_action.config import parsers
from ml_action.config.options import BY_NAME
from ml_action.config.parse import parse
from ml_action.core.formatting import count_of
from ml_action.core.log import Log, escaped
from ml_action.core.records.dataset import RejectedDataset
from ml_action.modelling import suggestions
from ml_action.modelling.loop_view import LoopView
from ml_action.modelling.reading.table import Table
from ml_action.modelling.suggestions import Suggestion
from ml_action.modelling.target_guess import TargetGuess
from ml_action.modelling.training.recipe import resolve_recipe

ASKED = ("threshold", "metric", "estimator")  # and the target, which is asked first
REHEARSED = 2_000_000  # cells that a rehearsal trains on, times the classes: each of its trainings takes some seconds
LISTED = 3  # datasets that the loop would set aside


@dataclass(frozen=True)
class Choices(ChosenSettings):
    """The settings to write, and what a rehearsal has to know."""

    hopeless: bool = False  # whether nothing here predicts the target
    share: float = 1.0  # of the data, to rehearse with


@dataclass(frozen=True, eq=False)
class _Asking:
    """What the questions are about."""

    table: Table  # as the loop looks at it
    given: Mapping[str, str]
    suggestion: Suggestion
    questions: Questions

    def answer(self, name: str, default: str) -> str:
        """Returns the user's answer for a setting that is asked, and the default of any other."""
        why = self.suggestion.why.get(name)
        if name not in ASKED:
            return default
        return self.questions.ask(
            f"{name} ({why})" if why else name, default, check=lambda text: self._check(name, text)
        )

    def _check(self, name: str, text: str) -> None:
        """Raises an ExpectedError for a value that the loop would refuse."""
        known = {"target": self.suggestion.target, "task": self.suggestion.task, **self.given, name: text}
        training = parse(known, {}).training
        if name != "threshold":
            resolve_recipe(self.table, replace(training, weight=""))


def choose(found: DataLayout, table: Table, inputs: Mapping[str, str], questions: Questions, log: Log) -> Choices:
    """Returns the settings to write, with the reasons for those that were not given."""
    settings = parse(inputs, {})
    view = LoopView(found.by_rows, settings.data.contract)

    def confirm(guess: TargetGuess, names: Sequence[str]) -> str:
        question, ask = f"What is to be predicted? ({guess.reason})", questions.confirm_guess
        return (questions.ask if guess.certain else ask)(question, guess.target, choices=names)

    suggestion = suggestions.suggest(table, settings.training, confirm, view, log)
    for warning in suggestion.warnings:
        log.warn(warning)
    _warn_of(suggestion.set_aside, log)
    rows = suggestion.rows * max(1, len(found.files) // max(len(table.datasets), 1))
    asking = _Asking(view.read(table, settings.training), inputs, suggestion, questions)
    defaults = _defaults(found, suggestion, rows)
    values = {name: inputs.get(name) or asking.answer(name, default) for name, default in defaults.items()}
    values |= {name: value for name, value in inputs.items() if value and name not in values and BY_NAME[name].in_file}
    reasons = {name: reason for name, reason in suggestion.why.items() if not inputs.get(name)}
    share = min(1.0, REHEARSED / max(rows * suggestion.work, 1))
    return Choices(values, reasons, hopeless=suggestion.hopeless, share=share)


def _warn_of(set_aside: tuple[RejectedDataset, ...], log: Log) -> None:
    """Warns of what the loop would not use, with the first ones."""
    for item in set_aside[:LISTED]:
        log.warn(f"would be set aside: {item.reason}", path=item.path, line=item.line)
    if len(set_aside) > LISTED:
        more = count_of(len(set_aside) - LISTED, "others")
        log.warn(f"{more} would be set aside, such as {escaped(set_aside[LISTED].path)}")


def _defaults(found: DataLayout, suggestion: Suggestion, rows: int) -> dict[str, str]:
    """Returns the settings that are suggested."""
    defaults = {"data-path": found.data_path}
    if found.by_rows:
        defaults["unit"] = "rows"
    defaults |= {"threshold": str(discovery.threshold(found, rows)), "target": suggestion.target}
    if suggestion.features:
        defaults["features"] = parsers.format_names(suggestion.features)
    defaults |= {"task": suggestion.task, "metric": suggestion.metric, "estimator": suggestion.estimator}
    return defaults | ({"group": suggestion.group} if suggestion.group else {})
