"""The service as a process, next to the loop: feedback is counted, and merged versions take over by themselves."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from ml_action.core.records.model import Version
from sandbox import Account
from tests.scenarios.world import STATE, STORE, World, drifted, steady
from tests.support import live_service
from tests.support.fault_proxy import Answer, Plan, Proxy, Request, Wire, in_front_of, passes
from tests.support.flaky_server import REPOSITORY, refused

ROW = {"hours_studied": 5, "sleep_hours": 7, "attendance": 0.9, "school": "town"}
FEW = 5  # rows: the weeks of each student are a dataset
Json = dict[str, Any]


class Service:
    """The process, the proxy between it and GitHub, and what its clients do."""

    def __init__(self, running: live_service.Live, proxy: Proxy) -> None:
        self.process, self.proxy = running, proxy

    def ask(self, path: str, body: object = None) -> tuple[int, Json]:
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(self.process.url + path, data, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def page(self) -> str:
        """Returns the text of the page."""
        return unescape(re.sub("<[^>]*>", " ", self.process.get("/")))

    @property
    def ready(self) -> Json:
        return self.ask("/readyz")[1]

    def until(self, true: Callable[[Json], object], seconds: float = 30) -> Json:
        """Returns the state once the condition holds."""
        end = time.monotonic() + seconds
        while not true(ready := self.ready):
            assert time.monotonic() < end, f"{ready}\n{self.process.log.read_text()}"
            time.sleep(0.02)
        return ready

    def send(self, text: str) -> int:
        """Sends the rows of a CSV file as feedback. Returns the status."""
        rows = [
            {name: value if name == "school" else float(value) for name, value in row.items()}
            for row in csv.DictReader(text.splitlines())
        ]
        return self.ask("/feedback", rows)[0]

    def learn(self, texts: list[str]) -> None:
        """Sends datasets one after the other and waits until each is written."""
        for text in texts:
            assert self.send(text) == 202
            self.until(lambda ready: ready["feedback"]["waiting"] == 0)

    @contextlib.contextmanager
    def used(self) -> Iterator[set[tuple[int, str]]]:
        """Asks for predictions all the time. Yields the pairs of status and version that came back."""
        found: set[tuple[int, str]] = set()
        done = threading.Event()

        def ask() -> None:
            while not done.wait(0.002):
                status, body = self.ask("/predict", ROW)
                found.add((status, body.get("version", "")))

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield found
        finally:
            done.set()
            thread.join()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts the service for a world, with the token of an account that may write."""
    with contextlib.ExitStack() as stack:

        def start(world: World, **settings: str) -> Service:
            proxy = stack.enter_context(in_front_of(world.here.hub.url))
            own = {
                "SERVICE_REPOSITORY": REPOSITORY, "SERVICE_API": proxy.url, "SERVICE_TOKEN": writer(world).token,
                "SERVICE_FEEDBACK": "github", "SERVICE_FEEDBACK_ROWS": str(FEW), "SERVICE_FEEDBACK_ACCESS": "open",
            }  # fmt: skip
            running = live_service.running(Path("model"), tmp_path / "service.log", **own | settings)
            return Service(stack.enter_context(running), proxy)

        yield start


@pytest.fixture
def open_to_it(make_world: Callable[..., World], with_v1: Path) -> World:
    """v1 in production; main is protected, and the service's account may pass."""
    world = make_world(with_v1, bypass=("service",))
    world.batches = 1
    return world


def writer(world: World) -> Account:
    return world.here.hub.add_account("service", permissions={"contents": "write"})


def once(fault: Plan, when: Callable[[Request], bool]) -> Plan:
    """Injects a fault into the first exchange of that kind."""
    left = [fault]

    def plan(wire: Wire) -> None:
        (left.pop() if left and when(wire.request) else passes)(wire)

    return plan


def lost(wire: Wire) -> None:
    """GitHub performs the request, and the response is lost."""
    wire.forward()
    wire.reset()


def always(answer: Callable[[Request], Answer]) -> Plan:
    return lambda wire: wire.answer(answer(wire.request))


def learned(world: World) -> dict[str, bytes]:
    """Returns the datasets on main that the service committed."""
    return {path: world.read(path) for path in world.on("main") if path.startswith(f"{STORE}/feedback-")}


def counted(world: World) -> int:
    return int(world.hour(mode="check").outputs["count"])


def described(version: Version) -> Json:
    return {
        name: getattr(version, name) for name in ("version", "sha256", "data_tree", "created", "datasets", "reason")
    }


# --- feedback is what is counted ---------------------------------------------------------------------------


