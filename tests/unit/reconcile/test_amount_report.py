"""Amounts that do not add up in the shop are reported as totals and stop nothing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from contracts.gold.amount_differences import AMOUNT_DIFFERENCES
from spark_jobs.lake.tables import Lake
from spark_jobs.reconcile.amount_report import amount_totals, print_amount_totals
from spark_jobs.reconcile.tables import LakeTables


def test_totals_are_per_kind_and_currency(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake = Lake(str(tmp_path))
    assert amount_totals(LakeTables(lake)) == []
    rows = [
        ("payment_total", "EUR", "-1.50", True),
        ("order_total", "EUR", "5.00", True),
        ("order_total", "EUR", "2.00", False),
        ("order_total", "JPY", "100", True),
        ("line_without_order", None, "3.00", False),
        ("refunded_units", "EUR", None, True),
    ]
    kinds, currencies, amounts, counted = zip(*rows, strict=True)
    table = pa.table(
        {
            "kind": pa.array(kinds),
            "currency": pa.array(currencies),
            "difference_amount_original": pa.array(
                [amount and Decimal(amount) for amount in amounts], pa.decimal128(28, 4)
            ),
            "is_counted": pa.array(counted),
        }
    )
    write_deltalake(lake.path(AMOUNT_DIFFERENCES), table)
    totals = amount_totals(LakeTables(lake))
    assert [(each.kind, each.currency, each.rows, each.counted, each.amount) for each in totals] == [
        ("order_total", "EUR", 2, 1, Decimal(7)),
        ("order_total", "JPY", 1, 1, Decimal(100)),
        ("line_without_order", "", 1, 0, Decimal(3)),
        ("refunded_units", "EUR", 1, 1, Decimal(0)),
        ("payment_total", "EUR", 1, 1, Decimal("-1.50")),
    ]
    assert totals[0].as_record()["amount"] == "7.0000"
    print_amount_totals(totals)
    told = capsys.readouterr().out
    assert "WARN: 6 amounts of the shop do not add up" in told
    assert "mart.amount_differences where kind = 'order_total'" in told
    print_amount_totals([])
    assert capsys.readouterr().out == "amounts of the shop add up: orders, lines, refunds and payments\n"
