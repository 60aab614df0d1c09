"""Keys as texts, and the single rule by which silver, ingest and reconciliation compare them."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from contracts.model import Form, Layer, Table
from contracts.registry import TABLES, tables_of
from spark_jobs.build.quality import mark_shared_keys, newest_state
from spark_jobs.lake.keys import IN_PYTHON, key_parts, normalises, row_texts, silver_keys, silver_sql
from tests.unit.dataframes import assert_rows, cleaned

BLANKS = (" ", "\t", "\r", "\n", "\u00a0", "\ufeff", " \u00a0\t")
OTHERS = ("\u2003", "\u200b", "\u0085", "\x0b", "\x00", "\ufffd")  # which silver leaves unchanged
WORDS = (
    "depot",
    "Depot",
    "DÉPÔT",
    "dépôt",
    "de\u0301pôt",
    "straße",
    "ı",
    "İ",
    "ſ",
    "ǆ",
    "ﬁ",
    "🛒",
    "a b",
    "-",
)
TEXTS = sorted(
    {
        f"{before}{word}{after}"
        for word in WORDS
        for before in ("", *BLANKS, *OTHERS)
        for after in ("", *BLANKS)
    }
)
SHOP_TABLES = tables_of(Layer.SHOP)


def test_a_key_of_texts_says_that_silver_writes_it_otherwise() -> None:
    texts = {
        f"{table.name}.{name}": table.column(name).form
        for table in SHOP_TABLES
        for name in table.key
        if not table.column(name).type.startswith(("int", "bigint"))
    }
    assert texts == {
        "inventory_levels.location": Form.TRIMMED,
        "exchange_rates.rate_date": Form.DAY,
        "exchange_rates.base_currency": Form.CODE,
        "exchange_rates.quote_currency": Form.CODE,
    }
    assert [table.name for table in SHOP_TABLES if normalises(table)] == [
        "inventory_levels",
        "exchange_rates",
    ]


@pytest.mark.parametrize(
    ("table", "column"), [("inventory_levels", "location"), ("exchange_rates", "base_currency")]
)
def test_silver_writes_a_key_as_the_rule_says(spark: SparkSession, table: str, column: str) -> None:
    """A text that is empty in the end has no key; quarantine names it."""
    clean = cleaned(spark, table, *({column: text, "_batch_id": str(n)} for n, text in enumerate(TEXTS)))
    by_row = {int(row["_batch_id"]): row[column] for row in clean.select("_batch_id", column).collect()}
    form = IN_PYTHON[TABLES[f"shop.{table}"].column(column).form]
    assert {n: (value or "").replace("\0", "\ufffd") for n, value in by_row.items()} == {
        n: form(text) for n, text in enumerate(TEXTS)
    }


@pytest.mark.parametrize("form", Form)
def test_duckdb_writes_it_alike(form: Form) -> None:
    """But for letters whose upper case is several, which no currency's code has."""
    table = next(t for t in SHOP_TABLES for name in t.key if t.column(name).form is form)
    name = next(name for name in table.key if table.column(name).form is form)
    texts = pa.table({"t": [t for t in TEXTS if form is not Form.CODE or t.upper().lower() == t.lower()]})
    assert texts.num_rows > 100
    with duckdb.connect() as engine:
        written = engine.sql(f"SELECT t, {silver_sql(table, name, 't')} FROM texts").fetchall()
    assert [(t, w) for t, w in written if w != IN_PYTHON[form](t)] == []


def test_any_key_comes_back_from_its_text() -> None:
    parts = ["a", "", "\x1f", "\x1e", "a\x1fb\x1e0", "\x1e1\x1e2", "ü\0"]
    rows = pa.table({"x": parts, "y": list(reversed(parts)), "n": range(len(parts))})
    texts = row_texts(rows, ["x", "y", "n"]).combine_chunks()
    assert [part.to_pylist() for part in key_parts(texts, 3)] == [
        parts,
        parts[::-1],
        [str(n) for n in range(len(parts))],
    ]


