"""Questions at a terminal. With `--yes`, every question takes its default."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Protocol

from rich.prompt import Prompt

from ml_action.core.errors import SettingsError
from ml_action.core.log import Log

SHOWN = 8  # choices that fit into the question


class Questions(Protocol):
    """Answers questions about settings."""

    def ask(self, question: str, default: str, *, choices: Sequence[str] = ()) -> str:
        """Returns the answer, which is one of the choices; without choices, any text."""


class AcceptDefaults:
    """Takes every default, and logs it."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def ask(self, question: str, default: str, *, choices: Sequence[str] = ()) -> str:  # noqa: ARG002
        """Returns the default."""
        self._log.info(f"{question}: {default}")
        return default


class TerminalPrompt:
    """Asks the user at the terminal; Enter takes the default."""

    def ask(self, question: str, default: str, *, choices: Sequence[str] = ()) -> str:
        """Asks until the answer is one of the choices."""
        shown = list(choices) or None
        few = shown is not None and len(shown) <= SHOWN
        if shown and not few:
            print(f"  one of: {', '.join(shown)}")  # noqa: T201
        try:
            return str(Prompt.ask(question, default=default, choices=shown, show_choices=few))
        except EOFError:  # Ctrl-D, or a terminal that was closed
            raise SettingsError(
                "a question was not answered, and nothing was written",
                why="standard input ended at a question",
                fix="run it again, or add --yes to take every default",
            ) from None


def make_questions(*, yes: bool, log: Log) -> Questions:
    """Returns what answers the questions here.

    Raises:
        SettingsError: There is no terminal, and no `--yes` either.
    """
    if yes:
        return AcceptDefaults(log)
    if not sys.stdin.isatty():
        raise SettingsError(
            "init would ask a few questions, and standard input is no terminal",
            why="it runs in a script or a pipe",
            fix="add --yes to take every default, and flags for what you know better, such as --target price",
        )
    return TerminalPrompt()
