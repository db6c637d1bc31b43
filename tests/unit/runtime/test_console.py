import io

import pytest
from rich.console import Console

from ml_action.runtime import console as terminal
from ml_action.runtime.console import TerminalLog
from tests.support.factories import make_evidence, make_outcome, make_trial

HOSTILE = "[bold red]not markup[/] [link=https://evil.example]x[/link]\x1b[31m\u202e"


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=100, force_terminal=False, highlight=False)


def text(console):
    return console.file.getvalue()


def test_lines_warnings_and_errors(console):
    log = TerminalLog(console)
    log.info("reading")
    log.warn("odd", path="a.csv", line=3)
    log.warn("odd", path="a.csv")
    log.error("bad")
    assert text(console).splitlines() == ["reading", "warning: a.csv:3: odd", "warning: a.csv: odd", "error: bad"]


def test_markup_in_untrusted_text_is_shown_as_text(console):
    console.width = 300
    log = TerminalLog(console)
    log.info(HOSTILE)
    log.warn(HOSTILE)
    log.error(HOSTILE, path=HOSTILE)
    terminal.table(console, ("one",), [(HOSTILE,)])
    terminal.verdict(console, make_outcome(reason=HOSTILE, next_step=HOSTILE))
    terminal.markdown(console, "text", HOSTILE)
    shown = text(console)
    assert shown.count("[bold red]not markup[/]") == 8
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize("force_terminal", [True, False])
def test_stage_has_a_progress_bar(force_terminal):
    console = Console(file=io.StringIO(), width=100, force_terminal=force_terminal)
    log = TerminalLog(console)
    for done in range(4):
        log.progress("fold [x]", done, 3)
    assert "fold [x]" in console.file.getvalue()
    assert "3/3" in console.file.getvalue()
    log.progress("next", 1, 1)
    assert "next" in console.file.getvalue()


def test_verdict_is_a_box(console):
    terminal.verdict(console, make_outcome())
    assert "🚀 promote" in text(console)
    assert "better by far" in text(console)
    assert "next: a person reviews" in text(console)


def test_verdict_has_the_chart(console):
    terminal.verdict(console, make_outcome(trial=make_trial(comparison=make_evidence())))
    assert "\ngain of each dataset, sorted (share of the champion's error)\n" in text(console)


def test_markdown_is_rendered(console):
    terminal.markdown(console, "# Title\n\n- point", "a page")
    assert "Title" in text(console)
    assert "# Title" not in text(console)


def test_tables(console):
    terminal.table(console, ("name", "value"), [("a", "1"), ("b", "2")])
    assert "name" in text(console)
    assert "b" in text(console)


def test_log_for_a_terminal_writes_to_standard_output(capsys):
    terminal.make_log().info("hello")
    assert capsys.readouterr().out == "hello\n"
