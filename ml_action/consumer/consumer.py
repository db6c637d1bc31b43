"""The one reference that moves: check the source, and load the version that it names, or keep the loaded one."""

from __future__ import annotations

import contextlib
import logging
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ml_action.consumer import deprecation, loading
from ml_action.consumer.loading import LoadedModel
from ml_action.consumer.sources import Source
from ml_action.consumer.verification import Verification, verifier_of
from ml_action.core import model_metadata
from ml_action.core.errors import ExpectedError, ModelError
from ml_action.core.records.model import History, Version
from ml_action.git import registry
from ml_action.modelling.training.library_versions import libraries

LARGEST = 1024**3  # bytes of a model file
MAX_BACKOFF = 600.0  # seconds between two checks of the source
MAX_DOUBLINGS = 10  # of the time between them
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Status:
    """The state of a consumer: what `/readyz` reports."""

    version: str = ""  # that is loaded; "" before the first
    wanted: str = ""  # that the metadata name
    problem: str = ""  # why `wanted` is not loaded, or the source cannot be read; "" if there is no problem
    looked: str = ""  # when the source was last checked
    swapped: str = ""  # when the loaded version took over
    swaps: int = 0
    failures: int = 0  # in total
    consecutive_failures: int = 0
    warning: str = ""  # why the promotion is not verified, where that is a warning only

    in_a_row = deprecation.renamed("in_a_row", "consecutive_failures")

    @property
    def ready(self) -> bool:
        """Whether a version is loaded."""
        return bool(self.version)


@dataclass(frozen=True)
class Event:
    """A change to report: `kind` is "swapped" or "refused"."""

    kind: str
    version: str
    before: str = ""
    reason: str = ""
    path: str = ""  # how rows reach the model

    way = deprecation.renamed("way", "path")


