"""Hostile events through the gateway and silver: nothing stops, and no figure changes."""

from __future__ import annotations

import json
import logging

import pytest
import structlog
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from contracts.registry import TABLES
from spark_jobs.build.quality import conform, newest_state
from spark_jobs.silver import DERIVE
from tests.gateway.asgi import TOKEN, Captured, Probe
from tests.gateway.test_fuzzing import VALUES
from tests.unit.dataframes import CONTEXT, assert_rows, cleaned
from tests.unit.silver.test_events import message

EVENTS = TABLES["silver.events"]
NUMBERS = ("9" * 1_200, "1e-999999999", "1E400", "-0", "NaN", "Infinity", "1e99", "0.1e-20", "[[1]]", "{}")
TEXTS = (
    '"\\\\u0000"',
    '"\\\\ud83d"',
    '"\\\\udc00x"',
    f'"{"x" * 10_000}"',
    '"\\\\\\\\u0000"',
    '"\\\\u0001"',
    '""',
    "null",
)
MOMENTS = (
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "10000-01-01T00:00:00Z",
    "2026-01-01T00:00:00+25:00",
)
LOADS = ("[" * 1_500 + "]" * 1_500, f'{{"{"n" * 60_000}": 1}}', '{"a": 1, "a": 2}', *NUMBERS, *TEXTS)
CLAIMS = ("product_id", "order_id", "quantity", "total", "result_count", "$user_id", "currency", "cart_id")


def uuid(number: int) -> str:
    return f"01a206f0-dbec-7db3-bfb3-{number:012x}"


def sent(number: int, properties: str, **others: str) -> str:
    """An event in these very characters; values of `others` are JSON."""
    fields = {"uuid": f'"{uuid(number)}"', "event": '"Order Completed"', "distinct_id": '"17"', **others}
    fields["properties"] = properties
    return f"{{{','.join(f'{json.dumps(name)}:{value}' for name, value in fields.items())}}}"


