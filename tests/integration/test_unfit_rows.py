"""Invalid shop rows in silver: each is rejected by itself, and a table is judged as a whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from contracts.registry import TABLES
from spark_jobs.errors import UserError
from spark_jobs.jobs import build_silver
from spark_jobs.lake.tables import Lake
from spark_jobs.run.record import TableRecord, read_step
from tests.integration.servers import Environment

pytestmark = pytest.mark.stack
PAYMENTS = TABLES["silver.payments"]
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
MOMENT = "2026-03-01 00:00:00.000000"


def write_bronze(hour: int, *given: dict[str, Any]) -> None:
    """Append versions of payments as the snapshot of this hour brought them."""
    at, numbers = FIRST + timedelta(hours=hour), pa.decimal128(20, 0)
    fields = {
        "id": (numbers, 1),
        "order_id": (numbers, 1),
        "method": (pa.string(), "card"),
        "status": (pa.string(), "captured"),
        "amount": (pa.decimal128(12, 2), "1.00"),
        "fee_amount": (pa.decimal128(12, 2), "0.10"),
        "currency": (pa.string(), "EUR"),
        "provider_reference": (pa.string(), None),
        "processed_at": (pa.string(), MOMENT),
        "created_at": (pa.string(), MOMENT),
        "updated_at": (pa.string(), MOMENT),
        "_op": (pa.string(), "upsert"),
        "_ingested_at": (pa.timestamp("us", "UTC"), at),
        "_batch_id": (pa.string(), f"batch {hour}"),
    }
    columns = {}
    for name, (kind, usual) in fields.items():
        values = [row.get(name, usual) for row in given]
        columns[name] = pa.array([Decimal(v) for v in values] if pa.types.is_decimal(kind) else values, kind)
    path = Lake().path(TABLES["shop.payments"])
    feed = {"delta.enableChangeDataFeed": "true"}
    write_deltalake(path, pa.table(columns), mode="append", configuration=feed)


def build(run_id: str, *arguments: str) -> TableRecord:
    assert build_silver.main(["--run-id", run_id, *arguments]) == 0
    return record(run_id)


def record(run_id: str) -> TableRecord:
    step = read_step(Lake(), run_id, "build_silver")
    assert step is not None
    return step.tables["silver.payments"]


def silver() -> dict[int, Decimal]:
    rows = Lake().open(Lake().path(PAYMENTS)).rows().to_table().to_pylist()
    return {row["payment_id"]: row["amount"] for row in rows if not row["is_deleted"]}


def bad(first: int, count: int, hour: int) -> None:
    write_bronze(hour, *({"id": first + number, "amount": "-1.00"} for number in range(count)))


UNFIT = (
    {"amount": "9999999999.99"},
    {"processed_at": "0000-01-01 00:00:00"},
    {"updated_at": "9999-12-31 23:59:59"},
    {"created_at": "2026-02-30 00:00:00"},
    {"currency": "E\0R"},
    {"method": None},
    {"order_id": 2**64 - 1},
)


def test_each_unfit_row_is_in_quarantine_once_and_every_other_row_arrives(environment: Environment) -> None:
    good = [{"id": number} for number in range(1, 301)]
    repaired = {"id": 301, "method": "gift\0card" * 500}
    write_bronze(0, *good, repaired, *({"id": 400 + n, **row} for n, row in enumerate(UNFIT)))
    found = build("first")
    assert (found.read, found.passed, found.quarantined, found.duplicates) == (308, 301, 7, 0)
    assert found.details["warned"] == {"method_cut": 1, "method_repaired": 1}
    assert set(silver()) == set(range(1, 302))
    rows = DeltaTable(Lake().quarantine_path(PAYMENTS)).to_pyarrow_dataset().to_table().to_pylist()
    assert {row["position"]: row["failed_checks"] for row in rows} == {
        "payments/400": ["amount_out_of_range"],
        "payments/401": ["processed_at_out_of_range"],
        "payments/402": ["updated_at_out_of_range"],
        "payments/403": ["created_at_unreadable"],
        "payments/404": ["currency_not_a_code"],
        "payments/405": ["method_required"],
        "payments/406": ["order_id_unreadable"],
    }
    again = build("again", "--rebuild")
    assert (again.read, again.quarantined) == (308, 7)
    assert len(DeltaTable(Lake().quarantine_path(PAYMENTS)).to_pyarrow_dataset().to_table()) == 7
    (file,) = DeltaTable(Lake().path(PAYMENTS)).file_uris()
    written = pq.ParquetFile(file.removeprefix("file://")).schema
    kinds = {column.name: column.physical_type for column in map(written.column, range(len(written)))}
    assert kinds["updated_at"] == kinds["_version_at"] == "INT64"


def test_a_table_is_judged_as_a_whole_and_goes_on_once_its_rows_are_mended(environment: Environment) -> None:
    write_bronze(0, *({"id": number} for number in range(1, 301)))
    build("first")
    bad(1, 40, hour=1)  # 40 of the 60 rows that changed, of 300
    write_bronze(1, *({"id": number, "amount": "2.00"} for number in range(41, 61)))
    found = build("changes")
    assert (found.passed, found.quarantined) == (20, 40)
    assert (silver()[1], silver()[41]) == (Decimal(1), Decimal(2))

    bad(101, 60, hour=2)
    said = r"silver\.payments: 60 of 300 rows were rejected.* for instance payments/101 \(amount -1\.00?\)"
    for run_id in ("refused", "refused again"):
        with pytest.raises(UserError, match=said):
            build_silver.main(["--run-id", run_id])
    assert silver()[101] == Decimal(1)

    write_bronze(3, *({"id": number, "amount": "3.00"} for number in range(101, 131)))
    write_bronze(3, *({"id": number, "_op": "delete"} for number in range(131, 161)))
    found = build("mended")
    assert (found.read, found.quarantined) == (120, 60)
    assert silver()[101] == Decimal(3)
    assert 131 not in silver()
