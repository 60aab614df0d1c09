"""Metrics of the mirror for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

REGISTRY = CollectorRegistry()
EVENTS = Counter("mirror_events_total", "Events that PostHog accepted", registry=REGISTRY)
DEAD_LETTERS = Counter(
    "mirror_dead_letters_total", "Events that PostHog refused", ("reason",), registry=REGISTRY
)
RETRIES = Counter("mirror_retries_total", "Attempts that PostHog did not accept", registry=REGISTRY)
LAG = Gauge("mirror_lag_messages", "Messages not forwarded yet", registry=REGISTRY)
