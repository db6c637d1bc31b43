"""One fault at one exchange of one run, plain runs after it, and everything that must be true in the end."""

from __future__ import annotations

import base64
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ml_action.commands import sandbox_session
from ml_action.forge.github import session
from ml_action.forge.github.session import Timing
from ml_action.git import command
from tests.faults.table import Fault, after, kill, kills
from tests.scenarios.world import Forked, Job, Run, World, drifted, steady
from tests.support.fault_proxy import Plan, Proxy, Request, Wire, in_front_of, passes
from tests.support.no_waits import hurry

FULL_NAME = "octo/students"
NUMBERS = re.compile(r"/\d+")
SERVICE = re.compile(r"service=git-(\S+)")  # which a git command talks to first
OPERATION = re.compile(r'"query": ?"[^{]*\{(?:\\n|\s)*(\w+)')  # of GraphQL
TRIES = 3  # plain runs until one has nothing left to do
USUAL: dict[str, str] = {}
ENDINGS = (0, 4, 5, 130, 143, -9)  # well, git in trouble, GitHub in trouble, stopped, killed


def in_haste(silence: int = 2) -> None:
    """As `hurry`, and nothing is waited for: what a wait is for has passed, or does not pass."""
    hurry()
    session.Timing = partial(Timing, between_writes=0.0, timeout=silence)  # type: ignore[misc,assignment]
    command.SILENCE = silence


# --- a run in which something happens ----------------------------------------------------------------------


@dataclass
class Attacked:
    """A run whose exchanges are counted; at one of them a fault happens."""

    world: World
    proxy: Proxy
    given: Mapping[str, str]
    fault: Fault | None = None
    when: Callable[[int, Request], bool] = lambda *_: False
    hit: bool = False
    seen: list[Request] = field(default_factory=list)
    others: list[Run] = field(default_factory=list)
    _later: Plan = passes
    _run: Any = None
    _started: threading.Event = field(default_factory=threading.Event)

    def run(self) -> Run:
        job = self.world.job(**self.given)
        self.proxy.plan = self._plan
        # an exchange lasts as long as the other run that passes meanwhile
        self._run = Forked(job, partial(in_haste, 60) if self.fault and self.fault.group == "runs" else in_haste)
        self._started.set()
        ending = self._run.wait()
        self.proxy.plan = passes
        check_run(self.world, job, ending)
        return ending

    def _plan(self, wire: Wire) -> None:
        self.seen.append(wire.request)
        if self.fault and not self.hit and self.when(len(self.seen) - 1, wire.request):
            self.hit = True
            self._started.wait(20)
            self.fault.happens(wire, self)
        else:
            self._later(wire)

    # what a fault may do with it

    def signal(self, number: int) -> None:
        kill(self._run.pid, number)

    def meanwhile(self, mode: str) -> None:
        job = self.world.job(**{**self.given, "mode": mode})
        ending = Forked(job, in_haste).wait()
        check_run(self.world, job, ending)
        self.others.append(ending)

    def break_down(self, how: Plan) -> None:
        self._later = how


def check_run(world: World, job: Job, run: Run) -> None:
    """No bug, no token, nothing left behind; all of it reported unless it was killed."""
    assert run.code in ENDINGS, f"ended with {run.code}:\n{run.log}"
    tokens = [world.here.author.token, world.here.reviewer.token]
    basic = [base64.b64encode(f"x-access-token:{token}".encode()).decode() for token in tokens]
    log = re.sub(r"(?m)^::add-mask::.*\n", "", run.log)
    for text in (log, run.summary, *run.outputs.values()):
        assert not [secret for secret in (*tokens, *basic) if secret in text], "a token shows"
    if run.code != -9:
        assert job.leftovers == []
        assert run.summary.startswith("## "), run.log


# --- points and plots: where, and what the run is about ----------------------------------------------------


@dataclass(frozen=True)
class Point:
    """An exchange of a run: the one with this index."""

    plot: str
    index: int
    request: Request

    def __str__(self) -> str:
        request = self.request
        path = NUMBERS.sub("/N", request.path.partition("?")[0].removeprefix(f"/repos/{FULL_NAME}"))
        path = path.removeprefix(f"/{FULL_NAME}.git") or "/"
        detail = SERVICE.search(request.path) or OPERATION.search(request.body.decode(errors="replace"))
        return f"{request.method} {path}" + (f" ({detail[1]})" if detail else "")


@dataclass(frozen=True)
class Plot:
    """A promotion with its rules, from the repository that it begins with to the one that it must end with."""

    name: str
    rule: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[World, Proxy, Mapping[str, str]], None] = lambda *_: None  # what happened so far
    between: Callable[[World], None] = lambda _: None  # what others do after each plain run until it is merged
    attempts: int = 1  # that v2 takes: each is approved
    groups: tuple[str, ...] = ()  # of the faults that are tried at all its points, not only at its new ones

    @property
    def settings(self) -> dict[str, str]:
        return {**USUAL, **self.given}


def checks_pass(world: World) -> None:
    world.here.hub.set_status(world.repository, world.pull.head_sha, "tests", "success")


def dies_after_its_push(world: World, proxy: Proxy, given: Mapping[str, str]) -> None:
    """The promotion is recorded, and there is no pull request yet."""
    fault = Fault("killed", after(kills(signal.SIGKILL)))
    Attacked(world, proxy, given, fault, lambda _, request: request.path.endswith("/git-receive-pack")).run()
    assert world.last.commit
    assert world.pulls == []


