"""One person behind many ids."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts.registry import TABLES
from spark_jobs.build.quality import conform, warnings
from spark_jobs.columns.connected_components import components
from spark_jobs.columns.identity import is_illegal_id, person_uuid
from spark_jobs.silver import DERIVE, identity_merges
from tests.unit.dataframes import CONTEXT, assert_rows, cleaned, rows
from tests.unit.silver.test_events import message

EVENTS, MERGES, MAP, STATED = (
    TABLES[f"silver.{name}"] for name in ("events", "identity_merges", "identity_map", "person_distinct_ids")
)


def login(number: int, into: str, other: str, method: str = "$identify", **more: Any) -> dict[str, Any]:
    moment = f"2026-03-01 {10 + number // 60:02}:{number % 60:02}:00"
    asked = {"event_name": method, "distinct_id": into, "merged_distinct_id": other}
    return {"event_id": f"e{number:04}", "occurred_at": moment, **asked, **more}


def merges(spark: SparkSession, *events: dict[str, Any], stated: Sequence[dict[str, Any]] = ()) -> DataFrame:
    given = {
        "silver_events": rows(spark, EVENTS, *events),
        "silver_person_distinct_ids": rows(spark, STATED, *stated),
    }
    return conform(DERIVE["identity_merges"](**given, context=CONTEXT), MERGES)


def identity_map(spark: SparkSession, *events: dict[str, Any]) -> DataFrame:
    given = rows(spark, EVENTS, *events)
    made = merges(spark, *events)
    found = DERIVE["identity_map"](silver_events=given, silver_identity_merges=made, context=CONTEXT)
    return conform(found, MAP)


def person(distinct_id: str) -> str:
    return str(uuid.uuid5(uuid.UUID("932979b4-65c3-4424-8467-0b66ec27bc22"), f"1:{distinct_id}"))


def test_a_person_has_posthogs_own_id(spark: SparkSession) -> None:
    ids = ["user_42", "é", "17", ""]
    df = spark.createDataFrame([(each,) for each in ids], "distinct_id string")
    assert [row[0] for row in df.select(person_uuid("distinct_id")).collect()] == [person(i) for i in ids]
    assert person("user_42") == "4fd06699-5333-5053-90af-a7cc53875043"


def test_ids_that_name_nobody(spark: SparkSession) -> None:
    illegal = ["", " ", "Anonymous", "GUEST", "'guest'", '"undefined"', "[object Object]", "NaN", "null", "0"]
    legal = ["17", "nan", "NULL", "anonymous-1", "guest@example.com", "00"]
    df = spark.createDataFrame([(each,) for each in (*illegal, "$posthog_cookieless", *legal)], "i string")
    assert [row["i"] for row in df.where(~is_illegal_id("i")).collect()] == legal


def test_merge_requests_are_read_from_events(spark: SparkSession) -> None:
    said = [
        ("$identify", {"$anon_distinct_id": " dev ", "alias": "no"}, "dev"),
        ("$identify", {}, None),
        ("$create_alias", {"alias": "old"}, "old"),
        ("$merge_dangerously", {"alias": 17}, "17"),
        ("Product Viewed", {"alias": "no", "$anon_distinct_id": "no"}, None),
    ]
    events = (
        {"offset": n, "value": message(properties, event=name)}
        for n, (name, properties, _) in enumerate(said)
    )
    assert_rows(
        cleaned(spark, "events", *events),
        *({"_kafka_offset": n, "merged_distinct_id": other} for n, (_, _, other) in enumerate(said)),
    )


def test_senders_without_cookies_are_told_apart_for_one_day(spark: SparkSession) -> None:
    def sent(number: int, ip: str | None, day: str = "01", agent: str = "Firefox") -> dict[str, Any]:
        envelope = {"distinct_id": "$posthog_cookieless", "ip": ip, "uuid": f"u{number}"}
        moment = f"2026-03-{day}T10:00:00Z"
        return {"offset": number, "value": message({"$raw_user_agent": agent}, timestamp=moment, **envelope)}

    df = cleaned(
        spark,
        "events",
        *(
            sent(0, "203.0.113.1"),
            sent(1, "203.0.113.1"),
            sent(2, "203.0.113.2"),
            sent(3, "203.0.113.1", "02"),
        ),
        *(sent(4, "203.0.113.1", agent="Safari"), sent(5, None), sent(6, None)),
    )
    found = [row["visitor_id"] for row in df.orderBy("_kafka_offset").collect()]
    assert found[0] == found[1]
    assert len(set(found)) == 6
    assert all(each.startswith("cookieless_") and "203.0" not in each for each in found)


def test_events_before_a_login_belong_to_who_logged_in_later(spark: SparkSession) -> None:
    df = identity_map(
        spark,
        {"event_id": "a", "distinct_id": "phone", "occurred_at": "2026-02-01 10:00:00"},
        {"event_id": "b", "distinct_id": "stranger", "occurred_at": "2026-02-02 10:00:00"},
        login(0, "17", "phone"),
        login(5, "17", "laptop"),
    )
    columns = ("distinct_id", "person_id", "customer_id", "is_identified", "linked_at", "first_seen_at")
    early, late = "2026-03-01 10:00:00", "2026-03-01 10:05:00"
    assert_rows(
        df,
        *(
            dict(zip(columns, row, strict=True))
            for row in (
                ("phone", person("17"), 17, True, early, "2026-02-01 10:00:00"),
                ("17", person("17"), 17, True, early, early),
                ("laptop", person("17"), 17, True, late, None),
                ("stranger", person("stranger"), None, False, None, "2026-02-02 10:00:00"),
            )
        ),
    )


def test_a_merge_that_comes_late_gives_old_events_their_person(spark: SparkSession) -> None:
    before = [login(10, "18", "tablet"), {"event_id": "x", "distinct_id": "tablet"}]
    names = ("distinct_id", "person_id", "customer_id")
    assert_rows(
        identity_map(spark, *before),
        *(dict(zip(names, (each, person("18"), 18), strict=True)) for each in ("18", "tablet")),
    )
    assert_rows(
        identity_map(spark, *before, login(1, "17", "tablet")),
        *(
            dict(zip(names, row, strict=True))
            for row in (("18", person("18"), 18), ("17", person("17"), 17), ("tablet", person("17"), 17))
        ),
    )


def test_a_refused_merge_is_kept_with_its_reason_and_counted(spark: SparkSession) -> None:
    df = merges(
        spark,
        login(0, "17", "tablet"),
        login(1, "18", "tablet"),
        login(2, "19", "anonymous"),
        login(3, "20", "20"),
        login(4, "19", "$posthog_cookieless"),
    )
    columns = ("event_id", "outcome", "is_refused", "person_id", "other_person_id")
    assert_rows(
        df,
        *(
            dict(zip(columns, row, strict=True))
            for row in (
                ("e0000", "created", False, person("17"), person("17")),
                ("e0001", "refused_two_customers", True, person("18"), person("17")),
                ("e0002", "refused_illegal_id", True, person("19"), person("anonymous")),
                ("e0004", "refused_illegal_id", True, person("19"), person("$posthog_cookieless")),
            )
        ),
    )
    assert warnings(df, MERGES) == {"merge_is_not_refused": 3}


def test_the_workers_replay_as_the_driver_does(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = random.Random(5)
    ids = [*map(str, range(1, 40)), *(f"device-{n}" for n in range(160)), "anonymous"]
    methods = ["$identify", "$identify", "$create_alias", "$merge_dangerously"]
    events = [
        login(n, *drawn.sample(ids, 2), drawn.choice(methods), occurred_at=f"2026-03-01 10:00:{n % 60:02}")
        for n in range(220)
    ]
    on_driver = merges(spark, *events).collect()
    monkeypatch.setattr(identity_merges, "MOST_ON_DRIVER", 0)
    on_workers = merges(spark, *events).collect()
    assert sorted(on_workers) == sorted(on_driver)
    assert len({row["outcome"] for row in on_driver}) == 7


def test_components_of_a_long_chain_a_star_and_a_pair(spark: SparkSession) -> None:
    chain = [(n, n + 1) for n in range(100, 125)]
    random.Random(1).shuffle(chain)
    edges = [*chain, *((500, n) for n in range(501, 505)), (7, 3), (3, 7)]
    found = components(spark.createDataFrame(edges, "a bigint, b bigint")).collect()
    wanted = [(n, 100) for n in range(100, 126)] + [(n, 500) for n in range(500, 505)] + [(3, 3), (7, 3)]
    assert sorted(map(tuple, found)) == sorted(wanted)


def test_a_visit_belongs_to_who_logged_in_on_it_and_else_to_whose_device_it_is(spark: SparkSession) -> None:
    def event(name: str, visitor: str, minute: int, distinct_id: str, **more: Any) -> dict[str, Any]:
        moment = f"2026-03-02 10:{minute:02}:00"
        who = {"visitor_id": visitor, "distinct_id": distinct_id}
        return {"event_id": name, "occurred_at": moment, **who, **more}

    events = [
        login(0, "17", "phone", visitor_id="other", customer_id=17),
        event("a", "phone", 0, "phone"),  # the next day, logged out
        event("b", "phone2", 0, "phone"),  # a friend logs in on it, and out again
        event("c", "phone2", 1, "18", customer_id=18),
        event("d", "phone2", 2, "phone"),
        event("e", "server", 0, "job-1", customer_id=17),  # a server names the customer beside its own id
        event("f", "unknown", 0, "device-x"),
    ]
    given, made = rows(spark, EVENTS, *events), merges(spark, *events)
    df = DERIVE["sessions"](silver_events=given, silver_identity_merges=made, context=CONTEXT)
    names = ("visitor_id", "person_id", "customer_id")
    assert_rows(
        df.where(F.col("visitor_id") != "other"),
        *(
            dict(zip(names, row, strict=True))
            for row in (
                ("phone", person("17"), 17),
                ("phone2", person("18"), 18),
                ("server", person("17"), 17),
                ("unknown", person("device-x"), None),
            )
        ),
    )


def stated(distinct_id: str, person_id: str, version: int = 0, **more: Any) -> dict[str, Any]:
    """PostHog says whose an id is."""
    said = {"team_id": 1, "distinct_id": distinct_id, "posthog_person_id": person_id, "version": version}
    return {"stated_at": "2026-03-05 10:00:00", "is_withdrawn": False, **said, **more}


def persons_of(df: DataFrame) -> set[frozenset[str]]:
    """The ids of each person, of those that a request names."""
    ids: dict[str, set[str]] = {}
    for row in df.collect():
        ids.setdefault(row["person_id"], set()).add(row["distinct_id"])
        ids.setdefault(row["other_person_id"], set()).add(row["other_distinct_id"])
    return {frozenset(each) for each in ids.values()}


def test_a_merge_that_only_posthog_knows_unites_ids(spark: SparkSession) -> None:
    own = person("phone")
    df = merges(
        spark,
        {
            "event_id": "a",
            "distinct_id": "phone",
        },  # PostHog derived a person's id from it
        stated=[stated("laptop", own, 1), stated("17", own, 1), stated("alone", person("alone"))],
    )
    columns = ("event_id", "method", "distinct_id", "other_distinct_id", "outcome", "person_id")
    assert_rows(
        df.withColumn("requested_at", F.col("requested_at").cast("string")),
        *(
            dict(zip((*columns, "requested_at"), (*row, "2026-03-05 10:00:00"), strict=True))
            for row in (
                ("person_distinct_id:1:17", "posthog_person", "phone", "17", "created", own),
                ("person_distinct_id:1:laptop", "posthog_person", "phone", "laptop", "attached", own),
            )
        ),
    )


def test_the_newest_statement_about_an_id_holds_and_a_withdrawn_one_unites_nobody(
    spark: SparkSession,
) -> None:
    old, new = person("old"), person("new")
    said = [
        stated("new", new),
        stated("moved", old),
        stated("moved", new, 1),  # its person was merged into another
        stated("old", old),
        stated("left", new),
        stated("left", person("left"), 101),  # split off
        stated("deleted", new, 1),
        stated("deleted", new, 101, is_withdrawn=True),
        stated("back", new, 1),
        stated("back", new, 101, is_withdrawn=True),
        stated("back", new, 102),
    ]
    assert persons_of(merges(spark, stated=said)) == {frozenset({"new", "moved", "back"})}


def test_statements_in_any_order_and_again_give_the_same_persons(spark: SparkSession) -> None:
    drawn = random.Random(7)
    ids = [*map(str, range(1, 6)), *(f"device-{n}" for n in range(20)), "anonymous"]
    events = [login(n, *drawn.sample(ids, 2)) for n in range(15)]
    said = [
        stated(
            each,
            person(drawn.choice(ids)),
            version,
            is_withdrawn=drawn.random() < 0.2,
            stated_at=f"2026-03-05 10:00:{version:02}",
        )
        for each in ids
        for version in range(drawn.randint(0, 3))
    ]
    said += [stated(each, person("device-0"), 9) for each in ("anonymous", "device-1")]
    first = merges(spark, *events, stated=said).collect()
    drawn.shuffle(events)
    drawn.shuffle(said)
    again = merges(spark, *events, stated=[*said, *said[::2]]).collect()
    assert sorted(map(tuple, again)) == sorted(map(tuple, first))
    of_posthog = {row["outcome"] for row in first if row["method"] == "posthog_person"}
    assert {"refused_two_customers", "refused_illegal_id", "attached"} <= of_posthog
    for ids_of_person in persons_of(merges(spark, *events, stated=said)):
        assert len([each for each in ids_of_person if each.isdigit()]) <= 1


def test_workers_replay_what_posthog_states_as_the_driver_does(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [login(n, str(n % 7 + 1), f"device-{n % 11}") for n in range(30)]
    said = [stated(f"device-{n}", person(f"device-{n % 3}"), n % 2) for n in range(11)]
    on_driver = merges(spark, *events, stated=said).collect()
    monkeypatch.setattr(identity_merges, "MOST_ON_DRIVER", 0)
    assert sorted(merges(spark, *events, stated=said).collect()) == sorted(on_driver)
