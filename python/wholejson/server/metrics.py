"""What the gateway counts, for Prometheus, on a port of its own."""

from __future__ import annotations

import os
from typing import Any

import prometheus_client as prometheus
from prometheus_client import multiprocess

__all__ = ["Metrics", "serve_metrics"]

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_COUNTED = {
    "events_in": "Events that upstreams sent in streams with the flag.",
    "events_out": "Events that went out in streams with the flag.",
    "bytes_in": "Bytes that upstreams sent in streams with the flag.",
    "bytes_out": "Bytes that went out in streams with the flag.",
    "updates": "Changes of a value.",
    "repairs": "Repairs of malformed text.",
}


class Metrics:
    """The counters of one process. No label's value comes from a request."""

    def __init__(self, registry: prometheus.CollectorRegistry | None = None) -> None:
        self.registry = to = registry or prometheus.CollectorRegistry()
        self._requests = prometheus.Counter(
            "wholejson_requests", "Requests, by route and status.", ("route", "status"), registry=to
        )
        self._open = prometheus.Gauge(
            "wholejson_requests_open", "Requests that are being served.",
            multiprocess_mode="livesum", registry=to,
        )  # fmt: skip
        self._streams = prometheus.Counter(
            "wholejson_streams", "Streams with the flag, by how they ended.", ("end",), registry=to
        )
        self._errors = prometheus.Counter(
            "wholejson_errors", "Error events of streams with the flag.", ("code",), registry=to
        )
        self._first = prometheus.Histogram(
            "wholejson_first_snapshot_seconds", "Time to the first snapshot.",
            buckets=_SECONDS, registry=to,
        )  # fmt: skip
        self._seconds = prometheus.Histogram(
            "wholejson_stream_seconds", "Time from request to end of streams with the flag.",
            buckets=_SECONDS, registry=to,
        )  # fmt: skip
        self._counted = {
            name: prometheus.Counter(f"wholejson_{name}", text, registry=to)
            for name, text in _COUNTED.items()
        }

    def begin(self) -> None:
        """Count a request that begins."""
        self._open.inc()

    def end(self, route: str, status: int) -> None:
        """Count a request that has ended; status 0 for one without an answer."""
        self._open.dec()
        self._requests.labels(route, str(status)).inc()

    def stream(self, report: dict[str, Any]) -> None:
        """Count a stream with the flag that has ended, by the middleware's report."""
        code = report["error"] or ("upstream_error" if report["upstream_error"] else None)
        gone = report["client_gone"]
        self._streams.labels("client_gone" if gone else "error" if code else "success").inc()
        if code is not None:
            self._errors.labels(code).inc()
        for name, counter in self._counted.items():
            counter.inc(report[name])
        if report["first_snapshot_seconds"] is not None:
            self._first.observe(report["first_snapshot_seconds"])
        self._seconds.observe(report["seconds"])


def serve_metrics(host: str, port: int, registry: prometheus.CollectorRegistry | None) -> int:
    """Serve metrics from a thread of this process; give the port.

    Without a registry: those of all worker processes, which have written them to the folder
    that ``PROMETHEUS_MULTIPROC_DIR`` names.
    """
    if registry is None:
        registry = prometheus.CollectorRegistry()
        folder = os.environ["PROMETHEUS_MULTIPROC_DIR"]
        multiprocess.MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    server, _ = prometheus.start_http_server(port, host, registry)
    return int(server.server_port)
