"""The world of the scenarios: a repository on the stand-in, people who commit to it, hours that pass.

A run goes through the same door as on a runner: `cli.main([])` with a runner's environment, in this process because
pandas takes two seconds to load; in a process of its own where it is to be killed or to meet another run.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from multiprocessing import connection, forkserver
from pathlib import Path
from typing import Any

import pytest

from ml_action import cli
from ml_action.commands import sandbox_session
from ml_action.commands.demo import students
from ml_action.commands.sandbox_session import SandboxSession
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.model import Version
from ml_action.git import journal, registry
from ml_action.git.command import Git
from ml_action.git.journal import State
from sandbox import Account, Exchange, PullRequest
from tests.support import flaky_server
from tests.support.no_waits import hurry, in_no_time

ENTRYPOINT = Path(cli.__file__).parents[1] / "entrypoint.py"
STORE = "data/new_data"
STATE, PROPOSAL = "ml-auto-update/model/state", "ml-auto-update/model/proposal"
USUAL = {"threshold": "40", "autonomy": "merge"}
KEPT = ("PATH", "HOME", "TMPDIR", "LANG")
FULL_NAME = "octo/students"
PULLS = f"/repos/{FULL_NAME}/pulls"


# --- datasets ----------------------------------------------------------------------------------------------


def steady(count: int, seed: int) -> list[str]:
    """Students of the world that v1 was trained in."""
    return list(students.datasets(count, "steady", seed))


def drifted(count: int, seed: int) -> list[str]:
    """Students after the new exam."""
    return list(students.datasets(count, "drifted", seed))


def noise(count: int, seed: int) -> list[str]:
    """Students with the scores of other students: there is nothing to learn."""
    rng, texts = random.Random(seed), steady(count, seed)  # noqa: S311  an order, no secret
    rows = [row.rpartition(",") for text in texts for row in text.splitlines()[1:]]
    scores = [row[2] for row in rows]
    rng.shuffle(scores)
    shuffled = (f"{row[0]},{score}" for row, score in zip(rows, scores, strict=True))
    heads = [text.splitlines()[0] for text in texts]
    lengths = [len(text.splitlines()) - 1 for text in texts]
    return [
        "\n".join([head, *(next(shuffled) for _ in range(n))]) + "\n" for head, n in zip(heads, lengths, strict=True)
    ]


def as_classes(texts: Iterable[str]) -> list[str]:
    """The same students, with passed or failed in place of the score."""
    found = []
    for text in texts:
        head, *rows = text.splitlines()
        words = (row.rpartition(",") for row in rows)
        lines = [f"{row},{'passed' if float(score) >= 65 else 'failed'}" for row, _, score in words]
        found.append("\n".join([head.replace("score", "result"), *lines]) + "\n")
    return found


# --- runs --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """What a step of a workflow leaves behind."""

    code: int
    log: str
    outputs: Mapping[str, str]
    summary: str

    @property
    def decision(self) -> str:
        return self.outputs.get("decision", "")

    @property
    def plain_summary(self) -> str:
        """The summary without the backslashes that keep Markdown from reading it."""
        return self.summary.replace("\\", "")

    @property
    def reason(self) -> str:
        return self.outputs.get("reason", "")


@dataclass(frozen=True)
class Job:
    """A job on a runner: its workspace, its environment, and its files."""

    environ: dict[str, str]
    workspace: Path
    files: Path

    def result(self, code: int, log: str) -> Run:
        summary = self.files / "summary"
        return Run(code, log, self.outputs(), summary.read_text() if summary.exists() else "")

    def outputs(self) -> dict[str, str]:
        """GITHUB_OUTPUT as the runner reads it."""
        path = self.files / "output"
        found, lines = {}, iter(path.read_text().splitlines() if path.exists() else ())
        for line in lines:
            name, _, delimiter = line.partition("<<")
            found[name] = "\n".join(iter(lambda: next(lines), delimiter))
        return found

    @property
    def leftovers(self) -> list[Path]:
        """What is left in the runner's folder for temporary files."""
        return list((self.files / "temp").iterdir())