def hostile_events() -> list[str]:
    """A claim, a text, a moment or anything at all that is hostile, one an event."""
    found = [f'{{"load": {load}, "product_id": 7}}' for load in LOADS]
    found += [f'{{"{name}": {value}}}' for name in CLAIMS for value in (*NUMBERS, *TEXTS)]
    found += [
        f'{{"products": {value}, "product_id": 8}}' for value in (*NUMBERS, *TEXTS, '"[oops"', "[[1],null]")
    ]
    found += [json.dumps({"any": VALUES.example(), "products": VALUES.example()}) for _ in range(30)]
    events = [sent(1_000 + number, properties) for number, properties in enumerate(found)]
    events += [sent(5_000 + n, "{}", timestamp=json.dumps(moment)) for n, moment in enumerate(MOMENTS)]
    return events + [sent(6_000 + n, "{}", distinct_id=text) for n, text in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def captured() -> list[Captured]:
    """What the gateway let through of all of them, each in a batch between two good events."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    gateway, events = Probe(), hostile_events()
    good = [sent(n, f'{{"order_id": {n}, "total": "{n}.10"}}') for n in range(2 * len(events))]
    for number, event in enumerate(events):
        batch = ",".join([good[2 * number], event, good[2 * number + 1]])
        answer = gateway.post("/batch", f'{{"api_key":"{TOKEN}","batch":[{batch}]}}'.encode())
        assert answer.status == 200, event[:200]
    assert len(gateway.events()) + len(gateway.dead_letters()) == 3 * len(events)
    return gateway.events()


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_whatever_the_gateway_lets_through_silver_survives(
    spark: SparkSession, captured: list[Captured]
) -> None:
    given = [{"offset": n, "value": each.message.value.decode()} for n, each in enumerate(captured)]
    checked = cleaned(spark, "events", *given).localCheckpoint()
    passed = checked.where(F.size("_failed") == 0)
    rejected = checked.where(F.size("_failed") > 0)
    assert passed.count() + rejected.count() == len(given)
    newest = newest_state(passed, EVENTS).localCheckpoint()
    assert newest.count() == passed.count()
    good = newest.where("value_amount IS NOT NULL AND order_id < 1000").select("order_id", "value_amount")
    assert {str(row[1]) for row in good.collect()} >= {"0.1000", "7.1000"}
    first = min(row["order_id"] for row in good.collect())
    assert (first, good.where("value_amount = order_id + 0.1").count()) == (0, good.count())
    products = DERIVE["event_products"](silver_events=newest.select(*EVENTS.column_names), context=CONTEXT)
    assert conform(products, TABLES["silver.event_products"]).where("product_id = 7").count() > 0


def test_a_claim_that_cannot_be_read_is_unknown_and_counted_never_replaced(spark: SparkSession) -> None:
    given = [
        {"total": "1,422.73", "price": "12.00"},
        {"total": "€1077.43", "price": "12.00"},
        {"total": "cheap", "price": "12.00", "$user_id": "me", "product_id": "lamp", "quantity": 1.5},
        {"total": "1,422", "price": "12.00", "currency": "euro", "result_count": "many"},
        {"total": None, "value": "", "price": 12, "product_id": 7.0, "order_id": 1e1, "$user_id": "17.0"},
        {"total": 1.422, "order_id": "ORD-7", "quantity": "7", "currency": "eur"},
    ]
    df = cleaned(spark, "events", *({"offset": n, "value": message(said)} for n, said in enumerate(given)))
    names = ("_kafka_offset", "value_amount", "order_id", "order_reference", "customer_id", "_warned")
    assert_rows(
        df,
        *(
            dict(zip(names, row, strict=True))
            for row in (
                (0, "1422.73", None, None, None, []),
                (1, "1077.43", None, None, None, []),
                (2, None, None, None, None, [f"{n}_unreadable" for n in UNREAD_OF_THIRD]),
                (3, None, None, None, None, [f"{n}_unreadable" for n in UNREAD_OF_FOURTH]),
                (4, "12", 10, "10", 17, []),
                (5, "1.422", None, "ORD-7", None, []),
            )
        ),
    )


UNREAD_OF_THIRD = ("customer_id", "product_id", "quantity", "value_amount")
UNREAD_OF_FOURTH = ("search_result_count", "value_amount", "currency")


def test_a_time_that_cannot_be_an_events_is_that_of_its_receipt(spark: SparkSession) -> None:
    stated = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "1999-12-31T23:59:59Z"]
    given = [{"offset": n, "value": message(timestamp=each)} for n, each in enumerate(stated)]
    warned = [["occurred_at_unreadable"], ["occurred_at_unreadable"], [], ["occurred_at_unreadable"]]
    assert_rows(
        cleaned(spark, "events", *given).select("_kafka_offset", "occurred_at", "_warned"),
        *(
            {"_kafka_offset": n, "occurred_at": "2026-03-01 10:00:05", "_warned": names}
            for n, names in enumerate(warned)
        ),
    )


def test_what_stops_a_parser_is_rejected_under_its_own_name(spark: SparkSession) -> None:
    long_name, deep = f'{{"{"n" * 60_000}": 1}}', "[" * 1_500 + "]" * 1_500
    given = [
        {"value": message(data=f'{{"event": "e", "properties": {long_name}}}')},
        {"value": message(data=f'{{"event": "e", "properties": {{"load": {deep}}}}}')},
        {"value": deep},
        {"value": "AAAA", "value_encoding": "base64"},
        {"value": message(data='{"event": "e", "properties": {"load": NaN, "product_id": 7}}')},
        {"value": message(data='{"event": "e", "properties": {"load": 1E400, "product_id": 7}}')},
        {"value": message(data='{"event": "e"} {"event": "f"}')},
    ]
    reasons = ["data_exceeds_json_limits"] * 2 + ["value_exceeds_json_limits", "value_is_not_utf8"]
    wanted = [*((reason, None) for reason in reasons), (None, 7), (None, 7), ("data_is_not_json", None)]
    assert_rows(
        cleaned(spark, "events", *({**each, "offset": n} for n, each in enumerate(given))),
        *(
            {"_kafka_offset": n, "_failed": [reason] if reason else [], "product_id": product}
            for n, (reason, product) in enumerate(wanted)
        ),
    )


def test_ids_that_are_too_long_stay_different(spark: SparkSession) -> None:
    ids = ["c" * 200 + end for end in ("", "a", "b")]
    given = [{"offset": n, "value": message({"cart_id": cart}, uuid=cart)} for n, cart in enumerate(ids)]
    found = cleaned(spark, "events", *given).select("event_id", "cart_id", "_failed").collect()
    assert len({row["event_id"] for row in found}) == len({row["cart_id"] for row in found}) == 3
    assert {(len(row["event_id"]), len(row["cart_id"]), *row["_failed"]) for row in found} == {(200, 200)}