class Consumer:
    """Keeps the version loaded that the source names. Threads may share it; one at a time checks the source."""

    def __init__(  # noqa: PLR0913  a public name: its keywords have defaults
        self,
        source: Source,
        *,
        largest: int = LARGEST,
        trusted: tuple[str, ...] = (),
        on_event: Callable[[Event], object] | None = None,
        prepare: Callable[[LoadedModel], object] | None = None,
        told: Callable[[Event], object] | None = None,
        verification: Verification | None = None,
    ) -> None:
        """Creates a consumer that has loaded nothing yet.

        Args:
            source: Where the models are.
            largest: The largest model file that is read, in bytes.
            trusted: Types that a skops file may contain in addition to those that are trusted by default.
            on_event: Called after each swap and refusal.
            prepare: Makes what else is needed to answer, such as a schema. Its result becomes the version's `prepared`
                before the version takes over; if it raises, the version is refused.
            told: Deprecated, use `on_event`.
            verification: Who has to have signed a promotion; None asks for no signature.
        """
        if told is not None:
            deprecation.warn("Consumer(told=...)", "on_event")
        self.source = source
        self.status = Status()
        self._largest = largest
        self._trusted = trusted
        self._on_event = told if on_event is None else on_event
        self._prepare = prepare
        self._verifier = verifier_of(verification)
        self._loaded: LoadedModel | None = None
        self._metadata: _Metadata | None = None  # of the last check
        self._requested_wait = 0.0  # seconds for which the source asked not to be called
        self._refreshing = threading.Lock()

    @property
    def current(self) -> LoadedModel:
        """The loaded version. Hold it during a whole request, so that one version answers all of it.

        Raises:
            ModelError: no version is loaded yet.
        """
        loaded = self._loaded
        if loaded is None:
            raise ModelError(
                "No model is loaded yet.",
                why=self.status.problem or "the source has not been checked yet",
                fix="call refresh(), or wait for the first check",
            )
        return loaded

    def refresh(self) -> bool:
        """Checks the source once. Returns whether another version was loaded.

        It raises nothing: `status.problem` explains what failed.
        """
        with self._refreshing:
            wanted = self.status.wanted
            try:
                history = self._history()
                version = _current(history)
                wanted = version.version
                warning = self._verify(version)
                loaded = self._load(version, history)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001  a model may even call sys.exit(); the old one keeps answering
                self._refuse(wanted, error)
                return False
            return self._swap(loaded, warning)

    def _history(self) -> History:
        """Returns the metadata of the source. The same bytes are parsed once: thousands of versions take seconds."""
        content = self.source.metadata()
        if self._metadata is None or self._metadata.content != content:
            self._metadata = _Metadata(content, model_metadata.parse(content, registry.METADATA))
        return self._metadata.history

    def _verify(self, version: Version) -> str:
        """Returns why the promotion is not verified, as a warning; "" if it is verified or nothing is asked for.

        Verified metadata are verified once: who can replace the statement alone gains nothing.
        """
        metadata = self._metadata
        if self._verifier is None or metadata is None or metadata.verified:
            return ""
        warning = self._verifier.check(self.source, metadata.content, version)
        self._metadata = replace(metadata, verified=not warning)
        if warning != self.status.warning and warning:
            _LOG.warning("%s", warning)
        return warning

    def _load(self, version: Version, history: History) -> LoadedModel:
        """Returns the loaded model if its record is unchanged; otherwise loads the version next to it."""
        now = self._loaded
        if now is not None and now.version == version:
            return now if now.history is history else replace(now, history=history)
        loading.check_libraries(version.libraries, libraries())  # before a byte is downloaded
        if not 0 < version.size <= self._largest:
            raise ModelError(
                f"{version.version} has {version.size} bytes; {self._largest} are the most that are loaded.",
                fix="let the consumer load more (`largest`), or train a smaller model",
            )
        registry.check_inside(version, registry.METADATA)
        data = self.source.artifact(version.file, version.size)
        loaded = loading.load(version, history, data, self._trusted)
        return replace(loaded, prepared=self._prepare(loaded)) if self._prepare else loaded

    def _swap(self, loaded: LoadedModel, warning: str) -> bool:
        """Makes this version the current one. Returns whether it is another than before."""
        before, self._loaded = self._loaded, loaded
        version = loaded.version.version
        status = replace(self.status, wanted=version, problem="", looked=loading.now(), consecutive_failures=0)
        status = replace(status, warning=warning)
        swapped = before is None or before.predictor is not loaded.predictor
        if swapped:
            swaps = status.swaps if before is None else status.swaps + 1
            status = replace(status, version=version, swapped=loaded.since, swaps=swaps)
        self.status = status
        if swapped:
            previous = before.version.version if before else ""
            self._report(Event("swapped", version, previous, path=loaded.predictor.path))
        return swapped

    def _refuse(self, wanted: str, error: BaseException) -> None:
        """Records why the wanted version is not loaded, and reports the reason unless it is the same as before."""
        reason = str(error) if isinstance(error, ExpectedError) else f"{type(error).__name__}: {error}"
        status = self.status
        self.status = replace(
            status, wanted=wanted, problem=reason, looked=loading.now(), failures=status.failures + 1,
            consecutive_failures=status.consecutive_failures + 1,
        )  # fmt: skip
        self._requested_wait = getattr(error, "wait", 0.0)
        if reason != status.problem:
            self._report(Event("refused", wanted, status.version, reason))

    def _report(self, event: Event) -> None:
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception:  # noqa: BLE001  a listener that fails must not end the watch
            _LOG.exception("on_event failed for %s %s", event.kind, event.version)

    def pause(self, every: float) -> float:
        """Returns the seconds until the next check: doubled for each consecutive failure, or as long as the server
        asked for, with jitter.
        """
        failures = self.status.consecutive_failures
        usual: float = min(every * 2.0 ** min(failures, MAX_DOUBLINGS), max(MAX_BACKOFF, every))
        requested = self._requested_wait if failures else 0.0
        jitter = random.uniform(1.0, 1.2)  # noqa: S311  many services must not ask at once
        return max(usual, requested) * jitter

    @contextlib.contextmanager
    def watching(self, every: float = 60.0, *, wait: bool = True) -> Iterator[Consumer]:
        """Checks the source now, and then every so many seconds in a thread while the block runs.

        With `wait=False` the first check is made in the thread, too.
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

    def _watch(self, every: float, stopped: threading.Event, checked: bool) -> None:  # noqa: FBT001  a thread calls it
        if not checked:
            self.refresh()
        while not stopped.wait(self.pause(every)):
            self.refresh()


@dataclass(frozen=True)
class _Metadata:
    """The bytes of model_metadata.json, and the versions in them."""

    content: bytes
    history: History
    verified: bool = False


def _current(history: History) -> Version:
    version = history.champion
    if version is None:
        raise ModelError("The metadata name no model yet.", fix="wait for the first promotion")
    return version
