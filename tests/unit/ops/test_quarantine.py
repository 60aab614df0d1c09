"""`shoplake quarantine`: reasons, newest rows and their positions, whatever a raw row contains."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from rich.console import Console
from typer.testing import CliRunner

from contracts.registry import table
from deploy.errors import DeployError
from ops import installation, lake_report, quarantine, status
from ops.quarantine_rows import Reason, find_tables, newest_rows, reasons_of
from spark_jobs.lake.tables import Lake
from spark_jobs.run.record import Step, TableRecord

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MOMENT = pa.timestamp("us", tz="UTC")
ORDERS, EVENTS = table("silver.orders"), table("silver.events")
SCHEMA = pa.schema(
    {
        "row_id": pa.string(),
        "failed_checks": pa.list_(pa.string()),
        "raw": pa.string(),
        "batch_id": pa.string(),
        "position": pa.string(),
        "ingested_at": MOMENT,
        "quarantined_at": MOMENT,
        "run_id": pa.string(),
    }
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path))


def set_aside(lake: Lake, of: Any, *rows: dict[str, Any]) -> None:
    default = {"batch_id": "b1", "run_id": "r1", "ingested_at": NOON, "quarantined_at": NOON, "raw": "{}"}
    complete = [default | {"row_id": f"{of.name}{at}{row}"} | row for at, row in enumerate(rows)]
    columns = [pa.array([row.get(field.name) for row in complete], field.type) for field in SCHEMA]
    write_deltalake(lake.quarantine_path(of), pa.table(columns, schema=SCHEMA), mode="append")


def shown(show: Any, *arguments: Any, width: int = 120) -> str:
    screen = io.StringIO()
    show(*arguments, Console(file=screen, width=width))
    return screen.getvalue()


def test_reasons_are_counted_per_table_with_the_newest(lake: Lake) -> None:
    later = NOON + timedelta(minutes=5)
    set_aside(lake, ORDERS, {"failed_checks": ["currency_required"]})
    set_aside(lake, ORDERS, {"failed_checks": ["currency_required", "late"], "quarantined_at": later})
    set_aside(lake, EVENTS, {"failed_checks": ["data_is_not_json"]})
    reasons = reasons_of(lake, find_tables(None))
    assert sorted(reasons, key=lambda each: each.table) == [
        Reason("events", "data_is_not_json", 1, NOON),
        Reason("orders", "currency_required", 2, later),
        Reason("orders", "late", 1, later),
    ]
    text = shown(quarantine.show_reasons, reasons, {"orders": 2, "events": 1, "refunds": 0})
    assert "orders  currency_required     2  2026-03-01 12:05:00 UTC" in text
    assert "orders: 2 rows. ./shoplake quarantine show orders" in text and "refunds" not in text


def test_the_newest_rows_come_first_with_their_position(lake: Lake) -> None:
    order = {"raw": '{"id": 17, "currency": null}', "failed_checks": ["currency_required"]}
    set_aside(lake, ORDERS, order, {"failed_checks": ["x"], "quarantined_at": NOON - timedelta(days=1)})
    set_aside(
        lake,
        EVENTS,
        {"failed_checks": ["x", "y"], "position": "events/0/42", "quarantined_at": NOON + timedelta(hours=1)},
    )
    rows = newest_rows(lake, find_tables(None), 2)
    assert [(row.table, row.position) for row in rows] == [
        ("events", "events/0/42"),
        ("orders", "shop.orders id=17"),
    ]
    assert [row.position for row in newest_rows(lake, find_tables("orders"), 9, "x")] == ["shop.orders"]
    assert newest_rows(lake, find_tables("silver.orders"), 9, "nothing") == []


def test_a_table_that_was_never_written_holds_nothing(lake: Lake) -> None:
    assert reasons_of(lake, find_tables(None)) == []
    assert newest_rows(lake, find_tables("refunds"), 5) == []
    assert (
        shown(quarantine.show_rows, [], 0)
        == shown(quarantine.show_reasons, [], {})
        == ("Nothing is in quarantine.\n")
    )
    facts = lake_report.quarantine_facts(lake, [])
    assert shown(status.show_quarantine, facts, NOON) == "Nothing is in quarantine.\n"


def test_an_unknown_table_gets_the_nearest_name() -> None:
    with pytest.raises(DeployError, match=r"'ordrs'; did you mean orders\? Next: ./shoplake quarantine list"):
        find_tables("ordrs")


@pytest.mark.parametrize(
    "raw",
    [
        '{"name": "a\\u001b[2Jb\\u0000\\u202e\\u009b\\r"}',
        "a\x1b[2J\x00\u202e\x9b\r\n\u2028 no JSON",
        '{"a": ' * 5000,
        "[" * 100_000 + "]" * 100_000,
        '{"\x1b[2J": "\\ud800"}',
        "NaN",
        "",
        "[bold]no markup[/bold]",
    ],
)
def test_no_raw_row_writes_to_the_terminal_but_text(lake: Lake, raw: str) -> None:
    set_aside(lake, ORDERS, {"failed_checks": ["x\x1b[2J"], "raw": raw, "batch_id": "b\x07"})
    rows = newest_rows(lake, [ORDERS], 1)
    assert rows[0].raw == raw
    text = shown(quarantine.show_rows, rows, 1, width=40)
    assert all(each.isprintable() or each == "\n" for each in text)
    assert max(map(len, text.splitlines())) <= 40
    assert len(text) < 10_000


def test_bytes_that_are_no_text_are_shown_as_such(lake: Lake) -> None:
    latin = pa.array([b"caf\xe9"], pa.binary()).view(pa.string())
    set_aside(lake, ORDERS, {"failed_checks": ["x"]})
    (file,) = Path(lake.quarantine_path(ORDERS)).glob("*.parquet")
    rows = pq.read_table(file)
    position = rows.schema.get_field_index("raw")
    pq.write_table(rows.set_column(position, "raw", latin), file)
    (row,) = newest_rows(lake, [ORDERS], 1)
    assert row.raw == "caf\\xe9"


def test_a_raw_row_of_megabytes_is_cut_with_a_note(lake: Lake) -> None:
    long = "x" * 17_000_000
    set_aside(lake, ORDERS, {"failed_checks": ["x"], "raw": json.dumps({"id": 1, "note": long, "last": 2})})
    rows = newest_rows(lake, [ORDERS], 1)
    assert len(rows[0].raw) > 17_000_000
    text = shown(quarantine.show_rows, rows, 1)
    assert "… (16,999,700 more characters)" in text and '"last": 2' in text
    assert len(text) < 2000
    assert list(quarantine.raw_lines(long))[-1] == "… 16,996,000 more characters; --json prints all."


def test_json_has_rows_in_full_and_ascii_only(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = json.dumps({"id": 1, "note": "é\x1b" + "x" * 9000}, ensure_ascii=False)
    set_aside(lake, ORDERS, {"failed_checks": ["x"], "raw": raw})
    monkeypatch.setattr(installation, "settings", lambda: None)
    monkeypatch.setattr(installation, "lake", lambda _: lake)
    done = CliRunner().invoke(quarantine.app, ["show", "orders", "--json"])
    assert done.stdout.isascii() and "\x1b" not in done.stdout
    (row,) = json.loads(done.stdout)
    assert (row["raw"], row["failed_checks"], row["position"]) == (raw, ["x"], "shop.orders id=1")
    done = CliRunner().invoke(quarantine.app, ["list", "--json"])
    assert json.loads(done.stdout) == [
        {"table": "orders", "reason": "x", "rows": 1, "newest_at": "2026-03-01 12:00:00+00:00"}
    ]
    unknown = CliRunner().invoke(quarantine.app, ["show", "--reason", "y"])
    assert isinstance(unknown.exception, DeployError)
    assert "failed 'y'; there is x. Next" in str(unknown.exception)


def test_status_says_how_much_is_in_quarantine(lake: Lake) -> None:
    set_aside(lake, ORDERS, {"failed_checks": ["x"]}, {"failed_checks": ["y"]})
    set_aside(lake, EVENTS, {"failed_checks": ["x"], "quarantined_at": NOON - timedelta(days=1)})
    built = Step("1", "build_silver", {"silver.orders": TableRecord(read=2, quarantined=2)})
    gate = Step("1", "gate", {"silver.orders": TableRecord(read=2, quarantined=2)})
    facts = lake_report.quarantine_facts(lake, [built, gate])
    text = shown(status.show_quarantine, facts, NOON + timedelta(minutes=3))
    assert text == (
        "In quarantine: 3 rows, newest 2026-03-01 12:00 UTC, 3 min ago; 2 in the last run."
        " Next: ./shoplake quarantine list\n"
    )