def test_rows_that_differ_have_different_texts() -> None:
    values = [None, "", "\x1e", "\x1e0", "\x1f", "a"]
    pairs = [(left, right) for left in values for right in values]
    rows = pa.table({"x": [x for x, _ in pairs], "y": [y for _, y in pairs]})
    assert len(set(row_texts(rows, ["x", "y"]).to_pylist())) == len(pairs)


def test_keys_that_are_one_in_silver_are_found() -> None:
    rates = TABLES["shop.exchange_rates"]
    keys = pa.array(["2026-03-01\x1feur\x1fUSD", "2026-03-01\x1fEUR \x1fusd", "2026-03-02\x1fEUR\x1fUSD"])
    first, second, third = silver_keys(rates, keys).to_pylist()
    assert first == second != third


def shared(spark: SparkSession, table: str, *rows: dict[str, Any]) -> Any:
    silver = TABLES[f"silver.{table}"]
    source: Table = TABLES[silver.inputs[0]]
    return mark_shared_keys(cleaned(spark, table, *rows), silver, source)


def test_of_rows_that_are_one_key_the_one_that_is_written_so_stays(spark: SparkSession) -> None:
    marked = shared(
        spark,
        "inventory_levels",
        {"product_id": 1, "location": " depot", "on_hand": 1},
        {"product_id": 1, "location": "depot", "on_hand": 2},
        {"product_id": 1, "location": "depot\t", "on_hand": 3},
        {"product_id": 2, "location": " depot", "on_hand": 4},
        {"product_id": 3, "location": "\tb", "on_hand": 5},
        {"product_id": 3, "location": " b", "on_hand": 6},
        {"product_id": 4, "location": " ", "on_hand": 7},
        {"product_id": 4, "location": "\t", "on_hand": 8},
        # Another snapshot and a deletion do not count here.
        {"product_id": 1, "location": " depot", "on_hand": 9, "_ingested_at": "2026-03-05 00:00"},
        {"product_id": 5, "location": "depot", "on_hand": 10},
        {"product_id": 5, "location": " depot", "_op": "delete"},
    )
    assert_rows(
        marked.where("_op = 'upsert'"),
        *(
            {"on_hand_count": on_hand, "_failed": failed}
            for on_hand, failed in (
                (1, ["key_not_unique"]),
                (2, []),
                (3, ["key_not_unique"]),
                (4, []),
                (5, []),
                (6, ["key_not_unique"]),
                (7, ["location_required"]),
                (8, ["location_required"]),
                (9, []),
                (10, []),
            )
        ),
    )


def test_currencies_in_two_cases_are_one_key(spark: SparkSession) -> None:
    marked = shared(
        spark,
        "exchange_rates",
        {"rate_date": "2026-01-01", "base_currency": "eur", "quote_currency": "USD", "rate": "1.1"},
        {"rate_date": "2026-01-01", "base_currency": "EUR", "quote_currency": "USD", "rate": "1.2"},
    )
    assert_rows(
        marked,
        {"base_currency": "EUR", "rate": "1.20000000", "_failed": []},
        {"base_currency": "EUR", "rate": "1.10000000", "_failed": ["key_not_unique"]},
    )


def test_a_deletion_of_the_same_snapshot_is_that_of_another_row(spark: SparkSession) -> None:
    table = TABLES["silver.inventory_levels"]
    later = {"_ingested_at": "2026-03-05 00:00"}
    versions = cleaned(
        spark,
        "inventory_levels",
        {"product_id": 1, "location": "  depot ", "on_hand": 7},
        {"product_id": 1, "location": "  depot ", "_op": "delete", **later},
        {"product_id": 1, "location": "depot", "on_hand": 8, **later},
        {"product_id": 2, "location": "depot", "on_hand": 9},
        {"product_id": 2, "location": "depot", "_op": "delete", **later},
    )
    assert_rows(
        newest_state(versions, table),
        {"product_id": 1, "location": "depot", "on_hand_count": 8, "is_deleted": False},
        {"product_id": 2, "location": "depot", "on_hand_count": 9, "is_deleted": True},
    )
