"""The shop's rows in silver."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from contracts.model import Layer
from contracts.registry import TABLES, tables_of
from spark_jobs.build.quality import newest_state
from spark_jobs.silver import CLEAN
from tests.unit.dataframes import assert_rows, cleaned

FROM_SHOP = [t for t in tables_of(Layer.SILVER) if TABLES[t.inputs[0]].layer is Layer.SHOP]


@pytest.mark.parametrize("table", FROM_SHOP, ids=lambda table: table.name)
def test_a_plain_row_passes_and_a_deletion_takes_it_away(spark: SparkSession, table) -> None:
    key = {name: 1 for name in TABLES[table.inputs[0]].key if name.endswith("id")}
    key |= {"location": "x"} if "location" in TABLES[table.inputs[0]].key else {}
    if table.name == "exchange_rates":
        key = {"rate_date": "2026-01-01", "base_currency": "EUR", "quote_currency": "EUR"}
    gone = {**key, "_op": "delete", "_ingested_at": "2026-02-01 00:00"}
    state = newest_state(cleaned(spark, table.name, key, gone).where("size(_failed) = 0"), table)
    versions = [{"is_deleted": False}, {"is_deleted": False}]  # in a history both rows are versions
    assert_rows(state, *(versions if table.name.endswith("_versions") else [{"is_deleted": True}]))


def test_every_silver_table_of_a_source_has_its_function() -> None:
    fed = {t.name for t in tables_of(Layer.SILVER) if TABLES[t.inputs[0]].layer is not Layer.SILVER}
    assert set(CLEAN) == fed


def test_statuses_codes_and_text_are_canonical(spark: SparkSession) -> None:
    df = cleaned(
        spark, "orders", {"id": 7, "status": " Paid ", "currency": "eur", "order_number": "\u00a0A 1\n"}
    )
    assert_rows(
        df, {"order_id": 7, "status": "paid", "currency": "EUR", "order_number": "A 1", "_failed": []}
    )


def test_money_stays_decimal_to_the_last_cent(spark: SparkSession) -> None:
    df = cleaned(spark, "orders", {"id": 1, "total_amount": "9999999999.99", "discount_amount": "0.10"})
    assert_rows(df, {"total_amount": "9999999999.99", "discount_amount": "0.10"})


def test_a_zero_date_is_no_date_and_a_required_one_sends_the_row_to_quarantine(spark: SparkSession) -> None:
    zero = "0000-00-00 00:00:00"
    df = cleaned(
        spark,
        "orders",
        {"id": 1, "paid_at": zero, "placed_at": "2026-03-01 10:00:00.123456"},
        {"id": 2, "placed_at": zero},
    )
    assert_rows(
        df,
        {"order_id": 1, "placed_at": "2026-03-01 10:00:00.123456", "paid_at": None, "_failed": []},
        {"order_id": 2, "placed_at": None, "paid_at": None, "_failed": ["placed_at_required"]},
    )


def test_unsigned_numbers_booleans_and_four_byte_text_survive(spark: SparkSession) -> None:
    df = cleaned(
        spark,
        "products",
        {"id": 2**63 - 1, "name": "Teekanne 🫖", "is_active": True, "attributes": '{"colour": "rot"}'},
        {"id": 2**64 - 1, "name": "too big", "is_active": True},
    )
    assert_rows(
        df,
        {"product_id": 2**63 - 1, "name": "Teekanne 🫖", "is_active": True, "_failed": []},
        {"product_id": None, "name": "too big", "is_active": True, "_failed": ["product_id_unreadable"]},
    )


def test_contact_data_leaves_only_as_a_pseudonym(spark: SparkSession) -> None:
    df = cleaned(spark, "customers", {"id": 1, "email": "a@b.example"}, {"id": 2, "email": " A@B.example "})
    first, second = df.collect()
    assert first["email_pseudonym"] == second["email_pseudonym"] != "a@b.example"
    assert "email" not in df.columns


def test_a_removed_product_is_a_last_version_of_its_history(spark: SparkSession) -> None:
    df = cleaned(
        spark,
        "product_versions",
        {"id": 1, "brand": "old", "updated_at": "2026-01-01 00:00:00"},
        {"id": 1, "brand": "new", "updated_at": "2026-02-01 00:00:00"},
        {"id": 1, "_op": "delete", "_ingested_at": "2026-03-01 00:00"},
    )
    assert_rows(
        newest_state(df, TABLES["silver.product_versions"]),
        {"valid_from": "2026-01-01 00:00:00", "brand": "old", "is_current_deletion": False},
        {"valid_from": "2026-02-01 00:00:00", "brand": "new", "is_current_deletion": False},
        {"valid_from": "2026-03-01 00:00:00", "brand": None, "is_current_deletion": True},
    )