def test_feedback_becomes_commits_and_exactly_those_are_counted(open_to_it: World, serve) -> None:
    world, texts = open_to_it, drifted(4, 8)
    service = serve(world, SERVICE_FEEDBACK_TOKEN="")
    service.learn(texts[:2])
    assert len(learned(world)) == 2
    assert counted(world) == 2
    found = sorted(list(csv.reader(content.decode().splitlines())) for content in learned(world).values())
    sent = sorted(list(csv.reader(text.splitlines())) for text in texts[:2])
    for dataset, student in zip(found, sent, strict=True):
        assert dataset[0] == student[0]
        assert [[*map(float, row[:3]), row[3], float(row[4])] for row in dataset[1:]] == [
            [*map(float, row[:3]), row[3], float(row[4])] for row in student[1:]
        ]
    author, message = world.git.line("log", "-1", "--format=%an|%s", "refs/heads/main").split("|")
    assert (author, message) == ("service", f"Add {len(texts[1].splitlines()) - 1} rows of feedback")
    assert service.send("hours_studied,score\n5,5\n") == 422
    service.proxy.plan = once(lost, lambda request: request.method == "PUT")
    assert service.send(texts[2]) == 202
    waiting = service.until(lambda ready: ready["feedback"]["problem"])
    assert "does not answer" in waiting["feedback"]["problem"]
    assert counted(world) == 3  # it exists, although the service cannot know
    commits = world.git.line("rev-list", "--count", "refs/heads/main")
    service.until(lambda ready: ready["feedback"] == {"waiting": 0, "problem": ""})
    assert world.git.line("rev-list", "--count", "refs/heads/main") == commits
    assert counted(world) == 3
    few = texts[3].splitlines()[:3]
    assert service.send("\n".join(few)) == 202  # too few for a dataset yet
    assert service.process.stop() == 0
    assert counted(world) == 4


def test_feedback_waits_for_a_protected_branch_and_the_remedy_is_reported(production: World, serve) -> None:
    service = serve(production)
    assert service.send(drifted(1, 8)[0]) == 202
    ready = service.until(lambda ready: ready["feedback"]["problem"])
    assert ready["ready"]
    assert "Changes must be made through a pull request." in ready["feedback"]["problem"]
    assert "bypass list" in ready["feedback"]["problem"]
    assert learned(production) == {}
    production.here.hub.protect(production.repository, "main", required_reviews=1, bypass=("service",))
    service.until(lambda ready: ready["feedback"] == {"waiting": 0, "problem": ""})
    assert (len(learned(production)), counted(production)) == (1, 1)


# --- what is merged takes over -----------------------------------------------------------------------------


def test_a_merged_version_takes_over_and_a_rollback_returns_to_the_one_before(open_to_it: World, serve) -> None:
    world, texts = open_to_it, drifted(45, 8)
    world.arrive(texts[:40])
    service = serve(world)
    assert service.ask("/predict", ROW)[1]["version"] == "v1"
    service.learn(texts[40:])
    with service.used() as answers:
        run = world.hour()
        assert (run.outputs["merge-state"], run.outputs["count"]) == ("merged", "45"), run.log
        service.until(lambda ready: ready["version"] == "v2")
        first = service.ask("/predict", ROW)[1]["prediction"]
        shown = service.ask("/model")[1]
        assert {**shown, **described(world.champion)} == shown
        counter = json.loads(world.read("new_data_counter.json", STATE))
        assert counter["last_decision"] == "promote"
        assert f"promote: {world.last.reason} ({counter['since']})" in service.page()
        run = world.hour(mode="rollback", to="v1", why="the exam was graded wrong")
        assert run.outputs["merge-state"] == "merged", run.log
        service.until(lambda ready: ready["version"] == "v1")
        assert service.ask("/predict", ROW)[1]["prediction"] != first
        shown = service.ask("/model")[1]
        assert {**shown, **described(world.champion)} == shown
        assert world.champion.version == "v1"
    assert answers == {(200, "v1"), (200, "v2")}
    assert (service.ready["swaps"], service.ready["failures"]) == (2, 0)


def test_while_github_fails_the_old_version_answers_and_the_new_one_follows(second: World, serve) -> None:
    service = serve(second)
    assert service.ready["version"] == "v2"
    with service.used() as answers:
        service.proxy.plan = always(refused(502))
        service.until(lambda ready: "GitHub answers 502" in ready["problem"])
        run = second.hour(mode="rollback", to="v1", why="it was wrong")  # the Action does not use the proxy
        assert run.outputs["merge-state"] == "merged", run.log
        service.proxy.plan = always(refused(429, {"Retry-After": "2"}))
        ready = service.until(lambda ready: "the rate limit is used up" in ready["problem"])
        assert (ready["ready"], ready["version"]) == (True, "v2")
        assert "v2 still answers." in service.page()
        service.proxy.plan = once(Wire.reset, lambda request: request.path.endswith("v1.pkl"))
        began = time.monotonic()
        service.until(lambda ready: "does not answer" in ready["problem"])
        assert time.monotonic() - began > 1  # no request for as long as it asked
        service.until(lambda ready: ready["version"] == "v1")
    assert answers == {(200, "v1"), (200, "v2")}
    assert service.ready["problem"] == ""


def test_a_truncated_download_is_refused_and_a_complete_one_loaded(second: World, serve) -> None:
    service = serve(second)

    def cut(wire: Wire) -> None:
        wire.answer(wire.forward(), cut=True)

    service.proxy.plan = once(cut, lambda request: request.path.endswith("v1.pkl"))
    assert second.hour(mode="rollback", to="v1", why="it was wrong").outputs["merge-state"] == "merged"
    service.until(lambda ready: ready["version"] == "v1")
    refusals = [json.loads(line) for line in service.process.log.read_text().splitlines() if '"refused"' in line]
    assert [(one["version"], one["serving"]) for one in refusals] == [("v1", "v2")]
    assert "IncompleteRead" in refusals[0]["reason"]


def test_feedback_below_the_threshold_is_counted_and_changes_no_prediction(open_to_it: World, serve) -> None:
    service = serve(open_to_it)
    service.learn(steady(3, 21))
    run = open_to_it.hour()
    assert (run.decision, run.outputs["count"]) == ("waiting", "3")
    assert service.ready["version"] == "v1"
    assert f"promote: {open_to_it.last.reason}" in service.page()
