"""The Kafka topic of captured events, in PostHog's own envelope."""

from __future__ import annotations

from contracts.model import Column, Layer, Pii, Table

CAPTURED = Table(
    name="captured",
    layer=Layer.EVENTS,
    grain="one row per message of the topic",
    doc="Messages of PostHog's capture service: an envelope with the event as JSON text in `data`.",
    key=("topic", "partition", "offset"),
    columns=(
        Column("topic", "string", "Kafka topic", required=True),
        Column("partition", "int", "Kafka partition", required=True),
        Column("offset", "bigint", "Position in the partition", required=True),
        Column("key", "string", "`token:distinct_id`"),
        Column("headers", "array<struct<key:string,value:string>>", "Message headers as text"),
        Column("kafka_timestamp", "timestamp", "When the broker took the message", required=True),
        Column("value", "string", "The message as it came, broken ones included", pii=Pii.DIRECT),
        Column("_ingested_at", "timestamp", "When the stream committed it", required=True),
        Column("_ingested_date", "date", "Day of `_ingested_at`, UTC", required=True),
    ),
    partition_by=("_ingested_date",),
)

TABLES = (CAPTURED,)
