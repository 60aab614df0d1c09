"""Silver from bronze and archive, in the test's own lake."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from deltalake import DeltaTable

from contracts.registry import TABLES
from contracts.sources.events import CAPTURED
from spark_jobs.jobs import archive_bronze, build_silver, maintain_lake
from spark_jobs.lake.tables import Lake
from spark_jobs.run.record import read_step
from tests.integration.bronze import write_bronze
from tests.integration.servers import Environment

pytestmark = pytest.mark.stack
EVENTS = TABLES["silver.events"]


def message(uuid: str) -> str:
    sent = {"uuid": uuid, "event": "Product Viewed", "properties": {"product_id": "7"}}
    envelope = {"distinct_id": "d", "now": "2025-03-01T10:00:05Z", "timestamp": "2025-03-01T10:00:00Z"}
    return json.dumps({**envelope, "uuid": uuid, "event": "Product Viewed", "data": json.dumps(sent)})


def silver() -> list[dict[str, object]]:
    rows = DeltaTable(Lake().path(EVENTS)).to_pyarrow_dataset().to_table().to_pylist()
    return sorted(rows, key=lambda row: str(row["event_id"]))


def note_of(run_id: str) -> str:
    step = read_step(Lake(), run_id, "build_silver")
    assert step is not None
    return step.tables["silver.events"].note


def test_a_rebuild_brings_back_what_only_the_archive_has(environment: Environment) -> None:
    write_bronze(
        0, [message("a"), message("b"), message("a"), "not JSON"], 0, datetime(2025, 3, 1, tzinfo=UTC)
    )
    write_bronze(0, [message("c")], 4, datetime(2025, 3, 2, tzinfo=UTC))
    assert build_silver.main(["--run-id", "first"]) == 0
    assert [row["event_id"] for row in silver()] == ["a", "b", "c"]
    assert archive_bronze.main(["--run-id", "archive", "--older-than", "0"]) == 0
    assert maintain_lake.main(["--run-id", "maintain"]) == 0
    assert DeltaTable(Lake().path(CAPTURED)).count() == 1
    assert build_silver.main(["--run-id", "second"]) == 0
    assert note_of("second") == "unchanged"
    write_bronze(0, [message("a"), message("d")], 5, datetime(2025, 3, 3, tzinfo=UTC))
    assert build_silver.main(["--run-id", "third"]) == 0
    assert note_of("third") == ""
    before = silver()
    assert [row["event_id"] for row in before] == ["a", "b", "c", "d"]
    assert build_silver.main(["--run-id", "fourth", "--rebuild"]) == 0
    assert silver() == before
    rebuilt = read_step(Lake(), "fourth", "build_silver")
    assert rebuilt is not None
    record = rebuilt.tables["silver.events"]
    assert (record.read, record.passed, record.quarantined, record.duplicates) == (7, 4, 1, 2)
    assert DeltaTable(Lake().quarantine_path(EVENTS)).count() == 1


def test_of_one_event_the_same_copy_is_kept_however_it_arrives(environment: Environment) -> None:
    """Ours before a PostHog's, then the first; a partition's number says nothing."""

    def copies() -> list[tuple[object, ...]]:
        return [(row["event_id"], row["_kafka_topic"], row["_kafka_partition"]) for row in silver()]

    write_bronze(1, [message("a")], 0, datetime(2025, 3, 1, tzinfo=UTC))
    write_bronze(0, [message("b"), message("c")], 0, datetime(2025, 3, 1, tzinfo=UTC), "posthog:events")
    assert build_silver.main(["--run-id", "first"]) == 0
    assert copies() == [("a", "events", 1), ("b", "posthog:events", 0), ("c", "posthog:events", 0)]
    write_bronze(0, [message("a"), message("b")], 0, datetime(2025, 3, 2, tzinfo=UTC))
    write_bronze(0, [message("a"), message("c")], 2, datetime(2025, 3, 2, tzinfo=UTC), "posthog:events")
    assert build_silver.main(["--run-id", "second"]) == 0
    before = silver()
    assert copies() == [("a", "events", 1), ("b", "events", 0), ("c", "posthog:events", 0)]
    assert build_silver.main(["--run-id", "third", "--rebuild"]) == 0
    assert silver() == before


def test_a_login_that_comes_late_re_keys_the_visits_before_it(environment: Environment) -> None:
    def visit(uuid: str, distinct_id: str, hour: int, **properties: str) -> str:
        name = "$identify" if properties else "$pageview"
        own = {"$device_id": "phone", **properties}
        sent = {"uuid": uuid, "event": name, "properties": own}
        envelope = {"distinct_id": distinct_id, "timestamp": f"2025-03-01T{hour}:00:00Z"}
        return json.dumps({**envelope, "uuid": uuid, "event": name, "data": json.dumps(sent)})

    def customers() -> list[tuple[object, ...]]:
        rows = DeltaTable(Lake().path(TABLES["silver.sessions"])).to_pyarrow_dataset().to_table().to_pylist()
        return sorted((row["started_at"].hour, row["customer_id"]) for row in rows)

    write_bronze(0, [visit("a", "phone", 10), visit("b", "phone", 14)], 0, datetime(2025, 3, 2, tzinfo=UTC))
    assert build_silver.main(["--run-id", "first"]) == 0
    assert customers() == [(10, None), (14, None)]
    late = [
        visit("c", "17", 12, **{"$anon_distinct_id": "phone"}),
        visit("d", "18", 16, **{"$anon_distinct_id": "phone"}),
    ]
    write_bronze(0, late, 2, datetime(2025, 3, 3, tzinfo=UTC))
    assert build_silver.main(["--run-id", "second"]) == 0
    assert customers() == [(10, 17), (12, 17), (14, 17), (16, 18)]
    step = read_step(Lake(), "second", "build_silver")
    assert step is not None
    assert step.tables["silver.identity_merges"].details == {"warned": {"merge_is_not_refused": 1}}
