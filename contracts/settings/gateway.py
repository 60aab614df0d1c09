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
            "Project tokens whose events it takes: a list by commas, or * for any",
            (Audience.GATEWAY, Audience.STOREFRONT),
        ),
        Setting(
            "GATEWAY_HOST",
            host,
            "127.0.0.1",
            "Address on which it listens",
            GATEWAY,
            fixed_in_containers="0.0.0.0",  # noqa: S104 - inside the Compose network
        ),
        Setting(
            "GATEWAY_PORT",
            port,
            8090,
            "Its port",
            (Audience.GATEWAY, Audience.STOREFRONT),
            fixed_in_containers="8090",
        ),
        Setting(
            "GATEWAY_LOG_LEVEL",
            one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
            "INFO",
            "DEBUG, INFO, WARNING, ERROR or CRITICAL",
            GATEWAY,
        ),
        Setting(
            "KAFKA_DEAD_LETTER_TOPIC",
            topic,
            "events_dead_letter",
            "Topic of events that cannot be taken",
            GATEWAY,
        ),
        Setting(
            "KAFKA_HISTORICAL_TOPIC",
            topic,
            "",
            "Topic of imported history; without one: with the other events",
            GATEWAY,
        ),
        Setting(
            "KAFKA_EXCEPTIONS_TOPIC",
            topic,
            "",
            "Topic of exceptions; without one: with the other events",
            GATEWAY,
        ),
        Setting(
            "KAFKA_HEATMAPS_TOPIC",
            topic,
            "",
            "Topic of heatmaps; without one: with the other events",
            GATEWAY,
        ),
        Setting(
            "KAFKA_AI_TOPIC", topic, "", "Topic of AI events; without one: with the other events", GATEWAY
        ),
        Setting(
            "KAFKA_LINGER_MS",
            whole(0, 60_000),
            5,
            "Milliseconds for which messages wait for others to be sent with",
            GATEWAY,
        ),
        Setting(
            "GATEWAY_ACK_SECONDS",
            SECONDS,
            8,
            "Until then Kafka must have acknowledged; SDKs give up after 10 s",
            GATEWAY,
        ),
    ),
)

LIMITS = Section(
    "What the gateway takes at most",
    (
        Setting("GATEWAY_MAX_BODY_BYTES", BYTES, 20 * MEBIBYTE, "A request, as sent", GATEWAY),
        Setting("GATEWAY_MAX_DECODED_BYTES", BYTES, 50 * MEBIBYTE, "A request, decompressed", GATEWAY),
        Setting(
            "GATEWAY_MAX_V1_BODY_BYTES",
            BYTES,
            10 * MEBIBYTE,
            "A request of the v1 protocol, as sent",
            GATEWAY,
        ),
        Setting("GATEWAY_MAX_EVENT_BYTES", whole(1, 1_000_000), 1_000_000, "One event", GATEWAY),
        Setting("GATEWAY_MAX_BATCH_EVENTS", BYTES, 50_000, "Events of one request", GATEWAY),
        Setting(
            "GATEWAY_MAX_PENDING_BYTES",
            BYTES,
            72 * MEBIBYTE,
            "Memory of requests that are being read or decoded; beyond it, 503",
            GATEWAY,
        ),
        Setting(
            "GATEWAY_MAX_QUEUE_BYTES",
            BYTES,
            48 * MEBIBYTE,
            "Memory of messages that wait for Kafka; beyond it, 503",
            GATEWAY,
        ),
        Setting("GATEWAY_BODY_SECONDS", SECONDS, 30, "Seconds in which a request must have arrived", GATEWAY),
        Setting(
            "GATEWAY_TRUSTED_PROXIES",
            networks,
            "",
            "Proxies whose X-Forwarded-For is believed: addresses or networks, by commas",
            GATEWAY,
        ),
        Setting("GATEWAY_TRUNCATE_IP", flag, False, "Cut visitors' addresses", GATEWAY),
    ),
    "Sizes are in bytes; see docs/gateway.md.",
)

MIRROR = Section(
    "The mirror",
    (
        Setting("MIRROR_HOST", url("https", "http"), "", "Address of the PostHog", GATEWAY),
        Setting("MIRROR_TOKEN", secret, "", "Its project token", GATEWAY),
        Setting("MIRROR_GROUP", text, "shoplake_mirror", "Consumer group on Kafka", GATEWAY),
        Setting(
            "MIRROR_DEAD_LETTER_TOPIC",
            topic,
            "events_mirror_dead_letter",
            "Topic of events that PostHog refuses",
            GATEWAY,
        ),
        Setting("MIRROR_METRICS_PORT", port, 8091, "Port of its metrics", DEMO),
        Setting("MIRROR_BATCH_EVENTS", whole(1, 100_000), 100, "Events of one request", GATEWAY),
        Setting(
            "MIRROR_HISTORICAL_HOURS",
            number(0, 876_000),
            48,
            "Older events are sent as a historical migration, which PostHog takes without its limits",
            GATEWAY,
        ),
    ),
    "It forwards events to a real PostHog when MIRROR_HOST and MIRROR_TOKEN are set.",
)
