"""The process that is started: it holds the token and the port, writes feedback, and keeps the workers running."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import FrameType

from ml_action.consumer import Folder, GitHub, Source
from service.config import Config
from service.feedback.collector import Feedback, collector_of
from service.json_logging import log_event
from service.processes.agreement import Agreement
from service.processes.channel import Answerer, answer

CHANNELS = 3  # of a worker: for models, which may take long, for feedback, and for all else
CANNOT_START = 2  # the exit code of a worker that will not start a second time either
STOP_SECONDS = 30.0  # in which a worker has to end
PAUSE = 1.0  # seconds before a worker that has died is started again
_PR_SET_DUMPABLE = 4
SECRETS = ("SERVICE_TOKEN", "SERVICE_TOKEN_FILE")


def hide_memory() -> None:
    """Keeps other processes of this user, the workers among them, from reading this one's memory and variables."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def source_of(config: Config) -> Source:
    """Returns where the settings say that models are."""
    if not config.repository:
        return Folder(config.model_dir)
    return GitHub(config.repository, config.model_dir, ref=config.branch, token=config.current_token, api=config.api)


def listening(config: Config) -> socket.socket:
    """Returns the socket that the workers share.

    Raises:
        OSError: the address is in use, or is none of this machine.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    return socket.create_server((config.host, config.port), family=family, backlog=2048)


@dataclass
class Keeper:
    """The workers of one service, and what they share."""

    config: Config
    source: Source
    feedback: Feedback | None
    socket: socket.socket
    agreement: Agreement = field(default_factory=Agreement)
    stopping: threading.Event = field(default_factory=threading.Event)
    code: int = 0

    def run(self) -> int:
        """Runs the workers until a signal arrives. Returns the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        workers = [threading.Thread(target=self._keep, args=(number,)) for number in range(self.config.workers)]
        with self.feedback.running() if self.feedback else contextlib.nullcontext():
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
        return self.code

    def _stop(self, _: int, __: FrameType | None) -> None:
        self.stopping.set()

    def _keep(self, worker: int) -> None:
        """Runs one worker, again if it dies."""
        first = worker == 0
        while not self.stopping.is_set():
            code = self._run(worker, "now" if first else "loaded")
            first = False
            self.agreement.leave(worker)
            if code == CANNOT_START:
                self.code = code
                self.stopping.set()
            if not self.stopping.is_set():
                log_event("a worker died", level=logging.ERROR, worker=worker, code=code)
                self.stopping.wait(PAUSE)

    def _run(self, worker: int, when: str) -> int:
        pipes = [Pipe() for _ in range(CHANNELS)]
        theirs = [there.fileno() for _, there in pipes]
        process = subprocess.Popen(
            [sys.executable, "-m", "service.processes.worker", when, str(self.socket.fileno()), *map(str, theirs)],
            env={name: value for name, value in os.environ.items() if name not in SECRETS},
            pass_fds=[self.socket.fileno(), *theirs],
        )
        answerers = self._answerers(worker)
        for here, there in pipes:
            there.close()
            threading.Thread(target=_answer_all, args=(here, answerers), daemon=True).start()
        return self._wait(process)

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        """Waits until the process ends, and asks it to end once the service stops."""
        while process.poll() is None:
            if self.stopping.wait(0.1):
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.wait(STOP_SECONDS)
                process.kill()
                return process.wait()
        return process.returncode

    def _answerers(self, worker: int) -> Mapping[str, Answerer]:
        answerers: dict[str, Callable[..., object]] = {
            "metadata": self.source.metadata,
            "artifact": self.source.artifact,
            "counter": self.source.counter,
            "agree": lambda version, seconds: self.agreement.join(worker, version, seconds),
        }
        if self.feedback:
            feedback = self.feedback
            answerers["feedback"] = feedback.state
            answerers["add"] = lambda columns, rows, client: feedback.add(
                tuple(columns), [dict(zip(columns, row, strict=True)) for row in rows], client
            )
        return answerers


def _answer_all(pipe: Connection, answerers: Mapping[str, Answerer]) -> None:
    with pipe:
        answer(pipe, answerers)


def keep(config: Config) -> int:
    """Runs the service. Returns the exit code."""
    with listening(config) as shared:
        return Keeper(config, source_of(config), collector_of(config), shared).run()