def waits_when_more_arrives(world: World, proxy: Proxy, given: Mapping[str, str]) -> None:
    """v2 is approved and waits for a check; enough datasets arrive for another attempt."""
    assert Attacked(world, proxy, given).run().outputs["merge-state"] == "enabled"
    world.arrive(drifted(45, 20))


CHECKED = {"required_checks": ("tests",)}
PLOTS = {
    plot.name: plot
    for plot in (
        Plot("merge"),
        Plot("auto-merge", CHECKED, between=checks_pass),
        Plot("follow-up", before=dies_after_its_push, groups=("runs",)),
        Plot("update", CHECKED, before=waits_when_more_arrives, between=checks_pass, attempts=2, groups=("runs",)),
    )
}


def prepare(root: Path) -> Path:
    """A bare repository with v1 in production, and enough new datasets for v2; for copies only."""
    with sandbox_session.open_session(root, FULL_NAME) as here:
        here.hub.protect(here.repository, "main", required_reviews=1)
        world = World(here)
        world.arrive(steady(45, 1))
        run = Forked(world.job(**USUAL), in_haste).wait()
        assert run.outputs.get("merge-state") == "merged", run.log
        world.arrive(drifted(45, 8))
    return root / f"{FULL_NAME}.git"


@contextmanager
def opened(start: Path, root: Path, plot: Plot) -> Iterator[tuple[World, Proxy]]:
    """The plot's world, behind a proxy."""
    shutil.copytree(start, root / f"{FULL_NAME}.git")
    exchanges: list[Any] = []
    with (
        sandbox_session.open_session(root, FULL_NAME, observers=[exchanges.append]) as here,
        in_front_of(here.hub.url) as proxy,
    ):
        here.hub.protect(here.repository, "main", **{"required_reviews": 1, **plot.rule})
        here.hub.url = proxy.url
        world = World(here, exchanges, batches=2)
        plot.before(world, proxy, plot.settings)
        yield world, proxy


# --- what happens, and what must be true --------------------------------------------------------------------


@dataclass(frozen=True)
class Injection:
    """What came of one fault at one point."""

    point: Point
    fault: str
    plain_runs: int  # that still had something to do
    failure: str = ""


def record(start: Path, root: Path, plot: Plot) -> list[Point]:
    """Every exchange of the plot's undisturbed run."""
    with opened(start, root, plot) as (world, proxy):
        run = Attacked(world, proxy, plot.settings)
        run.run()
        settle(world, plot)
        return [Point(plot.name, index, request) for index, request in enumerate(run.seen)]


def inject(start: Path, root: Path, point: Point, fault: Fault) -> Injection:
    """The fault at the point, the plain runs after it, and the verdict."""
    plot = PLOTS[point.plot]
    output = ""
    try:
        with opened(start, root, plot) as (world, proxy):
            run = Attacked(world, proxy, plot.settings, fault, lambda index, _: index == point.index)
            ending = run.run()
            output = ending.log + "".join(other.log for other in run.others)
            assert run.hit, "the run never came there"
            return Injection(point, fault.name, settle(world, plot))
    except (AssertionError, ValueError, LookupError) as error:
        return Injection(point, fault.name, -1, f"{error!r}\n--- the run's output:\n{output}")
    finally:
        shutil.rmtree(root, ignore_errors=True)


def settle(world: World, plot: Plot) -> int:
    """Plain runs until one finds nothing to do; how many had."""
    given = plot.settings
    for busy in range(TRIES + 1):
        world.exchanges.clear()
        job = world.job(**given)
        run = Forked(job, in_haste).wait()
        check_run(world, job, run)
        assert run.code == 0, run.log
        if run.decision == "waiting" and not world.calls:
            assert "0/40" in run.reason, run.reason
            check_world(world, plot.attempts)
            return busy
        if world.pulls and not world.pull.merged:
            plot.between(world)
    raise AssertionError(f"there is no end to it:\n{run.log}")


def check_world(world: World, attempts: int) -> None:
    """One pull request, one version, one label; one approval and one line in the journal for each attempt."""
    pull = world.pull
    assert pull.merged
    assert pull.labels == ["model-update"]
    commits = [attempt.commit for attempt in world.attempts[1:]]
    assert world.approvals() == [("github-actions[bot]", commit) for commit in commits]
    assert len(pull.reviews) == attempts
    assert pull.comments == []
    assert world.versions == ["v1", "v2"]
    assert world.champion.version == "v2"
    assert [(attempt.version, attempt.new) for attempt in world.attempts] == [("v1", 45), *[("v2", 45)] * attempts]
    assert (world.last.state, world.last.pull_request) == ("merged", pull.number)
    assert world.last.commit == pull.head_sha
    assert world.state.data == world.git.object_id("refs/heads/main:data/new_data")
    assert world.git.line("rev-list", "--count", "main", "--", "model/v2.pkl") == "1"
    checked = subprocess.run(
        ["git", "fsck", "--full", "--strict", "--no-dangling"],
        cwd=world.repository.path, env=world.git.env, capture_output=True, text=True,
    )  # fmt: skip
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, ""), checked.stderr
