"""`demo`: the whole story on one machine, watched: what the loop does, and what a careful loop does not do."""

from __future__ import annotations

import io
import itertools
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ml_action.commands import sandbox_session
from ml_action.commands.demo import corruption, panel, students
from ml_action.commands.sandbox_session import SandboxSession
from ml_action.core.errors import ExpectedError
from ml_action.core.records.model import History, Version
from ml_action.core.records.outcome import Outcome
from ml_action.git import registry
from ml_action.runtime import boundary
from ml_action.runtime import console as terminal
from ml_action.runtime.console import TerminalLog

STORE = "data/new_data"


@dataclass(frozen=True)
class Story:
    """Whose datasets arrive, and when."""

    about: str
    target: str
    question: Mapping[str, object]  # asked of each version at the end
    first: tuple[str, ...]  # before the story: v1 is trained on them
    drifted: tuple[str, ...]  # the world has changed since
    damaged: Mapping[str, str]  # arrive with them, by what is wrong with them
    few: tuple[str, ...]
    unchanged: tuple[str, ...]  # with `few`, a batch of the world that v2 knows
    reversed: tuple[str, ...] = ()  # a batch in which the labels of 15 % of the datasets are turned around
    in_minutes: tuple[str, ...] = ()  # a batch in which 15 % of the datasets tell minutes for hours


def of_students() -> Story:
    """Simulated students; a new exam changes what counts."""
    drifted = tuple(students.datasets(926, "drifted", 2))
    return Story(
        "students (simulated): a new exam counts hours more and sleep less",
        "score",
        {"hours_studied": 5.0, "sleep_hours": 7.0, "attendance": 0.8, "school": "town"},
        tuple(students.datasets(60, "steady", 1)),
        drifted[:220],
        corruption.corrupted(drifted[477:486], "score"),
        drifted[220:257],
        drifted[257:477],
        _spoiled(drifted[486:706], lambda text: corruption.with_reversed_labels(text, "score")),
        _spoiled(drifted[706:926], lambda text: corruption.scaled(text, "hours_studied", 60)),
    )


def _spoiled(datasets: Sequence[str], damage: Callable[[str], str]) -> tuple[str, ...]:
    """The datasets, 15 % of them damaged."""
    bad = round(0.15 * len(datasets))
    return (*map(damage, datasets[:bad]), *datasets[bad:])


def of_persons() -> Story:
    """Real people; a second site joins the study."""
    sites = panel.datasets()
    return Story(
        "persons of the RAND Health Insurance Experiment (real): a second site joins",
        panel.TARGET,
        {
            "year": 1,
            "xage": 40,
            "female": 1,
            "black": 0,
            "educdec": 12,
            "linc": 9,
            "num": 3,
            "mhi": 75,
            "physlm": 0,
            "disea": 10,
            "hlthg": 1,
            "hlthf": 0,
            "hlthp": 0,
        },
        tuple(sites["2"][:220]),
        tuple(sites["6"][:220]),
        corruption.corrupted(sites["6"][477:486], panel.TARGET),
        tuple(sites["6"][220:257]),
        tuple(sites["6"][257:477]),
    )


STORIES = {"students": of_students, "real": of_persons}


def run(data: str, keep: Path | None) -> None:
    """Plays the story on a fresh sandbox and leaves its repository in a folder to look into."""
    console, started = terminal.make_console(), time.monotonic()
    root = keep.resolve() if keep else Path(tempfile.mkdtemp(prefix="ml-auto-update-demo-"))
    root.mkdir(parents=True, exist_ok=True)
    with sandbox_session.open_stage(Path(tempfile.mkdtemp(prefix="play-", dir=root)), "octo/students") as here:
        theatre = Demo(here, STORIES[data](), console, TerminalLog(console))
        theatre.play()
        console.print(
            f"\n[dim]{time.monotonic() - started:.0f} s. Look into it:[/]  git -C {here.repository.path} log --all "
            "--graph",
            soft_wrap=True,
        )


