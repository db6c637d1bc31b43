"""What a run costs and what it keeps to itself: calls, round trips, modules, tokens."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from sandbox import Exchange
from tests.scenarios.world import ENTRYPOINT, STATE, Started, World, drifted, steady

HEAVY = ("pandas", "numpy", "scipy", "sklearn", "joblib", "github", "requests", "urllib3", "rich", "argparse")


def test_a_full_promotion_takes_eleven_calls_and_five_round_trips_of_git(production: World) -> None:
    """The branches, the journal's history, the push, the note, and the branch that is deleted.

    The label is there since the first promotion, which takes a call more.
    """
    production.api(production.person(), "POST", "/repos/octo/students/labels", name="model-update", color="1d76db")
    production.arrive(drifted(45, 8))
    run = production.hour()
    assert run.outputs["merge-state"] == "merged"
    assert len(production.calls) <= 11, production.calls
    assert production.round_trips <= 5


def test_a_first_promotion_takes_three_calls_more(empty: World) -> None:
    """Its branches are not there yet, so that their rules and names are asked for; and the label has to be made."""
    empty.arrive(steady(45, 1))
    assert empty.hour().outputs["merge-state"] == "merged"
    assert len(empty.calls) <= 14, empty.calls


def test_a_scheduled_run_asks_once_more_for_the_default_branch(production: World) -> None:
    production.arrive(drifted(45, 8))
    production.hour(event=False)
    assert production.round_trips <= 6


def test_a_waiting_run_makes_no_call_and_one_round_trip(production: World) -> None:
    production.arrive(drifted(3, 8))
    production.hour()
    assert production.calls == []
    assert production.round_trips == 1


def test_a_held_run_asks_only_whether_a_promotion_could_work(production: World) -> None:
    production.arrive(drifted(45, 8))
    run = production.hour(min_improvement="0.9")
    assert run.decision == "hold"
    repository = "GET /repos/octo/students"
    assert production.calls == [repository, "POST /graphql"]
    assert production.round_trips == 3


def test_an_open_promotion_costs_few_reads_an_hour(make_world: Callable[..., World], with_v1: Path) -> None:
    world = make_world(with_v1, required_checks=("tests",))
    world.arrive(drifted(45, 8))
    world.hour()
    world.hour()
    assert len(world.calls) <= 8, world.calls
    assert world.round_trips == 2


def test_a_promotion_sends_the_model_and_not_the_data(production: World) -> None:
    """The base moved since the checkout; the push holds a handful of objects, whatever the size of the data."""
    production.arrive(drifted(45, 8))
    workspace = production.here.workspace()
    production.arrive(drifted(200, 60))
    production.hour(workspace)
    sent = sum(len(one.body) for one in production.exchanges if one.path.endswith("/git-receive-pack"))
    model = len(production.read("model/v2.pkl"))
    assert sent < model + 20_000


def test_a_waiting_run_loads_no_third_party(production: World) -> None:
    production.arrive(drifted(3, 8))
    program = (
        "import sys, runpy; sys.argv = [sys.argv[1]]\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        f"except SystemExit as end: sys.exit(' '.join(set({HEAVY!r}) & set(sys.modules)) or end.code)\n"
    )
    job = production.job()
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(ENTRYPOINT)], env=job.environ, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "waiting 3/40" in done.stdout


# --- secrets -----------------------------------------------------------------------------------------------


def secrets_of(world: World) -> list[bytes]:
    """Both tokens, as they are and as git sends them."""
    tokens = [world.here.author.token, world.here.reviewer.token]
    basic = [b64encode(f"x-access-token:{token}".encode()).decode() for token in tokens]
    return [text.encode() for text in (*tokens, *basic)]


def wrapper(folder: Path) -> Path:
    """A `git` in front of the real one that writes down every argument it is called with."""
    folder.mkdir()
    real = subprocess.run(["sh", "-c", "command -v git"], capture_output=True, text=True, check=True).stdout.strip()
    script = folder / "git"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> "{folder}/log"\nexec "{real}" "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return folder


def test_no_token_is_in_any_argument_file_or_address(production: World, tmp_path: Path) -> None:
    """A real process on a runner; while the server answers, the command line of every process is looked at."""
    production.arrive(drifted(45, 8))
    secrets, seen, lock = secrets_of(production), set[bytes](), threading.Lock()

    def look_around(_: Exchange) -> None:
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                with lock:
                    seen.add(place.read_bytes())
            except OSError:
                continue  # it ended

    production.here.hub.observers.append(look_around)
    job = production.job()
    folder = wrapper(tmp_path / "bin")
    job.environ["PATH"] = f"{folder}{os.pathsep}{job.environ['PATH']}"
    config = (job.workspace / ".git/config").read_bytes()
    run = Started(job).wait()
    production.audit(job, run)
    assert run.outputs["merge-state"] == "merged", run.log

    called = (folder / "log").read_bytes()
    assert called.count(b"\n") > 10
    assert any(b"remote-http" in line for line in seen)
    masks = "".join(re.findall(r"(?m)^::add-mask::.*\n", run.log))
    unmasked = run.log.replace(masks, "").encode()
    assert (job.workspace / ".git/config").read_bytes() == config
    kept = [path.read_bytes() for path in job.workspace.rglob("*") if path.is_file()]
    pushed = [production.git.run("log", "-p", "--format=%B", branch) for branch in ("main", STATE)]
    for secret in secrets:
        assert secret not in called
        assert not [line for line in seen if secret in line]
        assert secret not in unmasked
        assert not [content for content in (*kept, *pushed) if secret in content]


def test_the_log_masks_both_tokens_before_it_prints_anything_else(production: World) -> None:
    production.arrive(drifted(3, 8))
    lines = production.hour().log.splitlines()
    tokens = {production.here.author.token, production.here.reviewer.token}
    assert {line.removeprefix("::add-mask::") for line in lines[:2]} == tokens


def test_the_outside_world_is_never_asked(production: World) -> None:
    """Every exchange goes to the stand-in: with a dead proxy for everything else nothing is missing."""
    production.arrive(drifted(45, 8))
    job = production.job()
    job.environ.update(https_proxy="http://127.0.0.1:9", HTTPS_PROXY="http://127.0.0.1:9")
    from tests.scenarios.world import in_process

    assert job.result(*in_process(job.environ)).outputs["merge-state"] == "merged"
