"""The metrics for Prometheus: requests, predictions, versions, swaps, failures, and the live drift of the inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ml_action.consumer import Event, LoadedModel, Status

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """The series of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "service_request_seconds", "Time to answer a request.", ["route"], buckets=_BUCKETS, registry=self.registry
        )
        self.requests = Counter(
            "service_requests", "Requests by route and status.", ["route", "status"], registry=self.registry
        )
        self.predictions = Counter("service_predictions", "Predicted rows.", ["version"], registry=self.registry)
        self.swaps = Counter("service_model_swaps", "Times that another version took over.", registry=self.registry)
        self.refusals = Counter(
            "service_model_refusals", "New versions that were refused, once for each reason.", registry=self.registry
        )
        self._failures = Gauge(
            "service_model_failed_looks", "Consecutive checks for a new model that failed.", registry=self.registry
        )
        self._rows = Gauge(
            "service_input_rows", "Rows that the drift is computed from, 2000 at most.", registry=self.registry
        )

    def count(self, event: Event) -> None:
        """Counts a swap or a refusal. The first version that loads is no swap."""
        if event.kind == "refused":
            self.refusals.inc()
        elif event.before:
            self.swaps.inc()

    def observe(
        self,
        served: Callable[[], LoadedModel | None],
        status: Callable[[], Status],
        drift: Callable[[], Mapping[str, float]],
        rows: Callable[[], int],
    ) -> None:
        """Registers the series that are computed when Prometheus reads them."""
        self._rows.set_function(rows)
        self._failures.set_function(lambda: status().consecutive_failures)
        self.registry.register(_LiveMetrics(served, drift))

    def observe_feedback(self, outcomes: Callable[[], Mapping[str, int]]) -> None:
        """Registers the rows of feedback, which are counted where they are written."""
        self.registry.register(_FeedbackMetrics(outcomes))


class _LiveMetrics(Collector):
    def __init__(self, served: Callable[[], LoadedModel | None], drift: Callable[[], Mapping[str, float]]) -> None:
        self._served = served
        self._drift = drift

    def collect(self) -> Iterable[Metric]:
        """Returns the version that answers, and the drift of the recent inputs from its training data."""
        served = self._served()
        info = GaugeMetricFamily(
            "service_model_info", "The version that answers.", labels=["version", "sha256", "path"]
        )
        if served:
            info.add_metric([served.version.version, served.version.sha256, served.predictor.path], 1)
        drift = GaugeMetricFamily(
            "service_input_drift", "Distance of the recent inputs from the training data, 0 to 1.", labels=["column"]
        )
        for column, effect in self._drift().items():
            drift.add_metric([column], effect)
        return [info, drift]


class _FeedbackMetrics(Collector):
    def __init__(self, outcomes: Callable[[], Mapping[str, int]]) -> None:
        self._outcomes = outcomes

    def describe(self) -> Iterable[Metric]:
        """Returns the series without asking for its values."""
        return [CounterMetricFamily("service_feedback_rows", "Labelled rows by outcome.", labels=["outcome"])]

    def collect(self) -> Iterable[Metric]:
        """Returns the rows by outcome."""
        family = CounterMetricFamily("service_feedback_rows", "Labelled rows by outcome.", labels=["outcome"])
        for outcome, rows in self._outcomes().items():
            family.add_metric([outcome], rows)
        return [family]
