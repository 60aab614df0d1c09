"""Settings of the gateway and its mirror, read from the environment and from `.env`; see `.env.example`."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[1]
MEBIBYTE = 1 << 20
ANY_TOKEN = "*"  # noqa: S105 - a wildcard

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Words = Annotated[tuple[str, ...], NoDecode]
Networks = Annotated[tuple[Network, ...], NoDecode]


class GatewaySettings(BaseSettings):
    """Settings of the gateway; sizes in bytes, times in seconds. Lists are separated by commas."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore")

    # Where it listens
    gateway_host: str = "127.0.0.1"
    gateway_port: int = 8090

    # Who may send. A project token is public, but it keeps the events of strangers out of the figures.
    gateway_tokens: Words

    # Where it writes
    kafka_bootstrap_servers: str = "127.0.0.1:19092"
    kafka_events_topic: str = "events_plugin_ingestion"
    kafka_dead_letter_topic: str = "events_dead_letter"
    # Separate topics for imported history and for events that are not about the shop; empty: events topic
    kafka_historical_topic: str = ""
    kafka_exceptions_topic: str = ""
    kafka_heatmaps_topic: str = ""
    kafka_ai_topic: str = ""
    kafka_linger_ms: int = Field(5, ge=0)
    # How long Kafka may take to acknowledge; SDKs stop waiting after 10 s
    gateway_ack_seconds: float = Field(8, gt=0)

    # What it accepts
    gateway_max_body_bytes: int = Field(20 * MEBIBYTE, gt=0)
    gateway_max_decoded_bytes: int = Field(50 * MEBIBYTE, gt=0)
    gateway_max_v1_body_bytes: int = Field(10 * MEBIBYTE, gt=0)
    gateway_max_event_bytes: int = Field(1_000_000, gt=0, le=1_000_000)
    gateway_max_batch_events: int = Field(50_000, gt=0)
    # Memory under load: bodies being read or decoded, and messages waiting for Kafka. Beyond that: 503
    gateway_max_pending_bytes: int = Field(72 * MEBIBYTE, gt=0)
    gateway_max_queue_bytes: int = Field(48 * MEBIBYTE, gt=0)
    gateway_body_seconds: float = Field(30, gt=0)

    # Whose `X-Forwarded-For` is trusted, and whether addresses are truncated
    gateway_trusted_proxies: Networks = ()
    gateway_truncate_ip: bool = False

    gateway_log_level: str = "INFO"

    # The mirror forwards to a real PostHog if both of these are set
    mirror_host: str = ""
    mirror_token: str = ""
    mirror_group: str = "shoplake_mirror"
    mirror_dead_letter_topic: str = "events_mirror_dead_letter"
    mirror_metrics_port: int = 8091
    mirror_batch_events: int = Field(100, gt=0)
    # Older events are sent as a historical migration, which PostHog accepts without its usual limits
    mirror_historical_hours: float = 48

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
        """True if events are forwarded to a real PostHog."""
        return bool(self.mirror_host and self.mirror_token)

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic that the gateway writes to, without repetition."""
        named = (
            self.kafka_events_topic,
            self.kafka_historical_topic,
            self.kafka_dead_letter_topic,
            self.kafka_exceptions_topic,
            self.kafka_heatmaps_topic,
            self.kafka_ai_topic,
        )
        return tuple(dict.fromkeys(name for name in named if name))
