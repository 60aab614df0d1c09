"""Metrics for Prometheus at `/metrics`. Label values are fixed words, never text from a sender."""

from __future__ import annotations

import logging
from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS = Counter("gateway_requests_total", "Requests answered", ("route", "status"), registry=REGISTRY)
REQUEST_SECONDS = Histogram(
    "gateway_request_seconds", "From a capture request to its answer", buckets=_SECONDS, registry=REGISTRY
)
ACKNOWLEDGE_SECONDS = Histogram(
    "gateway_acknowledge_seconds",
    "From handing events to Kafka to the acknowledgement of all",
    buckets=_SECONDS,
    registry=REGISTRY,
)
EVENTS = Counter("gateway_events_total", "Events acknowledged by Kafka and answered 200", registry=REGISTRY)
DEAD_LETTERS = Counter(
    "gateway_dead_letters_total", "Events written to the dead-letter topic", ("reason",), registry=REGISTRY
)
REFUSED = Counter("gateway_refused_total", "Requests refused", ("reason",), registry=REGISTRY)
BODY_BYTES = Counter("gateway_body_bytes_total", "Bytes of bodies read", registry=REGISTRY)
PENDING_BYTES = Gauge("gateway_pending_bytes", "Bytes of bodies being read or decoded", registry=REGISTRY)
WAITING_MESSAGES = Gauge(
    "gateway_waiting_messages", "Messages that Kafka has not acknowledged", registry=REGISTRY
)
WAITING_BYTES = Gauge(
    "gateway_waiting_bytes", "Bytes of messages that Kafka has not acknowledged", registry=REGISTRY
)


@cache
def requests(route: str, status: int) -> Counter:
    """Return the counter of requests to a route with this status. Finding it by its labels is slow."""
    return REQUESTS.labels(route, status)


def exposition() -> bytes:
    """Return the current values in Prometheus' text format."""
    return generate_latest(REGISTRY)


def client_logger() -> logging.Logger:
    """Return a logger that silences the Kafka client, which reports each lost connection; we log it once."""
    logger = logging.getLogger("gateway.kafka.client")
    logger.setLevel(logging.CRITICAL)
    return logger