def in_process(environ: dict[str, str], argv: Iterable[str] = ()) -> tuple[int, str]:
    """The door, in this process: exit code and standard output."""
    handler, printed = signal.getsignal(signal.SIGTERM), io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            code = cli.main(list(argv), environ)
    finally:
        signal.signal(signal.SIGTERM, handler)
    return code, printed.getvalue()


def _forked(environ: dict[str, str], log: str, prepare: Callable[[], None]) -> None:
    """A process of its own that has pandas loaded already: a session of its own, so that all of it can be killed."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environ)
    with Path(log).open("w") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    prepare()
    os._exit(cli.main([]))


PRELOADED = (  # what a run imports late among them: each process of a run is spared that
    "actions_toolkit",
    "ml_action.commands.run",
    "ml_action.forge.github.client",
    "ml_action.loop.experiment",
    "ml_action.loop.preflight",
    "ml_action.loop.run",
    "ml_action.loop.watch",
    "ml_action.modelling.reading.csv_text",
    "ml_action.modelling.rescoring",
    "tests.faults.world",
    "tests.scenarios.world",
)
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(list(PRELOADED))
FORKING = threading.Lock()  # who starts a process reads the exit codes of all others, too


def serve_forks() -> None:
    """Starts the server of forks, once, with our path: that of Python 3.11 would look for its modules without."""
    missing = [name for name in PRELOADED if find_spec(name) is None]
    assert missing == [], "the server passes over what it cannot import"
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    try:
        forkserver.ensure_running()  # https://github.com/python/cpython/issues/117378
    finally:
        os.environ.pop("PYTHONPATH")
        os.environ.update({} if before is None else {"PYTHONPATH": before})


class Forked:
    """A run in a forked process."""

    def __init__(self, job: Job, prepare: Callable[[], None] = hurry) -> None:
        self.job, self.path = job, job.files / "log"
        self.process: Any = FORKS.Process(target=_forked, args=(job.environ, str(self.path), prepare))
        with FORKING:
            serve_forks()
            self.process.start()
        self.pid: int = self.process.pid

    def wait(self) -> Run:
        connection.wait([self.process.sentinel], 120)
        with FORKING:
            self.process.join(1)
        return self.job.result(self.process.exitcode, self.path.read_text())


class Started:
    """A run as a runner starts it: `python -I entrypoint.py`."""

    def __init__(self, job: Job) -> None:
        self.job, self.path = job, job.files / "log"
        with self.path.open("w") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-I", str(ENTRYPOINT)],
                env=job.environ, cwd=job.workspace, stdin=subprocess.DEVNULL,
                stdout=stream, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self.pid = self.process.pid

    def wait(self) -> Run:
        return self.job.result(self.process.wait(120), self.path.read_text())


# --- the world ---------------------------------------------------------------------------------------------


@dataclass
class World:
    """A repository on the stand-in with two bots, and everything that was sent to it."""

    here: SandboxSession
    exchanges: list[Exchange] = field(default_factory=list)
    batches: int = 0

    @property
    def repository(self) -> Any:
        return self.here.repository

    @property
    def git(self) -> Git:
        return sandbox_session.plain_git(self.here.repository.path)

    def tip(self, branch: str) -> str:
        return self.git.object_id(f"refs/heads/{branch}")

    # --- people ---------------------------------------------------------------------------------------------

    def arrive(self, texts: Iterable[str]) -> str:
        """Commits datasets to main as a person and returns the commit."""
        self.batches += 1
        return self.commit({f"{STORE}/batch-{self.batches}-{n:03}.csv": text for n, text in enumerate(texts)})

    def commit(
        self,
        files: Mapping[str, str | bytes | None],
        branch: str = "main",
        *,
        by: Account | None = None,
        moves: Mapping[str, str] | None = None,
    ) -> str:
        """A commit on a branch that writes files (None: deletes them) and renames some; the commit."""
        flaky_server.commit(self.git, files, branch, moves)
        self.here.hub.synchronise(self.repository, by)
        return self.tip(branch)

    def person(self, login: str = "ada") -> Account:
        return self.here.hub.add_account(login)

    def api(self, who: Account, method: str, path: str, **body: Any) -> Any:
        """A person's click, as the request that it sends."""
        request = urllib.request.Request(
            f"{self.here.hub.url}{path}", json.dumps(body).encode(), method=method,
            headers={"Authorization": f"Bearer {who.token}", "Content-Type": "application/json"},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return json.load(error)

    # --- hours ----------------------------------------------------------------------------------------------

    def job(
        self,
        workspace: Path | None = None,
        *,
        commit: str = "",
        event: bool = True,
        fork: bool = False,
        branch: str = "main",
        **given: str,
    ) -> Job:
        """A job of the workflow for a branch, with a fresh depth-1 clone unless it says otherwise."""
        workspace = workspace or self.here.workspace(commit)
        files = Path(str(workspace) + "-runner")
        number = len(list(files.parent.glob(f"{files.name}*")))
        files = files.with_name(f"{files.name}-{number}")
        (files / "temp").mkdir(parents=True)
        main = self.repository.default_branch
        (files / "event.json").write_text(
            json.dumps({"repository": {"default_branch": main, "fork": fork}} if event else {})
        )
        tokens = {"token": self.here.author.token, "approver-token": self.here.reviewer.token}
        inputs = {**USUAL, **tokens, **{name.replace("_", "-"): value for name, value in given.items()}}
        environ = self.here.environ(
            GITHUB_ACTIONS="true",
            GITHUB_WORKSPACE=str(workspace),
            GITHUB_REF=f"refs/heads/{branch}",
            GITHUB_SHA=sandbox_session.plain_git(workspace).object_id("HEAD^{commit}"),
            GITHUB_RUN_ID="7",
            GITHUB_OUTPUT=str(files / "output"),
            GITHUB_STEP_SUMMARY=str(files / "summary"),
            GITHUB_EVENT_PATH=str(files / "event.json"),
            RUNNER_TEMP=str(files / "temp"),
        )
        return Job(environ | {f"INPUT_{name.upper()}": value for name, value in inputs.items()}, workspace, files)

    def hour(self, workspace: Path | None = None, **given: Any) -> Run:
        """One run of the loop. Whatever becomes of it: no token in what it says, nothing left behind."""
        self.exchanges.clear()
        job = self.job(workspace, **given)
        run = job.result(*in_process(job.environ))
        self.audit(job, run)
        return run

    def audit(self, job: Job, run: Run) -> None:
        """What holds for every ending."""
        assert job.leftovers == []
        assert "decision" in run.outputs
        assert run.summary.startswith("## ")
        log = re.sub(r"(?m)^::add-mask::.*\n", "", run.log)
        for secret in (self.here.author.token, self.here.reviewer.token):
            for text in (log, run.summary, *run.outputs.values()):
                assert secret not in text

    def killed(
        self, moment: Callable[[Exchange], bool], launch: Callable[[Job], Forked | Started] = Forked, **given: str
    ) -> None:
        """A run that is killed, with all its children, when the server has done this and not answered yet."""
        started, done = threading.Event(), threading.Event()

        def watch(exchange: Exchange) -> None:
            if not done.is_set() and moment(exchange):
                started.wait(20)
                done.set()
                os.killpg(run.pid, signal.SIGKILL)

        self.exchanges.clear()
        self.here.hub.observers.append(watch)
        run = launch(self.job(**given))
        started.set()
        ending = run.wait()
        self.here.hub.observers.remove(watch)
        assert done.is_set(), f"the run never came to that moment:\n{ending.log}"
        assert ending.code == -signal.SIGKILL
        assert ending.outputs == {}

    def meet(self, moment: Callable[[Exchange], bool]) -> None:
        """Two runs are held at such an exchange until the other is there too; once."""
        meeting, first = threading.Barrier(2, timeout=60), {1, 2}

        def hold(exchange: Exchange) -> None:
            if moment(exchange) and first:
                first.pop()
                meeting.wait()

        self.here.hub.observers.append(hold)

    # --- what came of it ------------------------------------------------------------------------------------

    @property
    def calls(self) -> list[str]:
        """The API calls since the last hour began."""
        return [f"{one.method} {one.path}" for one in self.exchanges if not one.git]

    @property
    def writes(self) -> list[str]:
        """Those of them that change something."""
        return [call for call in self.calls if not call.startswith("GET ") and call != "POST /graphql"]

    @property
    def round_trips(self) -> int:
        """The git commands that talked to the server since the last hour began."""
        return sum(one.git and one.path.endswith("/info/refs") for one in self.exchanges)

    @property
    def pulls(self) -> list[PullRequest]:
        return list(self.here.hub.pulls(self.repository))

    @property
    def pull(self) -> PullRequest:
        """The only pull request."""
        (pull,) = self.here.hub.pulls(self.repository)
        return pull

    @property
    def state(self) -> State:
        return journal.read(self.git, self.tip(STATE))

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return self.state.attempts

    @property
    def last(self) -> Attempt:
        """The latest attempt."""
        return self.attempts[-1]

    @property
    def champion(self) -> Version:
        """The version in production."""
        history = registry.read(self.git, self.tip("main"), "model")
        assert history
        assert history.champion
        return history.champion

    @property
    def versions(self) -> list[str]:
        """Every version that main has ever heard of."""
        history = registry.read(self.git, self.tip("main"), "model")
        return [version.version for version in history.versions] if history else []

    def on(self, branch: str) -> dict[str, str]:
        """Every path of a branch with its blob."""
        rows = self.git.line("ls-tree", "-r", f"refs/heads/{branch}").splitlines()
        return {row.split("\t")[1]: row.split("\t")[0].split(" ")[2] for row in rows}

    def read(self, path: str, branch: str = "main") -> bytes:
        content = self.git.read(f"refs/heads/{branch}:{path}")
        assert content is not None, path
        return content

    def approvals(self) -> list[tuple[str, str]]:
        """(who, commit) of each approval of the only pull request."""
        return [(review.user.login, review.commit_id) for review in self.pull.reviews if review.state == "APPROVED"]


@contextmanager
def opened(root: Path, start: Path | None = None, batches: int = 0) -> Iterator[World]:
    """A world in which a shared repository is made: nothing waits there either."""
    if start:
        shutil.copytree(start, root / f"{FULL_NAME}.git")
    with pytest.MonkeyPatch.context() as patch, sandbox_session.open_session(root, FULL_NAME) as here:
        in_no_time(patch)
        here.hub.protect(here.repository, "main", required_reviews=1)
        yield World(here, batches=batches)


def fingerprint_of_folder(folder: Path) -> str:
    """The digest of every path in a folder with its type, mode, owner, size, time of change and content."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        found = path.lstat()
        row = (str(path.relative_to(folder)), found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns)
        digest.update(repr(row).encode())
        digest.update(str(path.readlink()).encode() if path.is_symlink() else b"")
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def asked(method: str, path: str, nth: int = 1, query: str = "") -> Callable[[Exchange], bool]:
    """The n-th exchange like this: `path` is the end of it, as a pattern."""
    seen = [0]

    def matches(exchange: Exchange) -> bool:
        if exchange.method == method and re.search(f"{path}$", exchange.path) and query in exchange.query:
            seen[0] += 1
            return seen[0] == nth
        return False

    return matches


before_a_push = partial(asked, "GET", "/info/refs", query="service=git-receive-pack")
after_a_push = partial(asked, "POST", "/git-receive-pack")


def at_a_push(exchange: Exchange) -> bool:
    """git asks the server for its branches before it pushes: every time."""
    return exchange.path.endswith("/info/refs") and "receive-pack" in exchange.query
