"""`demo`: what the loop does, hour by hour on one machine, and what a careful loop does not do."""

from __future__ import annotations

import io
import itertools
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console

from ml_action.commands import sandbox_session
from ml_action.commands.demo.scenarios import SCENARIOS, Scenario
from ml_action.commands.sandbox_session import SandboxSession
from ml_action.core.errors import ExpectedError
from ml_action.core.records.model import History
from ml_action.core.records.outcome import Outcome
from ml_action.git import registry
from ml_action.modelling.training import model_file
from ml_action.runtime import boundary
from ml_action.runtime import console as terminal
from ml_action.runtime.console import TerminalLog

STORE = "data/new_data"


def run(data: str, keep: Path | None) -> None:
    """Runs the demo on a fresh sandbox, and leaves its repository in a folder."""
    console, started = terminal.make_console(), time.monotonic()
    root = keep.resolve() if keep else Path(tempfile.mkdtemp(prefix="ml-auto-update-demo-"))
    root.mkdir(parents=True, exist_ok=True)
    with sandbox_session.open_session(Path(tempfile.mkdtemp(prefix="play-", dir=root)), "octo/students") as session:
        Demo(session, SCENARIOS[data](), console, TerminalLog(console)).run()
        console.print(
            f"\n[dim]{time.monotonic() - started:.0f} s. Look into it:[/]  git -C {session.repository.path} log --all "
            "--graph",
            soft_wrap=True,
        )


