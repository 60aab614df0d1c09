"""The Kafka topics of events: our own and, optionally, those of a self-hosted PostHog."""

from __future__ import annotations

from contracts.model import Column, Layer, Pii, Table

# The format of a message.
CAPTURED_EVENT = "captured_event"  # the envelope of PostHog's capture service, which the gateway writes, too
CLICKHOUSE_EVENT = "clickhouse_event"  # an event as PostHog passes it to its database
PERSON_DISTINCT_ID = "person_distinct_id"  # the person of an id, as PostHog passes it to its database
BASE64 = "base64"
FORMATS = (CAPTURED_EVENT, CLICKHOUSE_EVENT, PERSON_DISTINCT_ID)

CAPTURED = Table(
    name="captured",
    layer=Layer.EVENTS,
    grain="one row per message of a topic",
    doc=(
        "Messages as they came. Those of the gateway and of PostHog's capture service are an envelope with"
        " the event as JSON text in `data`; see [One's own PostHog](../posthog.md) for the others."
    ),
    key=("topic", "partition", "offset"),
    columns=(
        Column(
            "topic", "string", "Kafka topic; `posthog:` before it when it is PostHog's own", required=True
        ),
        Column("partition", "int", "Kafka partition", required=True),
        Column("offset", "bigint", "Position in the partition", required=True),
        Column("key", "string", "`token:distinct_id`"),
        Column(
            "headers",
            "array<struct<key:string,value:string>>",
            "Message headers as text; bytes that are no UTF-8 as `base64:` and their base64, as in `key`",
        ),
        Column("kafka_timestamp", "timestamp", "When the broker took the message", required=True),
        Column("format", "string", "How its topic's messages are written", required=True, allowed=FORMATS),
        Column("value", "string", "The message as it came, broken ones included", pii=Pii.DIRECT),
        Column(
            "value_encoding",
            "string",
            "`base64` where the message is no UTF-8 and `value` holds its bytes so; null for text",
            allowed=(BASE64,),
        ),
        Column("_ingested_at", "timestamp", "When the stream committed it", required=True),
        Column("_ingested_date", "date", "Day of `_ingested_at`, UTC", required=True),
    ),
    partition_by=("_ingested_date",),
)

TABLES = (CAPTURED,)
