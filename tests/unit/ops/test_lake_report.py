"""Facts that `status` and `doctor` read from the lake."""

import io
import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from rich.console import Console

from contracts.registry import table
from ops import doctor, lake_report, status
from ops.lake_report import TableFacts
from spark_jobs.lake.tables import Lake

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path))


def write_orders(lake, *placed):
    path = lake.path(table("silver.orders"))
    column = pa.array(placed, pa.timestamp("us", tz="UTC"))
    write_deltalake(path, pa.table({"order_id": range(len(placed)), "placed_at": column}), mode="append")


def write_step(lake, run_id, name, started_at, **changes):
    step = {
        "run_id": run_id,
        "name": name,
        "tables": {"silver.orders": {"read": 1200, "passed": 1190, "quarantined": 10, "written": 1190}},
        "details": {},
        "started_at": started_at.isoformat(),
        "state": "success",
        "seconds": 2.5,
    }
    lake.storage.write(f"runs/{run_id}/{name}.json", json.dumps(step | changes).encode())


def shown(show, *arguments):
    screen = io.StringIO()
    show(*arguments, Console(file=screen, width=120))
    return screen.getvalue()


def test_an_empty_lake_has_no_facts(lake):
    assert lake_report.facts(lake) == []
    assert lake_report.last_run(lake) == []
    assert lake_report.newest_order_placed_at(lake) is None


def test_a_table_is_counted_from_its_log(lake):
    write_orders(lake, NOON)
    write_orders(lake, NOON + timedelta(hours=1), NOON - timedelta(hours=3))
    (fact,) = lake_report.facts(lake)
    assert (fact.layer, fact.name, fact.rows) == ("silver", "silver_orders", 3)
    assert fact.size_bytes > 0
    assert lake_report.newest_order_placed_at(lake) == NOON + timedelta(hours=1)


def test_the_last_run_is_the_one_whose_step_began_last(lake):
    write_step(lake, "manual__1", "ingest_mysql", NOON)
    write_step(lake, "scheduled__2", "build_silver", NOON + timedelta(minutes=9))
    write_step(lake, "scheduled__2", "ingest_mysql", NOON + timedelta(minutes=8))
    assert [step.name for step in lake_report.last_run(lake)] == ["ingest_mysql", "build_silver"]


def test_a_run_is_shown_with_a_line_per_step(lake):
    write_step(lake, "manual__1", "build_silver", NOON, state="failed")
    text = shown(status.show_run, lake_report.last_run(lake))
    assert "Last run: manual__1" in text
    assert text.splitlines()[-1].split() == ["build_silver", "failed", "2.5", "1,200", "10", "1,190"]
    assert "Next: ./shoplake run" in shown(status.show_run, [])


def test_layers_are_summed_up():
    facts = [
        TableFacts("bronze", "shop.orders", 3, 2**20, NOON),
        TableFacts("silver", "orders", 2, 2**20, NOON),
        TableFacts("silver", "products", 5, 2**20, NOON + timedelta(minutes=4)),
    ]
    text = shown(lambda rows, console: console.print(status.layers_table(rows)), facts)
    assert [line.split() for line in text.splitlines()[1:]] == [
        ["bronze", "1", "3", "1.0", "MiB"],
        ["silver", "2", "7", "2.0", "MiB"],
    ]
    freshness = shown(status.show_freshness, facts, NOON, NOON + timedelta(minutes=5))
    assert [" ".join(line.split()) for line in freshness.splitlines()] == [
        "bronze written 2026-03-01 12:00 UTC, 5 min ago",
        "silver written 2026-03-01 12:04 UTC, 1 min ago",
        "newest order placed 2026-03-01 12:00 UTC, 5 min ago",
    ]


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(minutes=119), "119 min ago"),
        (timedelta(hours=2), "2 h ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(minutes=-5), "0 min ago"),
    ],
)
def test_an_age_is_said_in_the_unit_that_fits(passed, words):
    assert status.age(NOON, NOON + passed).endswith(f", {words}")


def test_the_doctor_sees_a_missing_an_old_and_a_failed_run(lake):
    now = NOON + doctor.STALE_AFTER
    assert not doctor.check_run([], now).is_good
    write_step(lake, "manual__1", "ingest_mysql", NOON)
    assert doctor.check_run(lake_report.last_run(lake), now).is_good
    assert not doctor.check_run(lake_report.last_run(lake), now + timedelta(minutes=1)).is_good
    write_step(lake, "manual__1", "build_gold", NOON + timedelta(minutes=1), state="failed")
    assert doctor.check_run(lake_report.last_run(lake), now).found == "manual__1 failed in build_gold"
