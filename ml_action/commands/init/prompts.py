"""Questions to a person at a terminal; whoever says yes to everything is asked nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Protocol

from rich.prompt import Prompt

from ml_action.core.errors import SettingsError
from ml_action.core.log import Log


class Asker(Protocol):
    """Somebody who decides."""

    def ask(self, question: str, guess: str, *, choices: Sequence[str] = ()) -> str:
        """The answer; empty choices: any text."""


class AcceptDefaults:
    """Takes every guess, and says which."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def ask(self, question: str, guess: str, *, choices: Sequence[str] = ()) -> str:  # noqa: ARG002
        """The guess."""
        self._log.info(f"{question}: {guess}")
        return guess


class TerminalPrompt:
    """Asks at the terminal; Enter takes the guess."""

    def ask(self, question: str, guess: str, *, choices: Sequence[str] = ()) -> str:
        """What is typed, once it is one of the choices."""
        shown = list(choices) or None
        few = shown is not None and len(shown) <= 8
        if shown and not few:
            print(f"  one of: {', '.join(shown)}")  # noqa: T201
        try:
            return str(Prompt.ask(question, default=guess, choices=shown, show_choices=few))
        except EOFError:  # Ctrl-D, or a terminal that went away
            raise SettingsError(
                "nobody answered, and nothing was written",
                why="standard input ended at a question",
                fix="run it again, or add --yes to take every guess",
            ) from None


def make(*, yes: bool, log: Log) -> Asker:
    """Who decides here.

    Raises:
        SettingsError: nobody can be asked, and nobody said yes.
    """
    if yes:
        return AcceptDefaults(log)
    if not sys.stdin.isatty():
        raise SettingsError(
            "init would ask a few questions, and standard input is no terminal",
            why="it runs in a script or a pipe",
            fix="add --yes to take every guess, and flags for what you know better, such as --target price",
        )
    return TerminalPrompt()
