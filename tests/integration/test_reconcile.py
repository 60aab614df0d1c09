"""Bronze against silver in the test's own lake: only quarantine explains a difference."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from deltalake import CommitProperties, Transaction, write_deltalake

from contracts.silver.events import EVENTS
from contracts.silver.payments import PAYMENTS
from contracts.sources import shop
from contracts.sources.events import CAPTURED
from spark_jobs.errors import UserError
from spark_jobs.lake.tables import Lake
from spark_jobs.reconcile.comparison import Comparison
from spark_jobs.reconcile.events import compare_events
from spark_jobs.reconcile.shop import compare_copy, compare_source
from spark_jobs.reconcile.tables import LakeTables
from spark_jobs.run.record import read_step
from tests.integration.servers import Environment

FIRST, SECOND = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
STAMP, MONEY = pa.timestamp("us", "UTC"), pa.decimal128(12, 2)
Row = tuple[int, str, datetime]  # key, amount, snapshot


def write_bronze(*rows: Row, deleted: tuple[int, ...] = ()) -> None:
    everything = [(*row, "upsert") for row in rows] + [(key, None, SECOND, "delete") for key in deleted]
    table = pa.table(
        {
            "id": pa.array([Decimal(key) for key, *_ in everything], pa.decimal128(20, 0)),
            "amount": pa.array([amount and Decimal(amount) for _, amount, *_ in everything], MONEY),
            "fee_amount": pa.array([Decimal("0.10")] * len(everything), MONEY),
            "currency": pa.array(["EUR"] * len(everything)),
            "updated_at": pa.array([f"{at:%Y-%m-%d} 00:00:00.000000" for _, _, at, _ in everything]),
            "_op": pa.array([operation for *_, operation in everything]),
            "_ingested_at": pa.array([at for _, _, at, _ in everything], STAMP),
        }
    )
    write_deltalake(Lake().path(shop.PAYMENTS), table)


def write_silver(*rows: Row) -> None:
    table = pa.table(
        {
            "payment_id": pa.array([key for key, *_ in rows], pa.int64()),
            "amount": pa.array([Decimal(amount) for _, amount, _ in rows], MONEY),
            "fee_amount": pa.array([Decimal("0.10")] * len(rows), MONEY),
            "currency": pa.array(["EUR"] * len(rows)),
            "updated_at": pa.array([at for *_, at in rows], STAMP),
            "_ingested_at": pa.array([at for *_, at in rows], STAMP),
            "is_deleted": pa.array([False] * len(rows)),
        }
    )
    write_deltalake(Lake().path(PAYMENTS), table)


def write_quarantine(*rows: Row) -> None:
    raws = [json.dumps({"id": key, "amount": amount}) for key, amount, _ in rows]
    table = pa.table({"raw": pa.array(raws), "ingested_at": pa.array([at for *_, at in rows], STAMP)})
    write_deltalake(Lake().quarantine_path(PAYMENTS), table)


def compare() -> dict[str, Comparison]:
    found = compare_copy(LakeTables(Lake()), shop.PAYMENTS, PAYMENTS, with_money=True)
    return {each.figure: each for each in found}


def unexplained() -> dict[str, object]:
    return {figure: each.unexplained for figure, each in compare().items() if each.unexplained}


def test_equal_layers_have_no_difference(environment: Environment) -> None:
    write_bronze(
        (1, "5.00", FIRST), (1, "6.00", SECOND), (2, "7.00", FIRST), (3, "8.00", FIRST), deleted=(3,)
    )
    write_silver((1, "6.00", SECOND), (2, "7.00", FIRST))
    assert {figure: each.difference for figure, each in compare().items()} == {
        "rows": 0,
        "amount EUR": 0,
        "fee_amount EUR": 0,
    }


def test_quarantined_rows_explain_what_silver_lacks(environment: Environment) -> None:
    """Row 1 is in silver in an older version, row 2 not at all: the newest versions were rejected."""
    write_bronze((1, "5.00", FIRST), (1, "-6.00", SECOND), (2, "-7.00", FIRST), (3, "8.00", FIRST))
    write_silver((1, "5.00", FIRST), (3, "8.00", FIRST))
    write_quarantine((1, "-6.00", SECOND), (2, "-7.00", FIRST))
    found = compare()
    assert unexplained() == {}
    assert found["rows"].reasons == {"quarantined": 1}
    assert found["rows in an older version"].reasons == {"newest version quarantined": 1}
    assert found["amount EUR"].difference == Decimal("-18.00")
    assert found["amount EUR"].reasons == {"quarantined": Decimal("-18.00")}


@pytest.mark.parametrize("quarantined", [(), ((2, "7.00", SECOND),)])
def test_a_row_that_only_vanished_is_unexplained(
    environment: Environment, quarantined: tuple[Row, ...]
) -> None:
    """Another version of the row in quarantine explains nothing."""
    write_bronze((1, "5.00", FIRST), (2, "7.00", FIRST))
    write_silver((1, "5.00", FIRST))
    write_quarantine(*quarantined, (9, "1.00", FIRST))
    assert unexplained() == {"rows": 1, "amount EUR": Decimal("7.00"), "fee_amount EUR": Decimal("0.10")}


def test_an_older_version_that_was_not_rejected_is_unexplained(environment: Environment) -> None:
    write_bronze((1, "5.00", FIRST), (1, "6.00", SECOND))
    write_silver((1, "5.00", FIRST))
    assert unexplained() == {"rows in an older version": 1, "amount EUR": Decimal("1.00")}


def test_an_amount_that_changed_on_the_way_is_unexplained(environment: Environment) -> None:
    write_bronze((1, "5.00", FIRST))
    write_silver((1, "5.01", FIRST))
    assert unexplained() == {"amount EUR": Decimal("-0.01")}


def test_a_row_deleted_in_the_shop_that_silver_keeps_is_unexplained(environment: Environment) -> None:
    write_bronze((1, "5.00", FIRST), (2, "7.00", FIRST), deleted=(2,))
    write_silver((1, "5.00", FIRST), (2, "7.00", FIRST))
    assert unexplained()["rows"] == -1


def write_messages(*uuids: str | None, first: int = 0, topic: str = "events") -> None:
    """Messages of events, or what is no event (None)."""
    values = [uuid and json.dumps({"data": json.dumps({"uuid": uuid})}) for uuid in uuids]
    table = pa.table(
        {
            "topic": pa.array([topic] * len(uuids)),
            "partition": pa.array([0] * len(uuids), pa.int32()),
            "offset": pa.array(range(first, first + len(uuids)), pa.int64()),
            "value": pa.array([value or "not JSON" for value in values]),
        }
    )
    write_deltalake(Lake().path(CAPTURED), table, mode="append")


def write_events(positions: dict[str, int], taken_in: int) -> None:
    """Silver's events by their uuid, as a build wrote them that had seen bronze up to a version."""
    table = pa.table(
        {
            "event_id": pa.array(positions),
            "_kafka_topic": pa.array(["events"] * len(positions)),
            "_kafka_partition": pa.array([0] * len(positions), pa.int32()),
            "_kafka_offset": pa.array(positions.values(), pa.int64()),
        }
    )
    said = CommitProperties(
        custom_metadata={"userMetadata": json.dumps({"app": "build"})},
        app_transactions=[Transaction("build", taken_in)],
    )
    write_deltalake(Lake().path(EVENTS), table, commit_properties=said)


