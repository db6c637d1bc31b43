"""The terminal of a person: rich's progress bars, tables and rendered Markdown."""

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

from ml_action.core.records.choices import Verdict
from ml_action.core.records.outcome import Outcome
from ml_action.reports import chart
from ml_action.reports.blocks import Block
from ml_action.reports.render import json
from ml_action.reports.render.console import TextTable, render
from ml_action.reports.sections.run import ICONS


def make_console(*, piped: int | None = None) -> Console:
    """Standard output; plain where it is no terminal, and then so many characters wide."""
    is_piped = piped and not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(highlight=False, emoji=False, soft_wrap=False, width=piped if is_piped else None)


@dataclass
class TerminalLog:
    """A log with a progress bar for each long stage."""

    console: Console
    _progress: Progress | None = None
    _tasks: dict[str, TaskID] = field(default_factory=dict)

    def info(self, text: str) -> None:
        """One line; markup in it is shown, not obeyed."""
        self.console.print(escape(text))

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
            self._tasks[stage] = self._progress.add_task(escape(stage), total=total)
        self._progress.update(self._tasks[stage], completed=done)
        if done >= total:
            self._progress.stop()
            self._progress, self._tasks = None, {}

    def warn(self, text: str, *, path: str = "", line: int = 0) -> None:
        """A warning, with its place."""
        place = f"{path}:{line}: " if line else f"{path}: " if path else ""
        self.console.print(f"[yellow]warning:[/] {escape(place + text)}")

    def error(self, text: str, *, path: str = "", line: int = 0) -> None:
        """An error, with its place."""
        place = f"{path}:{line}: " if line else f"{path}: " if path else ""
        self.console.print(f"[bold red]error:[/] {escape(place + text)}")


def make_log() -> TerminalLog:
    """The log for a person who looks at standard output."""
    return TerminalLog(make_console())


def verdict(console: Console, outcome: Outcome) -> None:
    """The verdict of a run in a box: what it is, why, and what happens next."""
    title = f"{ICONS[outcome.verdict]} {outcome.verdict}"
    why = "".join(f"\n[dim]{escape(note)}[/]" for note in outcome.notes if outcome.verdict is Verdict.FAILED)
    console.print(
        Panel(
            f"{escape(outcome.reason)}{why}\n[dim]next: {escape(outcome.next_step)}[/]",
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
    """Rendered Markdown in a box."""
    console.print(Panel(Markdown(text), title=escape(title), title_align="left", border_style="dim"))


def table(console: Console, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A plain table; cells are text, not markup."""
    made = Table(*heads)
    for column in made.columns:
        column.overflow = "fold"  # a path that is cut off is of no use
    for row in rows:
        made.add_row(*(escape(cell) for cell in row))
    console.print(made)


def lines(console: Console, texts: Iterable[str]) -> None:
    """Lines of text, as they are; a long one is not broken."""
    for text in texts:
        console.print(escape(text), soft_wrap=True)
