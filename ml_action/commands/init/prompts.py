"""Questions at a terminal. With `--yes`, every question takes its default."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

from rich.prompt import Prompt

from ml_action.core.errors import ExpectedError, SettingsError
from ml_action.core.formatting import quoted_list, sanitised
from ml_action.core.log import Log

SHOWN = 8  # choices that fit into the question
Check = Callable[[str], object]  # raises an ExpectedError for an answer that is wrong


class Questions(Protocol):
    """Answers questions about settings."""

    def ask(self, question: str, default: str, *, choices: Sequence[str] = (), check: Check = str) -> str:
        """Returns the answer, which is one of the choices; without choices, any text that the check accepts."""

    def confirm_guess(self, question: str, guess: str, *, choices: Sequence[str]) -> str:
        """Returns the answer where there is no more than a guess: only a person can confirm it.

        Raises:
            SettingsError: No person is asked.
        """


class AcceptDefaults:
    """Takes every default, and logs it."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def ask(self, question: str, default: str, *, choices: Sequence[str] = (), check: Check = str) -> str:  # noqa: ARG002
        """Returns the default."""
        self._log.info(f"{question}: {default}")
        return default

    def confirm_guess(self, question: str, guess: str, *, choices: Sequence[str]) -> str:
        """Refuses: a loop for the wrong column would train for months."""
        raise SettingsError(
            f"--yes takes no guess of the target: nothing but its place speaks for '{sanitised(guess)}'",
            why=f"{question} The columns are {quoted_list(choices)}",
            fix=f"name the target: --target {shlex.quote(sanitised(guess))}, if that is it; without --yes, init asks",
        )


class TerminalPrompt:
    """Asks the user at the terminal; Enter takes the default."""

    def ask(self, question: str, default: str, *, choices: Sequence[str] = (), check: Check = str) -> str:
        """Asks until the answer is one of the choices, and right."""
        shown = list(choices) or None
        few = shown is not None and len(shown) <= SHOWN
        if shown and not few:
            print(f"  one of: {', '.join(shown)}")  # noqa: T201
        while wrong := _error_of(check, answer := _typed(question, default, shown, few=few)):
            print(wrong)  # noqa: T201
        return answer

    def confirm_guess(self, question: str, guess: str, *, choices: Sequence[str]) -> str:
        """Asks as for any other setting."""
        return self.ask(question, guess, choices=choices)


def _typed(question: str, default: str, choices: list[str] | None, *, few: bool) -> str:
    """Returns what the user types."""
    try:
        return str(Prompt.ask(question, default=default, choices=choices, show_choices=few))
    except EOFError:  # Ctrl-D, or a terminal that was closed
        raise SettingsError(
            "a question was not answered, and nothing was written",
            why="standard input ended at a question",
            fix="run it again, or add --yes to take every default",
        ) from None


def _error_of(check: Check, answer: str) -> ExpectedError | None:
    """Returns why an answer is wrong."""
    try:
        check(answer)
    except ExpectedError as error:
        return error
    return None


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