def reject(*positions: str) -> None:
    write_deltalake(Lake().quarantine_path(EVENTS), pa.table({"position": pa.array(positions)}))


def compared_events() -> Sequence[Comparison]:
    return compare_events(LakeTables(Lake()))


def test_each_message_is_an_event_a_rejected_row_or_sent_again(environment: Environment) -> None:
    write_messages("a", "b", None, "a")
    write_events({"a": 0, "b": 1}, taken_in=0)
    reject("events/0/2")
    write_messages("c", first=4)  # since then
    (found,) = compared_events()
    assert (found.left, found.right, found.unexplained) == (4, 2, 0)
    assert found.reasons == {"quarantined": 1, "sent again": 1}


def test_a_message_that_only_vanished_is_unexplained(environment: Environment) -> None:
    write_messages("a", None, "b")
    write_events({"a": 0}, taken_in=0)
    reject("events/0/9")
    (found,) = compared_events()
    assert found.unexplained == 2


def test_an_event_of_no_message_is_unexplained(environment: Environment) -> None:
    write_messages("a")
    write_events({"a": 0, "x": 5}, taken_in=0)
    messages, orphans = compared_events()
    assert (messages.unexplained, orphans.unexplained) == (0, 1)


def test_positions_of_another_topic_are_told_apart(environment: Environment) -> None:
    write_messages("u-1")
    write_messages("u-2", topic="new")
    write_events({"u-1": 0}, taken_in=1)
    (found,) = compared_events()
    assert (found.left, found.right, found.unexplained) == (2, 1, 1)


def test_a_record_of_older_code_is_named_in_one_line(environment: Environment) -> None:
    old = {"tables": {"shop.customers": {"read": 1, "gone": 2, "details": {"rows": 5}}}, "state": "success"}
    Lake().storage.write("runs/old/ingest_mysql.json", json.dumps(old).encode())
    ingest = read_step(Lake(), "old", "ingest_mysql")
    assert ingest is not None
    with pytest.raises(
        UserError, match=r"run old lacks source_rows, is_complete of shop\.\w+: another version"
    ):
        compare_source(LakeTables(Lake()), ingest)
