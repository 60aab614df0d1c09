"""Messages of a self-hosted PostHog, in each of its formats, and the same event from two sources.

The samples have the fields, types and times that PostHog's own code writes; uuids of persons are derived by
its formula from the project and the id.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from contracts.registry import TABLES
from contracts.sources.events import CAPTURED_EVENT, CLICKHOUSE_EVENT, FORMATS, PERSON_DISTINCT_ID
from spark_jobs.build.incremental import messages_for
from spark_jobs.build.quality import newest_state
from spark_jobs.sources.event_topics import KNOWN_FORMATS
from tests.unit.dataframes import assert_rows, cleaned, rows

SAMPLES = Path(__file__).parent / "samples" / "topics"
EVENTS, STATED = TABLES["silver.events"], TABLES["silver.person_distinct_ids"]
DEVICE = "01a206f0-d991-7150-8cab-48f92d4f38f6"
POSITION = ("_kafka_topic", "_kafka_partition", "_kafka_offset")


def sample(topic: str) -> list[dict[str, Any]]:
    """The messages of a sample, as bronze holds them."""
    lines = (SAMPLES / f"{topic}.jsonl").read_text().splitlines()
    kind = KNOWN_FORMATS[topic]
    return [
        {"topic": f"posthog:{topic}", "offset": n, "format": kind, "value": line}
        for n, line in enumerate(lines)
    ]


def posthogs_person(distinct_id: str, team: int = 1) -> str:
    """The person that begins with an id, by PostHog's formula."""
    return str(uuid.uuid5(uuid.UUID("932979b4-65c3-4424-8467-0b66ec27bc22"), f"{team}:{distinct_id}"))


def clickhouse(**changed: Any) -> dict[str, Any]:
    """The first event as PostHog hands it to its database, changed; None leaves a field out."""
    first = sample("clickhouse_events_json")[0]
    whole = {**json.loads(first["value"]), **changed}
    return {**first, "value": json.dumps({k: v for k, v in whole.items() if v is not None})}


def test_an_event_reads_the_same_in_either_format(spark: SparkSession) -> None:
    kept = [name for name in EVENTS.column_names if name not in (*POSITION, "properties")]
    read = [
        cleaned(spark, "events", *sample(topic)).select(*kept, "_failed").orderBy("event_id").collect()
        for topic in ("events_plugin_ingestion", "clickhouse_events_json")
    ]
    assert read[0] == read[1]
    viewed, login = read[0]
    assert (viewed["event_name"], viewed["product_id"], viewed["_failed"]) == ("Product Viewed", 7, [])
    assert (viewed["distinct_id"], viewed["utm_medium"], viewed["device"]) == (DEVICE, "email", "desktop")
    assert (login["event_name"], login["customer_id"]) == ("$identify", 42)
    assert (login["visitor_id"], login["merged_distinct_id"]) == (DEVICE, DEVICE)


def test_an_event_of_two_sources_counts_once_and_the_gateways_is_kept(spark: SparkSession) -> None:
    echo, own = sample("clickhouse_events_json"), sample("events_plugin_ingestion")
    own = [{**each, "topic": "events_plugin_ingestion", "offset": 7 + n} for n, each in enumerate(own)]
    df = newest_state(cleaned(spark, "events", *echo, *own), EVENTS)
    columns = ("event_id", "_kafka_topic", "_kafka_offset")
    wanted = [(json.loads(each["value"])["uuid"], each["topic"], each["offset"]) for each in own]
    assert_rows(df, *(dict(zip(columns, row, strict=True)) for row in wanted))


def test_moments_have_any_number_of_digits_and_are_utc(spark: SparkSession) -> None:
    moments = {
        "2026-11-23 05:46:17.966": "2026-11-23 05:46:17.966",
        "2026-11-23 05:46:17.966123": "2026-11-23 05:46:17.966123",
        "2026-11-23 05:46:17": "2026-11-23 05:46:17",
    }
    given = [
        {**clickhouse(uuid=str(n), timestamp=said, captured_at=None), "offset": n}
        for n, said in enumerate(moments)
    ]
    assert_rows(
        cleaned(spark, "events", *given),
        *(
            {"_kafka_offset": n, "occurred_at": meant, "received_at": "2026-11-23 05:46:21.003"}
            for n, meant in enumerate(moments.values())
        ),
    )