@dataclass
class Demo:
    """A scenario on a sandbox, shown on a console."""

    session: SandboxSession
    scenario: Scenario
    console: Console
    log: TerminalLog

    def run(self) -> None:
        """Runs every hour of the scenario."""
        self._setup()
        before = self._promotion()
        self._rerun(before)
        self._few()
        self._unchanged()
        if self.scenario.reversed:
            self._reversed()
            self._in_minutes()
        self._summary()

    # --- the hours ----------------------------------------------------------------------------------------

    def _setup(self) -> None:
        self._title(f"Prologue: {self.scenario.about}")
        self._commit(self.scenario.first, "datasets")
        self._run_loop(threshold=str(len(self.scenario.first)))
        self.session.hub.protect(self.session.repository, "main", required_reviews=1)
        self.log.info("v1 is in production; from now on main takes only reviewed pull requests, and data from people")

    def _promotion(self) -> str:
        """Lets a changed population arrive. Returns the commit that a later re-run starts from."""
        broken = self.scenario.broken
        self._title(f"Hour 1: 220 datasets of a world that has drifted, and {len(broken)} broken ones")
        self._commit(broken.values(), "broken datasets", broken)
        commit = self._commit(self.scenario.drifted, "drifted datasets")
        outcome = self._run_loop()
        pull = outcome.publication.pull_request if outcome.publication else None
        if pull:
            terminal.markdown(self.console, pull.body, f"pull request #{pull.number}: {pull.title}")
            self._show_pull_request(pull.number)
        return commit

    def _rerun(self, commit: str) -> None:
        self._title("The same job again, on its old commit: nothing is done twice")
        self._run_loop(commit=commit)
        pulls, versions = self.session.hub.pulls(self.session.repository), self._history().versions
        self.log.info(f"pull requests: {len(pulls)}, versions: {len(versions)}")

    def _few(self) -> None:
        self._title("Hour 2: 37 more datasets")
        self._commit(self.scenario.few, "datasets")
        self._run_loop()

    def _unchanged(self) -> None:
        self._title("Hour 3: 220 more datasets of the world that v2 knows already")
        self._commit(self.scenario.unchanged, "datasets of an unchanged world")
        self._run_loop()
        self._title("Hour 4: nothing new; the held datasets are not tried again")
        self._run_loop()

    def _reversed(self) -> None:
        self._title("Hour 5: 220 more, and the labels of 33 of them are reversed")
        self._commit(self.scenario.reversed, "datasets")
        self._run_loop()

    def _in_minutes(self) -> None:
        self._title("Hour 6: 220 more, and 33 of them have minutes instead of hours")
        self._commit(self.scenario.in_minutes, "datasets")
        self._run_loop()

    def _summary(self) -> None:
        self._title("Epilogue")
        history = self._history()
        heads = ("version", "trained on", history.versions[-1].metric, "interval of the improvement", "predicts")
        terminal.table(self.console, heads, self._rows(history))
        asked = ", ".join(f"{name} {value}" for name, value in self.scenario.question.items())
        self.log.info(f"asked: {asked}")
        self.log.info(f"\n{sandbox_session.git_log(self.session.repository.path)}")

    # --- what is shown ------------------------------------------------------------------------------------

    def _title(self, text: str) -> None:
        self.console.print()
        self.console.rule(f"[bold]{text}", align="left")

    def _show_pull_request(self, number: int) -> None:
        """Shows a pull request as it is on the sandbox."""
        pull = next(pull for pull in self.session.hub.pulls(self.session.repository) if pull.number == number)
        approvers = {review.user.login for review in pull.reviews if review.state == "APPROVED"}
        merger = pull.merged_by.login if pull.merged_by else "no one"
        self.log.info(
            f"pull request #{number}: opened by {pull.author.login}, label {', '.join(pull.labels)}, "
            f"approved by {', '.join(approvers)}, merged by {merger}"
        )
        self.log.info(f"model/model_metadata.json on main says: {self._history().current}")

    def _rows(self, history: History) -> Iterator[tuple[str, ...]]:
        """Yields each version with its answer to the question."""
        question = pd.read_csv(
            io.StringIO("\n".join(",".join(map(str, row)) for row in zip(*self.scenario.question.items(), strict=True)))
        )
        for version in history.versions:
            content = registry.artifact(self.session.git, "main", "model", version)
            model = model_file.load(content, version.sha256)
            with warnings.catch_warnings():
                prediction = float(model.predict(question[list(version.features)])[0])
            yield (
                version.version,
                f"{version.datasets} datasets",
                f"{version.scores[version.metric]:.4f}",
                f"[{version.interval.low:+.4f}, {version.interval.high:+.4f}]",
                f"{self.scenario.target} = {prediction:.2f}",
            )

    # --- the repository -----------------------------------------------------------------------------------

    def _run_loop(self, commit: str = "", **inputs: str) -> Outcome:
        """Runs the loop once, and shows its verdict."""
        settings = {"autonomy": "merge", "target": self.scenario.target} | {
            name.replace("_", "-"): value for name, value in inputs.items()
        }
        try:
            outcome = self.session.run_once(settings, self.log, commit=commit)
        except ExpectedError as error:
            outcome = boundary.failed(error)
        terminal.verdict(self.console, outcome)
        return outcome

    def _commit(self, datasets: Iterable[str], description: str, names: Iterable[str] = ()) -> str:
        """Commits datasets to main, as users do. Returns the commit."""
        git, files = self.session.git, tuple(datasets)
        count = int(git.line_or_empty("rev-list", "--count", "main") or 0)
        numbers = (f"{number:04}" for number in itertools.count())
        paths = (f"{STORE}/batch-{count:02}-{name}.csv" for name in itertools.chain(names, numbers))
        message = f"Add {len(files)} {description}"
        stream = _import_stream(zip(paths, files, strict=False), git.line_or_empty("rev-parse", "main"), message)
        git.run("fast-import", "--quiet", stdin=stream)
        self.log.info(f"{len(files)} {description} arrive")
        self.session.hub.synchronise(self.session.repository)
        return git.line("rev-parse", "main")

    def _history(self) -> History:
        history = registry.read(self.session.git, "main", "model")
        if history is None:
            raise LookupError("the prologue made no v1")
        return history


def _import_stream(files: Iterable[tuple[str, str]], parent: str, message: str) -> bytes:
    """Returns a stream for `git fast-import`: one commit that adds files."""
    name, mail = "A person", "person@example.com"
    head = f"commit refs/heads/main\ncommitter {name} <{mail}> {int(time.time())} +0000\n"
    lines = [head, f"data {len(message.encode())}\n{message}\n", f"from {parent}\n" if parent else ""]
    for path, text in files:
        lines.append(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n")
    return "".join(lines).encode()
