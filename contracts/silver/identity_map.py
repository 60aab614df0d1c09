"""Ids and the persons they belong to."""

from __future__ import annotations

from contracts.model import Column, Layer, Pii, Table

IDENTITY_MAP = Table(
    name="identity_map",
    layer=Layer.SILVER,
    inputs=("silver.events", "silver.identity_merges"),
    grain="one row per id that ever sent an event or was named in a merge",
    doc=(
        "One person behind many devices: whose every id is, by today's knowledge. An event belongs to the"
        " person of its `distinct_id`, however long before the login it happened."
    ),
    key=("distinct_id",),
    columns=(
        Column("distinct_id", "string", "As in the events", required=True, pii=Pii.PSEUDONYM),
        Column(
            "person_id",
            "string",
            "The person: a uuid made of the id that the person began with, as PostHog makes it",
            required=True,
            pii=Pii.PSEUDONYM,
        ),
        Column("customer_id", "bigint", "The person's account; null while nobody logged in"),
        Column("is_identified", "boolean", "The person was named by a merge request", required=True),
        Column("linked_at", "timestamp", "When it was first united with another id, UTC; null if never"),
        Column("first_seen_at", "timestamp", "Its first event, UTC; null when only a merge names it"),
        Column("last_seen_at", "timestamp", "Its last event, UTC; null when only a merge names it"),
    ),
)