def test_a_sender_without_cookies_is_told_apart_by_the_address_among_its_properties(
    spark: SparkSession,
) -> None:
    def sent(number: int, ip: str) -> dict[str, Any]:
        properties = json.dumps({"$ip": ip, "$raw_user_agent": "Firefox"})
        nobody = "$posthog_cookieless"
        message = clickhouse(uuid=str(number), distinct_id=nobody, properties=properties)
        return {**message, "offset": number}

    df = cleaned(spark, "events", sent(0, "203.0.113.1"), sent(1, "203.0.113.1"), sent(2, "203.0.113.2"))
    found = [row["distinct_id"] for row in df.orderBy("_kafka_offset").collect()]
    assert found[0] == found[1] != found[2]


def test_a_message_in_another_format_than_its_topics_says_so(spark: SparkSession) -> None:
    captured = sample("events_plugin_ingestion")[0]["value"]
    event = sample("clickhouse_events_json")[0]["value"]
    statement = sample("clickhouse_person_distinct_id")[0]["value"]
    wrong = [
        (CAPTURED_EVENT, event, ["data_is_missing"]),
        (CAPTURED_EVENT, statement, ["data_is_missing"]),
        (CLICKHOUSE_EVENT, captured, ["properties_are_missing"]),
        (CLICKHOUSE_EVENT, statement, ["properties_are_missing"]),
        (CLICKHOUSE_EVENT, "not JSON", ["value_is_not_json"]),
        (CLICKHOUSE_EVENT, clickhouse(properties="{oops")["value"], ["properties_are_not_json"]),
    ]
    given = [{"offset": n, "format": kind, "value": value} for n, (kind, value, _) in enumerate(wrong)]
    assert_rows(
        cleaned(spark, "events", *given),
        *({"_kafka_offset": n, "_failed": reasons} for n, (_, _, reasons) in enumerate(wrong)),
    )
    given = [
        {"offset": n, "format": PERSON_DISTINCT_ID, "value": value}
        for n, value in enumerate((captured, event, "not JSON", None))
    ]
    df = cleaned(spark, "person_distinct_ids", *given)
    assert df.where(F.size("_failed") == 0).count() == 0


def test_statements_about_ids_are_read_with_version_and_withdrawal(spark: SparkSession) -> None:
    columns = ("team_id", "distinct_id", "version", "posthog_person_id", "is_withdrawn", "_failed")
    assert_rows(
        cleaned(spark, "person_distinct_ids", *sample("clickhouse_person_distinct_id")),
        *(
            dict(zip(columns, row, strict=True))
            for row in (
                (1, "42", 0, posthogs_person("42"), False, []),
                (1, DEVICE, 1, posthogs_person("42"), False, []),
                (1, "43", 100, posthogs_person("43"), True, []),
            )
        ),
    )


def test_a_statement_made_again_is_kept_once_and_a_newer_one_beside_it(spark: SparkSession) -> None:
    first, second, _ = sample("clickhouse_person_distinct_id")
    newer = {**json.loads(second["value"]), "version": 2}
    df = newest_state(
        cleaned(
            spark,
            "person_distinct_ids",
            first,
            {**first, "offset": 8},
            {**second, "offset": 9, "value": json.dumps(newer)},
            second,
        ),
        STATED,
    )
    assert_rows(
        df,
        {"distinct_id": "42", "version": 0, "_kafka_offset": 0},
        {"distinct_id": DEVICE, "version": 1, "_kafka_offset": 1},
        {"distinct_id": DEVICE, "version": 2, "_kafka_offset": 9},
    )


@pytest.mark.parametrize("table", [EVENTS, STATED], ids=lambda table: str(table.name))
def test_each_table_takes_the_messages_of_its_formats(spark: SparkSession, table: Any) -> None:
    df = rows(
        spark, TABLES["events.captured"], *({"offset": n, "format": kind} for n, kind in enumerate(FORMATS))
    )
    taken = {row["format"] for row in messages_for(df, table).collect()}
    assert taken == set(table.formats)
    before = {row["format"] for row in messages_for(df.drop("format"), table).collect()}
    assert before == set(table.formats) & {CAPTURED_EVENT}
