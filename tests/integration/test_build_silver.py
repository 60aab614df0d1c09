"""Silver from bronze and archive, in a lake of the test's own."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from deltalake import DeltaTable

from contracts.registry import TABLES
from contracts.sources.events import CAPTURED
from spark_jobs.jobs import archive_bronze, build_silver, maintain_lake
from spark_jobs.lib.lake import Lake
from spark_jobs.lib.runs import read_step
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
