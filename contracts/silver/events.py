"""Events of the shop's pages, apps and servers, typed by the e-commerce spec."""

from __future__ import annotations

from contracts.model import Check, Column, Layer, OnFailure, Pii, Table
from contracts.sources.events import CAPTURED_EVENT, CLICKHOUSE_EVENT

# Columns that may lose a claim of their sender; each has a warning of this name.
UNREADABLE = (
    *("occurred_at", "customer_id", "product_id", "search_result_count", "quantity"),
    *("value_amount", "currency"),
)

EVENTS = Table(
    name="events",
    layer=Layer.SILVER,
    inputs=("events.captured",),
    formats=(CAPTURED_EVENT, CLICKHOUSE_EVENT),
    grain="one row per event, however often and over however many sources it came",
    doc="Captured events, deduplicated by their uuid; the properties most used have columns of their own.",
    key=("event_id",),
    newest_by=(),
    columns=(
        Column("event_id", "string", "The uuid its sender gave it", required=True),
        Column("event_name", "string", "As sent, e.g. `Product Viewed`", required=True),
        Column(
            "occurred_at",
            "timestamp",
            "When it happened, corrected for the sender's clock, UTC",
            required=True,
        ),
        Column("received_at", "timestamp", "When it was captured, UTC"),
        Column(
            "distinct_id",
            "string",
            "Who sent it, as known then; without cookies, a pseudonym that holds for one day",
            required=True,
            pii=Pii.PSEUDONYM,
        ),
        Column(
            "visitor_id",
            "string",
            "The device, or the sender where no device is known",
            required=True,
            pii=Pii.PSEUDONYM,
        ),
        Column(
            "merged_distinct_id",
            "string",
            "The id that the event asks to make one person with its own",
            pii=Pii.PSEUDONYM,
        ),
        Column("customer_id", "bigint", "The logged-in customer; null when anonymous"),
        Column("product_id", "bigint", "Product it is about"),
        Column("order_id", "bigint", "Order it is about; null when its sender names it by its number"),
        Column(
            "order_reference",
            "string",
            "Order it is about, as its sender names it: the id or the number that customers see",
        ),
        Column("cart_id", "string", "Cart it is about"),
        Column("search_query", "string", "What was searched for"),
        Column("search_result_count", "bigint", "What the search found; null when its sender does not say"),
        Column("quantity", "bigint", "Pieces"),
        Column(
            "value_amount", "decimal(18,4)", "Money as the sender claims, in `currency`; the database decides"
        ),
        Column("currency", "string", "ISO 4217"),
        Column("page_path", "string", "Path of the page, without query"),
        Column("page_host", "string", "Host of the page"),
        Column("referring_domain", "string", "Domain of the page before; null when direct"),
        Column("utm_source", "string", "Campaign source"),
        Column("utm_medium", "string", "Campaign medium"),
        Column("utm_campaign", "string", "Campaign name"),
        Column(
            "click_id_kind",
            "string",
            "Which advertiser's click id the page carried: gclid, msclkid, fbclid, ttclid",
        ),
        Column("device", "string", "desktop, mobile, tablet or unknown", required=True, max_length=20),
        Column("is_bot", "boolean", "Its user agent names a robot, or is empty", required=True),
        Column(
            "unreadable_claims",
            "array<string>",
            "Columns of which the sender claims something that cannot be read, or not in one way only",
            required=True,
        ),
        Column("properties", "string", "All properties as sent, JSON", pii=Pii.DIRECT, is_document=True),
        Column("_kafka_topic", "string", "Topic that it came from, as bronze names it", required=True),
        Column("_kafka_partition", "int", "Position in the topic", required=True),
        Column("_kafka_offset", "bigint", "Position in the topic", required=True),
        Column("_ingested_at", "timestamp", "When the stream committed it, UTC", required=True),
    ),
    checks=(
        *(
            Check(f"{name}_unreadable", f"NOT array_contains(unreadable_claims, '{name}')", OnFailure.WARN)
            for name in UNREADABLE
        ),
        Check("distinct_id_may_be_cut", "length(distinct_id) < 200", OnFailure.WARN),
    ),
)
