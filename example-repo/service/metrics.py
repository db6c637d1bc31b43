"""What Prometheus reads: requests, predictions, versions, swaps, failures, and the live drift of the inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ml_action.consumer import Event, Served, Status

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
        self.predictions = Counter(
            "service_predictions", "Rows that were predicted.", ["version"], registry=self.registry
        )
        self.feedback = Counter(
            "service_feedback_rows", "Labelled rows by what became of them.", ["outcome"], registry=self.registry
        )
        self.swaps = Counter("service_model_swaps", "Times that another version took over.", registry=self.registry)
        self.refusals = Counter(
            "service_model_refusals", "New versions that were refused, for another reason each.", registry=self.registry
        )
        self._looks = Gauge(
            "service_model_failed_looks", "Looks in a row that failed; 0: all is well.", registry=self.registry
        )
        self._rows = Gauge(
            "service_input_rows", "Rows that the drift is told from, the last 2000 at most.", registry=self.registry
        )

    def heard(self, event: Event) -> None:
        """A swap or a refusal."""
        if event.kind == "refused":
            self.refusals.inc()
        elif event.before:
            self.swaps.inc()

    def follow(
        self,
        served: Callable[[], Served | None],
        status: Callable[[], Status],
        effects: Callable[[], Mapping[str, float]],
        rows: Callable[[], int],
    ) -> None:
        """Series that are computed when they are asked for."""
        self._rows.set_function(rows)
        self._looks.set_function(lambda: status().in_a_row)
        self.registry.register(_Live(served, effects))


class _Live(Collector):
    def __init__(self, served: Callable[[], Served | None], effects: Callable[[], Mapping[str, float]]) -> None:
        self._served = served
        self._effects = effects

    def collect(self) -> Iterable[Metric]:
        """The version that answers, and how far the last inputs lie from its contract."""
        served = self._served()
        info = GaugeMetricFamily("service_model_info", "The version that answers.", labels=["version", "sha256"])
        if served:
            info.add_metric([served.version.version, served.version.sha256], 1)
        drift = GaugeMetricFamily(
            "service_input_drift", "Distance of the last inputs from the training data, 0 to 1.", labels=["column"]
        )
        for column, effect in self._effects().items():
            drift.add_metric([column], effect)
        return [info, drift]
