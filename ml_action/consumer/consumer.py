"""The one reference that moves: look at the source, and serve what it names, or go on with what was served."""

from __future__ import annotations

import contextlib
import logging
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ml_action.consumer import loading
from ml_action.consumer.loading import Served
from ml_action.consumer.sources import Source
from ml_action.core.errors import ExpectedError, ModelError
from ml_action.core.records.model import History, Version
from ml_action.git import registry
from ml_action.modelling.training.library_versions import libraries

LARGEST = 1024**3  # bytes of a model file
MOST_BACKOFF = 600.0  # seconds between two tries
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Status:
    """How things stand: what `/readyz` tells."""

    version: str = ""  # that answers; empty: none yet
    wanted: str = ""  # that the metadata name
    problem: str = ""  # why what is wanted is not what answers, or the source cannot be asked; empty: all is well
    looked: str = ""  # when the source was asked last
    swapped: str = ""  # when the version that answers took over
    swaps: int = 0
    failures: int = 0  # in all
    in_a_row: int = 0

    @property
    def ready(self) -> bool:
        """Whether requests are answered."""
        return bool(self.version)


@dataclass(frozen=True)
class Event:
    """What happened, for a log: `swapped` or `refused`."""

    kind: str
    version: str
    before: str = ""
    reason: str = ""
    way: str = ""  # how rows reach the model


class Consumer:
    """Serves the version that the source names. Threads may share it; only one at a time looks."""

    def __init__(
        self,
        source: Source,
        *,
        largest: int = LARGEST,
        trusted: tuple[str, ...] = (),
        told: Callable[[Event], object] = lambda _: None,
        prepare: Callable[[Served], object] = lambda _: None,
    ) -> None:
        """`largest`: bytes of a model file that are read at all. `trusted`: types that a skops file may hold beside
        those that everybody trusts. `told` hears of swaps and refusals.

        `prepare` makes what else is needed to answer, such as a schema; it becomes the version's `prepared` before it
        takes over, and when it raises the version is refused.
        """
        self.source = source
        self.status = Status()
        self._largest = largest
        self._trusted = trusted
        self._told = told
        self._prepare = prepare
        self._served: Served | None = None
        self._read: tuple[bytes, History] | None = None  # the metadata of the last look
        self._asked = 0.0  # seconds that the source wants to be left alone
        self._looking = threading.Lock()

    @property
    def current(self) -> Served:
        """The version that answers now. Hold it for the whole of a request: then one version answers all of it.

        Raises ModelError when there is none yet.
        """
        served = self._served
        if served is None:
            raise ModelError(
                "No model is loaded yet.",
                why=self.status.problem or "nobody has looked at the source",
                fix="call refresh(), or wait for the first look",
            )
        return served

    def refresh(self) -> bool:
        """Looks once; True when another version answers now. It raises nothing: `status.problem` says what failed."""
        with self._looking:
            wanted = self.status.wanted
            try:
                history = self._history()
                version = _current(history)
                wanted = version.version
                served = self._serve(version, history)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # a model may do anything, sys.exit() too; the old one goes on answering
                self._failed(wanted, error)
                return False
            return self._swap(served)

    def _history(self) -> History:
        """The same bytes are read once: thousands of versions take seconds."""
        content = self.source.metadata()
        if self._read is None or self._read[0] != content:
            self._read = content, registry.parse(content, registry.METADATA)
        return self._read[1]

    def _serve(self, version: Version, history: History) -> Served:
        """What answers now where that is it, to the last word of its record; else the version loaded beside it."""
        now = self._served
        if now is not None and now.version == version:
            return now if now.history is history else replace(now, history=history)
        loading.check_libraries(version.libraries, libraries())  # before a byte is fetched
        if not 0 < version.size <= self._largest:
            raise ModelError(
                f"{version.version} has {version.size} bytes; {self._largest} are the most that are loaded.",
                fix="let the consumer load more (`largest`), or train a smaller model",
            )
        registry.check_inside(version, registry.METADATA)
        data = self.source.artifact(version.file, version.size)
        served = loading.load(version, history, data, self._trusted)
        return replace(served, prepared=self._prepare(served))

    def _swap(self, served: Served) -> bool:
        before, self._served = self._served, served
        swapped = before is None or before.answering is not served.answering
        status = replace(self.status, wanted=served.version.version, problem="", looked=loading.now(), in_a_row=0)
        if swapped:
            first = before is None
            status = replace(
                status, version=served.version.version, swapped=served.since, swaps=status.swaps + (not first)
            )
        self.status = status
        if swapped:
            was = before.version.version if before else ""
            self._tell(Event("swapped", served.version.version, was, way=served.answering.way))
        return swapped

    def _failed(self, wanted: str, error: BaseException) -> None:
        reason = str(error) if isinstance(error, ExpectedError) else f"{type(error).__name__}: {error}"
        new = reason != self.status.problem
        status = self.status
        self.status = replace(
            status, wanted=wanted, problem=reason, looked=loading.now(), failures=status.failures + 1,
            in_a_row=status.in_a_row + 1,
        )  # fmt: skip
        self._asked = getattr(error, "wait", 0.0)
        if new:  # the same trouble is told once, not every minute
            self._tell(Event("refused", wanted, status.version, reason))

    def _tell(self, event: Event) -> None:
        try:
            self._told(event)
        except Exception:  # who listens is no reason to look no more
            _LOG.exception("`told` failed at %s %s", event.kind, event.version)

    def pause(self, every: float) -> float:
        """Seconds until the next look: doubled for each failure in a row, or what the server asks; with jitter."""
        usual: float = min(every * 2.0 ** min(self.status.in_a_row, 10), max(MOST_BACKOFF, every))
        asked = self._asked if self.status.in_a_row else 0.0
        jitter = random.uniform(1.0, 1.2)  # noqa: S311  many services must not ask at once
        return max(usual, asked) * jitter

    @contextlib.contextmanager
    def watching(self, every: float = 60.0, *, wait: bool = True) -> Iterator[Consumer]:
        """Looks now, and from then on every so many seconds in a thread of its own; so the first time too, if you do
        not `wait` for it.
        """
        stopped = threading.Event()
        if wait:
            self.refresh()
        thread = threading.Thread(target=self._watch, args=(every, stopped, wait), name="consumer", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            stopped.set()
            thread.join(timeout=5)

    def _watch(self, every: float, stopped: threading.Event, looked: bool) -> None:
        if not looked:
            self.refresh()
        while not stopped.wait(self.pause(every)):
            self.refresh()


def _current(history: History) -> Version:
    version = history.champion
    if version is None:
        raise ModelError("The metadata name no model yet.", fix="wait for the first promotion")
    return version
