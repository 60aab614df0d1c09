"""The person of an id, as stated by a self-hosted PostHog."""

from __future__ import annotations

from contracts.model import Column, Layer, Pii, Table
from contracts.sources.events import PERSON_DISTINCT_ID

PERSON_DISTINCT_IDS = Table(
    name="person_distinct_ids",
    layer=Layer.SILVER,
    inputs=("events.captured",),
    formats=(PERSON_DISTINCT_ID,),
    grain="one row per statement of PostHog about an id, however often it was made",
    doc=(
        "Which person of a self-hosted PostHog an id belongs to, statement by statement; empty without one."
        " Of an id, the statement with the greatest version holds."
    ),
    key=("team_id", "distinct_id", "version", "posthog_person_id", "is_withdrawn"),
    newest_by=(),
    columns=(
        Column("team_id", "bigint", "PostHog's number of the project", required=True),
        Column("distinct_id", "string", "As in the events", required=True, pii=Pii.PSEUDONYM),
        Column("version", "bigint", "Rises with each statement about the id", required=True),
        Column("posthog_person_id", "string", "PostHog's person, a uuid", required=True, pii=Pii.PSEUDONYM),
        Column("is_withdrawn", "boolean", "PostHog has deleted the id with its person", required=True),
        Column("stated_at", "timestamp", "When PostHog sent it, UTC", required=True),
        Column("_kafka_topic", "string", "Topic that it came from, as bronze names it", required=True),
        Column("_kafka_partition", "int", "Position in the topic", required=True),
        Column("_kafka_offset", "bigint", "Position in the topic", required=True),
        Column("_ingested_at", "timestamp", "When the stream committed it, UTC", required=True),
    ),
)