@dataclass
class Demo:
    """One performance."""

    here: SandboxSession
    story: Story
    console: Console
    log: TerminalLog

    def play(self) -> None:
        """The prologue, the episodes, the epilogue."""
        self._prologue()
        before = self._promotion()
        self._rerun(before)
        self._few()
        self._unchanged()
        if self.story.reversed:
            self._reversed()
            self._in_minutes()
        self._epilogue()

    def _title(self, text: str) -> None:
        self.console.print()
        self.console.rule(f"[bold]{text}", align="left")

    def _hour(self, commit: str = "", **given: str) -> Outcome:
        """An hour passes: check, and the loop if enough arrived."""
        settings = {"autonomy": "merge", "target": self.story.target} | {
            name.replace("_", "-"): value for name, value in given.items()
        }
        try:
            outcome = self.here.hour(settings, self.log, commit=commit)
        except ExpectedError as problem:
            outcome = boundary.failed(problem)
        terminal.verdict(self.console, outcome)
        return outcome

    def _prologue(self) -> None:
        self._title(f"Prologue: {self.story.about}")
        self._arrive(self.story.first, "datasets")
        self._hour(threshold=str(len(self.story.first)))
        self.here.hub.protect(self.here.repository, "main", required_reviews=1)
        self.log.info("v1 is in production; from now on main takes only reviewed pull requests, and data from people")

    def _promotion(self) -> str:
        damaged = self.story.damaged
        self._title(f"Hour 1: 220 datasets of a world that has drifted, and {len(damaged)} broken ones")
        self._arrive(damaged.values(), "broken datasets", damaged)
        commit = self._arrive(self.story.drifted, "drifted datasets")
        outcome = self._hour()
        pull = outcome.publication.pull_request if outcome.publication else None
        if pull:
            terminal.markdown(self.console, pull.body, f"pull request #{pull.number}: {pull.title}")
            self._tell(pull.number)
        return commit

    def _tell(self, number: int) -> None:
        """What the forge says of a pull request."""
        pull = next(pull for pull in self.here.hub.pulls(self.here.repository) if pull.number == number)
        approvers = {review.user.login for review in pull.reviews if review.state == "APPROVED"}
        merger = pull.merged_by.login if pull.merged_by else "nobody"
        self.log.info(
            f"pull request #{number}: opened by {pull.author.login}, label {', '.join(pull.labels)}, "
            f"approved by {', '.join(approvers)}, merged by {merger}"
        )
        self.log.info(f"model/model_metadata.json on main says: {self._history().current}")

    def _rerun(self, commit: str) -> None:
        self._title("The same job again, on its old commit: nothing is done twice")
        self._hour(commit=commit)
        pulls, versions = self.here.hub.pulls(self.here.repository), self._history().versions
        self.log.info(f"pull requests: {len(pulls)}, versions: {len(versions)}")

    def _few(self) -> None:
        self._title("Hour 2: 37 more datasets")
        self._arrive(self.story.few, "datasets")
        self._hour()

    def _unchanged(self) -> None:
        self._title("Hour 3: 220 more datasets of the world that v2 knows already")
        self._arrive(self.story.unchanged, "datasets of an unchanged world")
        self._hour()
        self._title("Hour 4: nothing new; the held datasets are not tried again")
        self._hour()

    def _reversed(self) -> None:
        self._title("Hour 5: 220 more, and in 33 of them the labels are turned around")
        self._arrive(self.story.reversed, "datasets")
        self._hour()

    def _in_minutes(self) -> None:
        self._title("Hour 6: 220 more, and 33 of them tell minutes instead of hours")
        self._arrive(self.story.in_minutes, "datasets")
        self._hour()

    def _epilogue(self) -> None:
        self._title("Epilogue")
        history = self._history()
        heads = (
            "version",
            "trained on",
            history.versions[-1].metric,
            "interval of the improvement",
            "predicts",
        )
        terminal.table(
            self.console,
            heads,
            (
                (
                    version.version,
                    f"{version.datasets} datasets",
                    f"{version.scores[version.metric]:.4f}",
                    f"[{version.interval.low:+.4f}, {version.interval.high:+.4f}]",
                    f"{self.story.target} = {prediction:.2f}",
                )
                for version, prediction in self._predictions(history)
            ),
        )
        asked = ", ".join(f"{name} {value}" for name, value in self.story.question.items())
        self.log.info(f"asked: {asked}")
        self.log.info(f"\n{sandbox_session.git_log(self.here.repository.path)}")

    # --- the world ----------------------------------------------------------------------------------------

    def _arrive(self, datasets: Iterable[str], what: str, called: Iterable[str] = ()) -> str:
        """People commit datasets to main; the commit."""
        git = sandbox_session.plain_git(self.here.repository.path)
        files = tuple(datasets)
        known = int(git.maybe("rev-list", "--count", "main") or 0)
        numbers = (f"{number:04}" for number in itertools.count())
        names = (f"{STORE}/batch-{known:02}-{name}.csv" for name in itertools.chain(called, numbers))
        git.run(
            "fast-import",
            "--quiet",
            stdin=_import(zip(names, files, strict=False), git.maybe("rev-parse", "main"), f"Add {len(files)} {what}"),
        )
        self.log.info(f"{len(files)} {what} arrive")
        self.here.hub.synchronise(self.here.repository)
        return git.line("rev-parse", "main")

    def _history(self) -> History:
        history = registry.read(sandbox_session.plain_git(self.here.repository.path), "main", "model")
        if history is None:
            raise LookupError("the prologue made no v1")
        return history

    def _predictions(self, history: History) -> Iterator[tuple[Version, float]]:
        """What each version answers to the same question."""
        import pandas as pd

        from ml_action.modelling.training import model_file

        git = sandbox_session.plain_git(self.here.repository.path)
        question = pd.read_csv(
            io.StringIO(",".join(self.story.question) + "\n" + ",".join(map(str, self.story.question.values())) + "\n")
        )
        for version in history.versions:
            model = model_file.load(registry.artifact(git, "main", "model", version), version.sha256)
            with warnings.catch_warnings():
                yield version, float(model.predict(question[list(version.features)])[0])


def _import(files: Iterable[tuple[str, str]], parent: str, message: str) -> bytes:
    """A git fast-import stream of one commit that adds files."""
    name, mail = "A person", "person@example.com"
    head = f"commit refs/heads/main\ncommitter {name} <{mail}> {int(time.time())} +0000\n"
    lines = [head, f"data {len(message.encode())}\n{message}\n", f"from {parent}\n" if parent else ""]
    for path, text in files:
        content = text.encode()
        lines.append(f"M 100644 inline {path}\ndata {len(content)}\n{text}\n")
    return "".join(lines).encode()
