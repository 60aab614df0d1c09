"""Settings of the gateway and its mirror, read from the environment and from `.env`; see docs/settings.md."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from contracts.settings import default

ROOT = Path(__file__).resolve().parents[1]
ANY_TOKEN = "*"  # noqa: S105 - a wildcard

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Words = Annotated[tuple[str, ...], NoDecode]
Networks = Annotated[tuple[Network, ...], NoDecode]


class GatewaySettings(BaseSettings):
    """Settings of the gateway; sizes in bytes, times in seconds. Lists are separated by commas."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore")

    # Where it listens
    gateway_host: str = default("GATEWAY_HOST")
    gateway_port: int = default("GATEWAY_PORT")

    # Who may send. A project token is public by nature; it keeps strangers' events out of the figures.
    gateway_tokens: Words

    # Where it writes
    kafka_bootstrap_servers: str = default("KAFKA_BOOTSTRAP_SERVERS")
    kafka_events_topic: str = default("KAFKA_EVENTS_TOPIC")
    kafka_dead_letter_topic: str = default("KAFKA_DEAD_LETTER_TOPIC")
    # Topics of their own for imported history and for what is no shop event; without one: the events topic
    kafka_historical_topic: str = default("KAFKA_HISTORICAL_TOPIC")
    kafka_exceptions_topic: str = default("KAFKA_EXCEPTIONS_TOPIC")
    kafka_heatmaps_topic: str = default("KAFKA_HEATMAPS_TOPIC")
    kafka_ai_topic: str = default("KAFKA_AI_TOPIC")
    kafka_linger_ms: int = Field(default("KAFKA_LINGER_MS"), ge=0)
    # Until then Kafka must have acknowledged; SDKs give up waiting after 10 s
    gateway_ack_seconds: float = Field(default("GATEWAY_ACK_SECONDS"), gt=0)

    # What it takes
    gateway_max_body_bytes: int = Field(default("GATEWAY_MAX_BODY_BYTES"), gt=0)
    gateway_max_decoded_bytes: int = Field(default("GATEWAY_MAX_DECODED_BYTES"), gt=0)
    gateway_max_v1_body_bytes: int = Field(default("GATEWAY_MAX_V1_BODY_BYTES"), gt=0)
    gateway_max_event_bytes: int = Field(default("GATEWAY_MAX_EVENT_BYTES"), gt=0, le=1_000_000)
    gateway_max_batch_events: int = Field(default("GATEWAY_MAX_BATCH_EVENTS"), gt=0)
    # Memory under load: bodies being read or decoded, and messages waiting for Kafka. Beyond it, 503
    gateway_max_pending_bytes: int = Field(default("GATEWAY_MAX_PENDING_BYTES"), gt=0)
    gateway_max_queue_bytes: int = Field(default("GATEWAY_MAX_QUEUE_BYTES"), gt=0)
    gateway_body_seconds: float = Field(default("GATEWAY_BODY_SECONDS"), gt=0)

    # Whose `X-Forwarded-For` is believed, and how much of an address is kept
    gateway_trusted_proxies: Networks = ()
    gateway_truncate_ip: bool = default("GATEWAY_TRUNCATE_IP")

    gateway_log_level: str = default("GATEWAY_LOG_LEVEL")

    # The mirror: forwards to a real PostHog when both are set
    mirror_host: str = default("MIRROR_HOST")
    mirror_token: str = default("MIRROR_TOKEN")
    mirror_group: str = default("MIRROR_GROUP")
    mirror_dead_letter_topic: str = default("MIRROR_DEAD_LETTER_TOPIC")
    mirror_metrics_port: int = default("MIRROR_METRICS_PORT")
    mirror_batch_events: int = Field(default("MIRROR_BATCH_EVENTS"), gt=0)
    # Older events are sent as a historical migration, which PostHog takes without its limits
    mirror_historical_hours: float = default("MIRROR_HISTORICAL_HOURS")

    @field_validator("gateway_tokens", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(word.strip() for word in value.split(",") if word.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("gateway_tokens")
    @classmethod
    def _some(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("name at least one project token, or * for any")
        return value

    @field_validator("gateway_trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(
            ipaddress.ip_network(word.strip(), strict=False) for word in value.split(",") if word.strip()
        )

    @property
    def mirrors(self) -> bool:
        """Whether events are forwarded to a real PostHog."""
        return bool(self.mirror_host and self.mirror_token)

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic the gateway writes, once."""
        named = (
            self.kafka_events_topic,
            self.kafka_historical_topic,
            self.kafka_dead_letter_topic,
            self.kafka_exceptions_topic,
            self.kafka_heatmaps_topic,
            self.kafka_ai_topic,
        )
        return tuple(dict.fromkeys(name for name in named if name))
