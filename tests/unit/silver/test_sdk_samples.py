"""Recorded messages of PostHog's own SDKs: each event is in silver once, unchanged.

tests/integration/gateway/samples.py records them.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from contracts.registry import TABLES
from spark_jobs.build.quality import newest_state
from tests.unit.dataframes import cleaned

FOLDER = Path(__file__).parent / "samples"
SDKS = sorted(path.stem for path in FOLDER.glob("*.jsonl"))
BROWSER = "posthog_js"
EVENTS = TABLES["silver.events"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Found = dict[tuple[str, str], Row]  # rows of silver by SDK and event


def sample(sdk: str) -> list[str]:
    """The values of the messages, in the order in which they came."""
    return [json.loads(line)["value"] for line in (FOLDER / f"{sdk}.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> Found:
    """Every sample came twice, as after a repeated request."""
    values = [(sdk, value) for _ in range(2) for sdk in SDKS for value in sample(sdk)]
    given = [{"offset": number, "value": value} for number, (_, value) in enumerate(values)]
    checked = cleaned(spark, "events", *given)
    assert [row["_failed"] for row in checked.select("_failed").collect()] == [[]] * len(given)
    moments = (F.unix_micros(f"{name}_at").alias(f"{name}_micros") for name in ("occurred", "received"))
    rows = newest_state(checked, EVENTS).select("*", *moments).collect()
    assert len(rows) == len(values) // 2
    return {(values[row["_kafka_offset"]][0], row["event_name"]): row for row in rows}


def test_every_kind_of_sdk_was_recorded() -> None:
    assert {name.split("_")[1] for name in SDKS} == {"python", "node", "js"}
    assert {name.split("_")[-1] for name in SDKS} >= {"v1", "async", "gzip"}


@pytest.mark.parametrize("sdk", SDKS)
def test_each_event_is_in_silver_once_as_it_was_said(found: Found, sdk: str) -> None:
    values = sample(sdk)
    assert sum(name == sdk for name, _ in found) == len(values) >= 4
    for envelope in map(json.loads, values):
        row, data = found[sdk, envelope["event"]], json.loads(envelope["data"])
        assert (row["event_id"], row["distinct_id"]) == (envelope["uuid"], envelope["distinct_id"])
        assert row["event_id"] == data["uuid"]
        assert row["occurred_micros"] == micros(envelope["timestamp"])
        assert row["received_micros"] == micros(envelope["now"])
        assert numbers_rounded(row["properties"]) == numbers_rounded(json.dumps(data["properties"]))


def numbers_rounded(text: str) -> object:
    """Engines write a binary fraction with 15 or with 17 digits."""
    return json.loads(text, parse_float=lambda number: round(float(number), 9))


def micros(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def test_a_purchase_in_the_browser_is_typed(found: Found) -> None:
    landed = found[BROWSER, "$pageview"]
    assert (landed["page_host"], landed["page_path"]) == ("shop.example", "/page.html")
    assert (landed["utm_source"], landed["utm_medium"], landed["device"]) == ("news", "email", "desktop")
    added = found[BROWSER, "Product Added"]
    assert (added["product_id"], str(added["value_amount"])) == (7, "9.9900")
    ordered = found[BROWSER, "Order Completed"]
    assert (ordered["order_id"], ordered["customer_id"], ordered["distinct_id"]) == (9, 4711, "4711")
    # Before and after the login it is one visitor: the device stays.
    assert landed["visitor_id"] == ordered["visitor_id"] != ordered["distinct_id"]
    assert not any(row["is_bot"] for row in found.values())


def test_who_is_who_is_read_from_every_sdk(found: Found) -> None:
    """`$identify` of the browser and the aliases of the backends are requests to unite two ids."""
    asked = {
        key: (row["distinct_id"], row["merged_distinct_id"])
        for key, row in found.items()
        if row["merged_distinct_id"]
    }
    landed = found[BROWSER, "$pageview"]
    assert asked.pop((BROWSER, "$identify")) == ("4711", landed["distinct_id"])
    assert asked == {
        (sdk, "$create_alias"): ("anonymous-7", "py-1") if "python" in sdk else ("node-1", "node-other")
        for sdk in SDKS
        if sdk != BROWSER
    }
