"""Settings of the gateway and its mirror."""

from __future__ import annotations

from contracts.settings.model import Audience, Section, Setting
from contracts.settings.rules import (
    flag,
    host,
    networks,
    number,
    one_of,
    port,
    secret,
    text,
    topic,
    url,
    whole,
)

GATEWAY, DEMO = (Audience.GATEWAY,), (Audience.DEMO,)
BYTES = whole(1, 2**31 - 1)
SECONDS = number(0.1, 3600)
MEBIBYTE = 1 << 20

THE_GATEWAY = Section(
    "The gateway",
    (
        Setting(
            "GATEWAY_TOKENS",
            secret,
            None,
            "Comma-separated project tokens whose events are accepted, or * for any",
            (Audience.GATEWAY, Audience.STOREFRONT),
        ),
        Setting(
            "GATEWAY_HOST",
            host,
            "127.0.0.1",
            "Address to listen on",
            GATEWAY,
            fixed_in_containers="0.0.0.0",  # noqa: S104 - inside the Compose network
        ),
        Setting(
            "GATEWAY_PORT",
            port,
            8090,
            "Port",
            (Audience.GATEWAY, Audience.STOREFRONT),
            fixed_in_containers="8090",
        ),
        Setting(
            "GATEWAY_LOG_LEVEL",
            one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
            "INFO",
            "Log level: DEBUG, INFO, WARNING, ERROR or CRITICAL",
            GATEWAY,
        ),
        Setting(
            "KAFKA_DEAD_LETTER_TOPIC",
            topic,
            "events_dead_letter",
            "Topic for events that cannot be accepted",
            GATEWAY,
        ),
        Setting(
            "KAFKA_HISTORICAL_TOPIC",
            topic,
            "",
            "Topic for imported history; empty: KAFKA_EVENTS_TOPIC",
            GATEWAY,
        ),
        Setting(
            "KAFKA_EXCEPTIONS_TOPIC",
            topic,
            "",
            "Topic for exceptions; empty: KAFKA_EVENTS_TOPIC",
            GATEWAY,
        ),
        Setting(
            "KAFKA_HEATMAPS_TOPIC",
            topic,
            "",
            "Topic for heatmaps; empty: KAFKA_EVENTS_TOPIC",
            GATEWAY,
        ),
        Setting("KAFKA_AI_TOPIC", topic, "", "Topic for AI events; empty: KAFKA_EVENTS_TOPIC", GATEWAY),
        Setting(
            "KAFKA_LINGER_MS",
            whole(0, 60_000),
            5,
            "Milliseconds that messages wait to be sent in one batch",
            GATEWAY,
        ),
        Setting(
            "GATEWAY_ACK_SECONDS",
            SECONDS,
            8,
            "Seconds within which Kafka must acknowledge; SDKs give up after 10",
            GATEWAY,
        ),
    ),
)

LIMITS = Section(
    "Limits of the gateway",
    (
        Setting("GATEWAY_MAX_BODY_BYTES", BYTES, 20 * MEBIBYTE, "Size of a request as sent", GATEWAY),
        Setting(
            "GATEWAY_MAX_DECODED_BYTES",
            BYTES,
            50 * MEBIBYTE,
            "Size of a request after decompression",
            GATEWAY,
        ),
        Setting(
            "GATEWAY_MAX_V1_BODY_BYTES",
            BYTES,
            10 * MEBIBYTE,
            "Size of a v1 request as sent",
            GATEWAY,
        ),
        Setting("GATEWAY_MAX_EVENT_BYTES", whole(1, 1_000_000), 1_000_000, "Size of one event", GATEWAY),
        Setting("GATEWAY_MAX_BATCH_EVENTS", BYTES, 50_000, "Number of events in a request", GATEWAY),
        Setting(
            "GATEWAY_MAX_PENDING_BYTES",
            BYTES,
            72 * MEBIBYTE,
            "Memory for requests that are being read or decoded; beyond that, 503",
            GATEWAY,
        ),
        Setting(
            "GATEWAY_MAX_QUEUE_BYTES",
            BYTES,
            48 * MEBIBYTE,
            "Memory for messages that wait for Kafka; beyond that, 503",
            GATEWAY,
        ),
        Setting("GATEWAY_BODY_SECONDS", SECONDS, 30, "Seconds within which a request must arrive", GATEWAY),
        Setting(
            "GATEWAY_TRUSTED_PROXIES",
            networks,
            "",
            "Comma-separated addresses or networks of proxies whose X-Forwarded-For is trusted",
            GATEWAY,
        ),
        Setting("GATEWAY_TRUNCATE_IP", flag, False, "Truncate the IP addresses of visitors", GATEWAY),
    ),
    "Sizes are in bytes; see docs/gateway.md.",
)

MIRROR = Section(
    "The mirror",
    (
        Setting("MIRROR_HOST", url("https", "http"), "", "URL of the PostHog instance", GATEWAY),
        Setting("MIRROR_TOKEN", secret, "", "Its project token", GATEWAY),
        Setting("MIRROR_GROUP", text, "shoplake_mirror", "Kafka consumer group", GATEWAY),
        Setting(
            "MIRROR_DEAD_LETTER_TOPIC",
            topic,
            "events_mirror_dead_letter",
            "Topic for events that PostHog rejects",
            GATEWAY,
        ),
        Setting("MIRROR_METRICS_PORT", port, 8091, "Port of the metrics endpoint", DEMO),
        Setting("MIRROR_BATCH_EVENTS", whole(1, 100_000), 100, "Number of events in a request", GATEWAY),
        Setting(
            "MIRROR_HISTORICAL_HOURS",
            number(0, 876_000),
            48,
            "Events older than this many hours are sent as a historical migration",
            GATEWAY,
        ),
    ),
    "It forwards events to a real PostHog if MIRROR_HOST and MIRROR_TOKEN are set.",
)
