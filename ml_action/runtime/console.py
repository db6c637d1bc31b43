"""The user's terminal: progress bars, tables and rendered Markdown, by rich."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from ml_action.core.log import location
from ml_action.core.markdown import printable
from ml_action.core.records.choices import Verdict
from ml_action.core.records.outcome import Outcome
from ml_action.reports import chart
from ml_action.reports.blocks import Block
from ml_action.reports.render import json
from ml_action.reports.render.console import TextTable, render
from ml_action.reports.sections.run import ICONS


def make_console(*, piped: int | None = None) -> Console:
    """Returns standard output. If it is not a terminal it is plain, and `piped` characters wide."""
    is_piped = piped and not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(highlight=False, emoji=False, soft_wrap=False, width=piped if is_piped else None)


@dataclass
class TerminalLog:
    """A log with a progress bar for each long stage."""

    console: Console
    _progress: Progress | None = None
    _tasks: dict[str, TaskID] = field(default_factory=dict)

    def info(self, text: str) -> None:
        """Prints one line; markup in it is shown as text."""
        self.console.print(_plain(text))

    def progress(self, stage: str, done: int, total: int) -> None:
        """Starts, moves and ends the stage's bar."""
        if self._progress is None:
            columns = (
                TextColumn("  {task.description}"),
                BarColumn(30),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
            )
            self._progress = Progress(*columns, console=self.console)
            self._progress.start()
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(_plain(stage), total=total)
        self._progress.update(self._tasks[stage], completed=done)
        if done >= total:
            self._progress.stop()
            self._progress, self._tasks = None, {}

    def warn(self, text: str, *, path: str = "", line: int = 0) -> None:
        """Prints a warning with its file and line."""
        self.console.print(f"[yellow]warning:[/] {_plain(location(path, line) + text)}")

    def error(self, text: str, *, path: str = "", line: int = 0) -> None:
        """Prints an error with its file and line."""
        self.console.print(f"[bold red]error:[/] {_plain(location(path, line) + text)}")


def _plain(text: str) -> str:
    """Returns text without control characters, whose markup rich shows as text."""
    return escape("\n".join(printable(line.expandtabs()) for line in text.splitlines()))


def make_log() -> TerminalLog:
    """Returns the log for a user at a terminal."""
    return TerminalLog(make_console())


def verdict(console: Console, outcome: Outcome) -> None:
    """Prints the verdict of a run in a box: what it is, why, and what happens next."""
    title = f"{ICONS[outcome.verdict]} {outcome.verdict}"
    why = "".join(f"\n[dim]{_plain(note)}[/]" for note in outcome.notes if outcome.verdict is Verdict.FAILED)
    console.print(
        Panel(
            f"{_plain(outcome.reason)}{why}\n[dim]next: {_plain(outcome.next_step)}[/]",
            title=title,
            title_align="left",
            expand=True,
        )
    )
    if outcome.trial and outcome.attempt and not console.options.ascii_only:
        lines(console, chart.gain_chart(outcome.trial.comparison, outcome.attempt.policy).splitlines())


def print_page(page: Iterable[Block], data: Any, *, as_json: bool, piped: int | None = None) -> None:
    """Prints a page for a reader, or its data for a program; `piped` as in `make_console`."""
    if as_json:
        sys.stdout.write(json.render(data))
    else:
        show(make_console(piped=piped), page)


def show(console: Console, blocks: Iterable[Block]) -> None:
    """Prints a page."""
    for part in render(blocks, ascii_only=console.options.ascii_only):
        if isinstance(part, TextTable):
            table(console, part.heads, part.rows)
        else:
            lines(console, (part,))


def markdown(console: Console, text: str, title: str) -> None:
    """Prints rendered Markdown in a box."""
    console.print(Panel(Markdown(text), title=_plain(title), title_align="left", border_style="dim"))


def table(console: Console, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a plain table; cells are text, not markup."""
    made = Table(*heads)
    for column in made.columns:
        column.overflow = "fold"  # a path that is cut off is useless
    for row in rows:
        made.add_row(*map(_plain, row))
    console.print(made)


def lines(console: Console, texts: Iterable[str]) -> None:
    """Prints lines of text unchanged; a long one is not broken."""
    for text in texts:
        console.print(_plain(text), soft_wrap=True)
