"""The edge of the program: every ending of a run becomes outputs, summary, log lines and an exit code, here only.

A Problem is a sentence and its code. An interrupt leaves nothing half-done and has a code of its own. Anything else
is a bug: a traceback, and a report to paste into an issue.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from ml_action import __version__
from ml_action.core.errors import (
    EXIT_BUG,
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
    DataError,
    ExpectedError,
    RepositoryError,
    SettingsError,
)
from ml_action.core.log import Log
from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import RejectedDataset
from ml_action.core.records.outcome import Outcome
from ml_action.git.command import Login
from ml_action.git.errors import explain
from ml_action.git.process import GitFailed
from ml_action.reports import outputs
from ml_action.reports.blocks import redacted
from ml_action.reports.render import console, markdown
from ml_action.reports.summary import summary, verdict
from ml_action.runtime import actions
from ml_action.runtime.actions import RunContext

ISSUES = "https://github.com/org/ml-auto-update/issues"


AGAIN = 0.1  # seconds


class Terminated(BaseException):
    """A signal asks the run to end: the runner cancels the job (SIGTERM), or a person does (SIGINT)."""


class Stop:
    """Turns the two signals into `Stopped`, and remembers which came.

    Remembering matters: an exception that is raised while a C extension is being imported comes out as another one,
    such as numpy's ImportError "cannot load module more than once per process".
    """

    def __init__(self) -> None:
        self.code = 0  # the exit code that the signal asks for; 0: none came

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """While the story runs; as PID 1 of a container Python would ignore SIGTERM."""
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
        before = {number: signal.signal(number, self._on_signal) for number in numbers}
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGALRM:
            self.code = EXIT_INTERRUPTED if number == signal.SIGINT else EXIT_TERMINATED
        # Python drops an exception that is raised in a destructor or a callback: so it is raised until it is heard.
        signal.setitimer(signal.ITIMER_REAL, AGAIN)
        raise Terminated


def run_guarded(
    story: Callable[[], Outcome | int | None],
    context: RunContext,
    log: Log,
    secrets: Sequence[str] = (),
    *,
    as_json: bool = False,
) -> int:
    """Runs a story to its ending and delivers it; the exit code.

    A story without an outcome only showed something; it may give an exit code.
    """
    outcome, code = _ending(story, log, secrets)
    if outcome is not None:
        values = publish_outcome(outcome, context, log, secrets)
        if as_json:
            sys.stdout.write(json.dumps(values, indent=2) + "\n")
    return code


class _Ending(NamedTuple):
    """How a story ended: with an outcome, unless it only showed something, and with an exit code."""

    outcome: Outcome | None
    code: int


def _ending(story: Callable[[], Outcome | int | None], log: Log, secrets: Sequence[str]) -> _Ending:
    """How the story ended, and the exit code that says so."""
    stop, others = Stop(), _children()
    try:
        with stop.listening():
            result = story()
        return _Ending(result, result.exit_code) if isinstance(result, Outcome) else _Ending(None, result or 0)
    except (ExpectedError, GitFailed) as failure:
        problem = explain(failure) if isinstance(failure, GitFailed) else failure
        log.error(redact(str(problem), secrets), path=problem.path, line=problem.line)
        return _Ending(failed(problem), problem.exit_code)
    except (Terminated, Exception) as error:  # noqa: BLE001  this is the boundary
        lacking = extra_of(error)
        if lacking:
            log.error(str(lacking))
            return _Ending(failed(lacking), lacking.exit_code)
        full = _disk_error(error)
        if full and not stop.code:
            log.error(redact(str(full), secrets))
            return _Ending(failed(full), full.exit_code)
        if stop.code:
            _end(_children() - others)
            log.error(interrupted().reason)
            return _Ending(interrupted(), stop.code)
        log.error(f"this is a bug in ml-auto-update: {redact(repr(error), secrets)}")
        log.info(redact(bug_report(), secrets))
        return _Ending(bug(), EXIT_BUG)


def _disk_error(error: BaseException) -> RepositoryError | None:
    """Returns what the user reads if the disk is full or may not be written to, which is no bug."""
    if not isinstance(error, OSError) or error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return None
    return RepositoryError(
        f"{error.filename or 'a file'} cannot be written: {error.strerror}",
        why="the checkout, the datasets and the model need more space than this machine has left, or it is read-only",
        fix="free some space, or use a runner with a larger disk; nothing was lost: the next run does the same again",
    )


EXTRAS = {
    "rich": "terminal",
    "tomlkit": "terminal",
    "graphql": "sandbox",
    "werkzeug": "sandbox",
    "sandbox": "sandbox",
    "sigstore": "sigstore",
}  # of the package, by the module that needs one


def extra_of(error: BaseException) -> SettingsError | None:
    """Returns the error that names the extra to install; None if nothing that an extra has is missing."""
    module = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if module not in EXTRAS:
        return None
    return SettingsError(
        f"this command needs the package '{module}', which is not installed",
        why="pip install ml-auto-update installs what the Action needs; what people need at a terminal is an extra",
        fix=f"pip install 'ml-auto-update[{EXTRAS[module]}]'",
    )


def _children() -> frozenset[int]:
    """The running child processes of this one; empty where the kernel does not list them."""
    try:
        listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    except OSError:
        return frozenset()
    return frozenset(map(int, listed.split()))


def _end(children: Iterable[int]) -> None:
    """Ends what was just being started when the signal came: `subprocess` took no note of it, and never will."""
    for child in children:
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)


EACH = 3  # datasets that are set aside for one reason: of more the first is named
_VALUE = re.compile(r"'[^']*'|[0-9]+")  # what differs in one reason from file to file
NEEDS_ATTENTION = (Verdict.BLOCKED, Verdict.INCOMPARABLE, Verdict.REVIEW)


def publish_outcome(outcome: Outcome, context: RunContext, log: Log, secrets: Sequence[str] = ()) -> dict[str, str]:
    """Writes outputs, summary and report, and says the verdict; the outputs."""
    hide = partial(redact, secrets=secrets)
    text = markdown.render(redacted(summary(outcome), hide))
    values = {name: redact(value, secrets) for name, value in outputs.from_outcome(outcome).items()}
    if context.in_actions:
        values["report-path"] = actions.leave_report(context.workspace, text)
        with contextlib.suppress(OSError):  # the owner can still read it
            actions.restore_ownership(context.workspace)
    _write_runner_files(context, values, text, log)
    if outcome.verdict in NEEDS_ATTENTION:  # first: the runner shows ten annotations of a kind
        (log.error if outcome.exit_code else log.warn)(values["reason"])
    fails = outcome.exit_code == DataError.exit_code  # these are what the run fails for
    for item, others in grouped(outcome.set_aside):
        more = f" (and so are {others:,} others, which the report lists)" if others else ""
        if fails:
            log.error(f"bad dataset: {item.reason}{more}", path=item.path, line=item.line)
        else:
            log.warn(f"set aside: {item.reason}{more}", path=item.path, line=item.line)
    if outcome.verdict is not Verdict.FAILED or outcome.exit_code:  # an expected error was logged already
        for line in console.lines(redacted(verdict(outcome), hide)):
            log.info(line)
    return values


def _write_runner_files(context: RunContext, values: Mapping[str, str], text: str, log: Log) -> None:
    """Writes outputs and summary. What cannot be written is a warning: the verdict is not lost for it."""
    for name, path, content, lost in (
        ("GITHUB_OUTPUT", context.output, actions.outputs_text(values).encode("utf-8", "replace"), "has no outputs"),
        ("GITHUB_STEP_SUMMARY", context.summary, actions.summary_text(text), "has no summary"),
    ):
        problem = actions.append(path, content)
        if problem:
            log.warn(
                f"{name} cannot be written ({path}: {problem}), so this step {lost}; its exit code says how it ended"
            )


def grouped(rejected: Iterable[RejectedDataset]) -> Iterator[tuple[RejectedDataset, int]]:
    """Yields what was set aside, with 0; of many for one reason the first, and how many others there are."""
    kinds: dict[str, list[RejectedDataset]] = {}
    for item in rejected:
        kinds.setdefault(_VALUE.sub("", item.reason), []).append(item)
    for items in kinds.values():
        if len(items) > EACH:
            yield items[0], len(items) - 1
        else:
            yield from ((item, 0) for item in items)


def redact(text: str, secrets: Sequence[str]) -> str:
    """The text without the secrets, should one ever get into it: as they are, and as git sends them."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "***").replace(Login("", secret).header().split()[-1], "***")
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


def failed(problem: ExpectedError) -> Outcome:
    """A Problem ended the run."""
    reason = " ".join(problem.what.split())  # a list of wrong settings has a line for each
    why = (f"why it usually happens: {problem.why}",) if problem.why else ()
    fix = problem.fix or "see the message in the log"
    return Outcome(Verdict.FAILED, reason, fix, notes=why, set_aside=problem.set_aside)


def interrupted() -> Outcome:
    """A person or the runner stopped the run."""
    return Outcome(
        Verdict.FAILED,
        "the run was stopped from outside",
        "nothing is half-done: the next run continues from here",
    )


def bug() -> Outcome:
    """An unexpected error."""
    return Outcome(
        Verdict.FAILED,
        "a bug in ml-auto-update; the log has a report to paste into an issue",
        "nothing is half-done: the next run tries again",
    )
