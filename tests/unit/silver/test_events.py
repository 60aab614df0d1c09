"""Captured events, whole and broken."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pyspark.sql import SparkSession

from contracts.registry import TABLES
from spark_jobs.build.quality import newest_state
from spark_jobs.silver.channels import channel
from tests.unit.dataframes import assert_rows, cleaned, rows

EVENTS = TABLES["silver.events"]


def message(properties: dict[str, Any] | None = None, **envelope: Any) -> str:
    """A message as the capture service writes it; None leaves a field of the envelope out."""
    sent = {"uuid": "u1", "event": "Product Viewed", "properties": properties or {}}
    whole = {
        "uuid": "u1",
        "distinct_id": "d1",
        "data": json.dumps(sent),
        "now": "2026-03-01T10:00:05.000Z",
        "event": "Product Viewed",
        "timestamp": "2026-03-01T11:00:00.250+01:00",
        **envelope,
    }
    return json.dumps({name: value for name, value in whole.items() if value is not None})


def test_an_event_is_typed_by_the_e_commerce_spec(spark: SparkSession) -> None:
    said = {
        "$device_id": "dev",
        "$user_id": "42",
        "product_id": "7",
        "quantity": 2,
        "value": "1234567890.10",
        "currency": "eur",
        "$current_url": "https://Shop.example/p/7?utm_source=x#top",
        "$referring_domain": "$direct",
        "gclid": "abc",
        "$device_type": "Mobile",
        "$raw_user_agent": "Mozilla/5.0",
    }
    assert_rows(
        cleaned(spark, "events", {"value": message(said)}),
        {
            "event_id": "u1",
            "event_name": "Product Viewed",
            "occurred_at": "2026-03-01 10:00:00.25",
            "received_at": "2026-03-01 10:00:05",
            "visitor_id": "dev",
            "customer_id": 42,
            "product_id": 7,
            "quantity": 2,
            "value_amount": "1234567890.10",
            "currency": "EUR",
            "page_host": "shop.example",
            "page_path": "/p/7",
            "referring_domain": None,
            "click_id_kind": "gclid",
            "device": "mobile",
            "is_bot": False,
            "_failed": [],
        },
    )


@pytest.mark.parametrize(
    "said",
    [
        {"utm_campaign": "weekly-🍂🎃", "name": "Müller ‚ 中"},
        {"escaped": "\\ud83c\\udf42", "quote": '"', "slash": "a/b", "control": "\t\n\x01"},
        {"nested": {"list": [1, 2.5, -3, None, True, {"a": []}]}, "large": 12345678901234567890},
    ],
)
def test_properties_are_one_text_on_every_engine(spark: SparkSession, said: dict[str, Any]) -> None:
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    for sent in (message(said), message(None, data=json.dumps({"event": "e", "properties": said}))):
        assert_rows(cleaned(spark, "events", {"value": sent}), {"properties": text})


def test_broken_messages_say_what_is_wrong_and_raise_nothing(spark: SparkSession) -> None:
    broken = [None, "", "not json", "[1]", '{"a": 1}', message(data=None), message(data="{oops")]
    df = cleaned(spark, "events", *({"offset": n, "value": value} for n, value in enumerate(broken)))
    wanted = [*["value_is_not_json"] * 5, "data_is_missing", "data_is_not_json"]
    assert_rows(
        df,
        *({"_kafka_offset": n, "_failed": [reason]} for n, reason in enumerate(wanted)),
    )


def test_older_senders_leave_event_and_timestamp_to_the_data(spark: SparkSession) -> None:
    data = json.dumps({"uuid": "u1", "event": "Cart Viewed", "timestamp": "2026-03-01T09:00:00Z"})
    df = cleaned(
        spark,
        "events",
        {"offset": 1, "value": message(event=None, timestamp=None, data=data)},
        {"offset": 2, "value": message(timestamp="12")},
    )
    assert_rows(
        df,
        {"_kafka_offset": 1, "event_name": "Cart Viewed", "occurred_at": "2026-03-01 09:00:00"},
        {"_kafka_offset": 2, "event_name": "Product Viewed", "occurred_at": "2026-03-01 10:00:05"},
    )


def test_who_logs_in_is_a_customer_and_a_visitor_without_device_is_the_sender(spark: SparkSession) -> None:
    df = cleaned(
        spark,
        "events",
        {"offset": 1, "value": message(distinct_id="0197-aa")},
        {"offset": 2, "value": message(distinct_id="17")},
    )
    assert_rows(
        df,
        {"visitor_id": "0197-aa", "customer_id": None},
        {"visitor_id": "17", "customer_id": 17},
    )


def test_an_empty_user_agent_is_a_robot_and_a_missing_one_is_not(spark: SparkSession) -> None:
    agents = [
        {},
        {"$raw_user_agent": ""},
        {"$raw_user_agent": "GoogleBot/2"},
        {"$raw_user_agent": "HeadlessChrome"},
    ]
    df = cleaned(spark, "events", *({"offset": n, "value": message(a)} for n, a in enumerate(agents)))
    assert_rows(df, *({"_kafka_offset": n, "is_bot": n > 0} for n in range(4)))


def test_an_event_sent_twice_is_kept_once_at_its_first_position(spark: SparkSession) -> None:
    df = cleaned(
        spark,
        "events",
        {"offset": 9, "value": message({"product_id": "9"})},
        {"offset": 3, "value": message({"product_id": "3"})},
    )
    assert_rows(newest_state(df, EVENTS), {"event_id": "u1", "_kafka_offset": 3, "product_id": 3})


CHANNELS = [
    ({"click_id_kind": "gclid", "utm_medium": "email"}, "paid_search"),
    ({"utm_medium": "ppc"}, "paid_search"),
    ({"click_id_kind": "fbclid"}, "paid_social"),
    ({"utm_medium": "email", "referring_domain": "mail.google.com"}, "email"),
    ({"utm_medium": "affiliate"}, "affiliate"),
    ({"referring_domain": "l.facebook.com"}, "organic_social"),
    ({"referring_domain": "t.co"}, "organic_social"),
    ({"referring_domain": "scott.co"}, "referral"),
    ({"referring_domain": "www.google.co.uk"}, "organic_search"),
    ({"referring_domain": "notgoogle.example"}, "referral"),
    ({"utm_medium": "banner", "referring_domain": "blog.example"}, "other_campaign"),
    ({"referring_domain": "shop.example", "page_host": "shop.example"}, "direct"),
    ({}, "direct"),
]


def test_a_visit_comes_from_the_first_channel_that_fits(spark: SparkSession) -> None:
    df = rows(spark, EVENTS, *({"event_id": str(n), **said} for n, (said, _) in enumerate(CHANNELS)))
    assert_rows(
        df.select("event_id", channel().alias("channel")),
        *({"event_id": str(n), "channel": wanted} for n, (_, wanted) in enumerate(CHANNELS)),
    )


@pytest.mark.parametrize("value", ["0.1", "19.99"])
def test_money_sent_as_a_number_is_still_a_decimal(spark: SparkSession, value: str) -> None:
    data = f'{{"uuid": "u1", "event": "e", "properties": {{"value": {value}}}}}'
    assert_rows(cleaned(spark, "events", {"value": message(data=data)}), {"value_amount": value})
