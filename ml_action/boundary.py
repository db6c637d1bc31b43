"""The edge of the program: every ending of a run becomes outputs, summary, log lines and an exit code, here only.

A Problem is a sentence and its code. An interrupt leaves nothing half-done and has a code of its own. Anything else
is a bug: a traceback, and a report to paste into an issue.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType

from ml_action import __version__, endings, outputs, report, runner
from ml_action.arrivals import Outcome, Verdict
from ml_action.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_TERMINATED, Problem
from ml_action.git import GitFailed
from ml_action.log import Log
from ml_action.refusals import explain
from ml_action.runner import Context

ISSUES = "https://github.com/ml-auto-update/ml-auto-update/issues"


class Terminated(BaseException):
    """SIGTERM: the runner cancels the job."""


def guard(
    story: Callable[[], Outcome | None],
    context: Context,
    log: Log,
    secrets: Sequence[str] = (),
    *,
    as_json: bool = False,
) -> int:
    """Runs a story to its ending and delivers it; the exit code. A story without an outcome only showed something."""
    signal.signal(signal.SIGTERM, _terminate)  # as PID 1 of a container Python would ignore it
    outcome: Outcome | None
    try:
        outcome, code = story(), 0
    except (Problem, GitFailed) as failure:
        problem = explain(failure) if isinstance(failure, GitFailed) else failure
        log.error(redact(str(problem), secrets), path=problem.path, line=problem.line)
        outcome, code = endings.failed(problem), problem.exit_code
    except (KeyboardInterrupt, Terminated) as stop:
        interrupted = isinstance(stop, KeyboardInterrupt)
        outcome, code = endings.interrupted(), EXIT_INTERRUPTED if interrupted else EXIT_TERMINATED
        log.error(outcome.reason)
    except Exception as bug:
        log.error(f"this is a bug in ml-auto-update: {redact(repr(bug), secrets)}")
        log.say(redact(bug_report(), secrets))
        outcome, code = endings.bug(), EXIT_BUG
    if outcome is not None:
        values = deliver(outcome, context, log, secrets)
        if as_json:
            sys.stdout.write(json.dumps(values, indent=2) + "\n")
    return code


def deliver(outcome: Outcome, context: Context, log: Log, secrets: Sequence[str] = ()) -> dict[str, str]:
    """Writes outputs, summary and report, and says the verdict; the outputs."""
    text = redact(report.summary(outcome), secrets)
    values = {name: redact(value, secrets) for name, value in outputs.of(outcome).items()}
    if context.in_actions:
        values["report-path"] = runner.leave_report(context.workspace, text)
        runner.give_back(context.workspace)
    runner.append(context.output, runner.outputs_text(values).encode("utf-8", "replace"))
    runner.append(context.summary, runner.summary_text(text))
    for item in outcome.set_aside:
        log.warn(f"set aside: {item.reason}", path=item.path, line=item.line)
    if outcome.verdict in (Verdict.BLOCKED, Verdict.INCOMPARABLE):
        log.warn(values["reason"])
    if outcome.verdict is not Verdict.FAILED:
        log.say(f"{report.ICONS[outcome.verdict]} {outcome.verdict}: {values['reason']}")
        log.say(f"   next: {redact(outcome.next_step, secrets)}")
    return values


def redact(text: str, secrets: Sequence[str]) -> str:
    """The text without the secrets, should one ever get into it."""
    for secret in secrets:
        text = text.replace(secret, "***") if secret else text
    return text


def bug_report() -> str:
    """What a person pastes into an issue."""
    import platform  # late, all three: a run without a bug needs none of them
    import subprocess
    import traceback

    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    versions = (f"ml-auto-update {__version__}", f"Python {platform.python_version()}", git, platform.platform())
    return "\n".join(
        [
            f"Please paste this into {ISSUES}:",
            "",
            "```text",
            ", ".join(versions),
            traceback.format_exc().rstrip(),
            "```",
        ]
    )


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    raise Terminated
