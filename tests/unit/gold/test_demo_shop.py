"""A small demo shop from rows and messages to marts: every figure of the ledger, to the cent."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import DataFrame, SparkSession

from contracts.model import Column, Layer, Table
from contracts.registry import TABLES, tables_of
from simulator.events.capture import deliver, message, to_millis
from simulator.ledger.figures import Ledger
from simulator.record import Seen
from spark_jobs.build.quality import check_rows, conform, newest_state, violations
from spark_jobs.gold import BUILD
from spark_jobs.reconcile.gold import compare_gold
from spark_jobs.silver import CLEAN, DERIVE
from tests.stack.ledger import KEYS
from tests.unit.dataframes import CONTEXT as ANY_CONTEXT
from tests.unit.dataframes import rows
from tests.unit.given_tables import GivenTables
from tests.unit.simulator.conftest import PLAN, Built
from tests.unit.simulator.conftest import build as build_shop

# The tests of the whole stack do the same with Apache Spark.
on_sail = pytest.mark.parametrize("spark", ["sail"], indirect=True)
NOW = PLAN.until.replace(tzinfo=UTC)
TODAY = NOW.astimezone(ZoneInfo("Europe/Berlin")).replace(hour=0, minute=0, second=0, microsecond=0)
CONTEXT = replace(ANY_CONTEXT, as_of=TODAY)


@pytest.fixture(scope="module")
def shop() -> Built:
    return build_shop(PLAN)


@pytest.fixture(scope="module")
def ledger(shop: Built) -> Ledger:
    return Ledger(
        shop.shop.state,
        map(Seen.of, shop.events),
        timezone=CONTEXT.shop_timezone,
        reporting_currency=CONTEXT.reporting_currency,
        pseudonym_key=CONTEXT.pseudonym_key.decode(),
        now=NOW,
    )


@pytest.fixture(scope="module")
def marts(spark: SparkSession, shop: Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, DataFrame]:
    folder = tmp_path_factory.mktemp("lake")
    made: dict[str, DataFrame] = {}
    for table in (*tables_of(Layer.SILVER), *tables_of(Layer.GOLD)):
        if table.name in CLEAN and table.layer is Layer.SILVER:
            frame = _silver(spark, table.name, shop)
        else:
            functions: Mapping[str, Any] = BUILD if table.layer is Layer.GOLD else DERIVE
            inputs = {name.replace(".", "_"): made[name] for name in table.inputs}
            frame = conform(functions[table.name](**inputs, context=CONTEXT), table)
        made[table.id] = _stored(frame, folder / table.id)
    return made


@on_sail
def test_every_mart_equals_the_ledger(marts: dict[str, DataFrame], ledger: Ledger) -> None:
    for mart, key in KEYS.items():
        expected: dict[Any, dict[str, Any]] = getattr(ledger, mart)()
        figures = [*next(iter(expected.values()))]
        own = "sessions > 0" if mart == "funnel_daily" else "true"
        found = {
            tuple(row[: len(key)]) if len(key) > 1 else row[0]: dict(
                zip(figures, map(_served, row[len(key) :]), strict=True)
            )
            for row in marts[f"gold.{mart}"].where(own).select(*key, *figures).collect()
        }
        assert found.keys() == expected.keys(), mart
        wrong = {at: (found[at], row) for at, row in expected.items() if found[at] != row}
        assert wrong == {}, f"{mart}: {len(wrong)} rows, such as {next(iter(wrong.items()))}"


@on_sail
def test_no_mart_breaks_its_checks(marts: dict[str, DataFrame]) -> None:
    for table in tables_of(Layer.GOLD):
        assert violations(marts[table.id], table) == {}, table.id


@on_sail
def test_every_figure_equals_its_source(marts: dict[str, DataFrame]) -> None:
    held = GivenTables(**{name.replace(".", "_"): frame.toArrow() for name, frame in marts.items()})
    found = compare_gold(held, CONTEXT.reporting_currency)
    assert [each.in_words() for each in found if each.unexplained] == []


@on_sail
def test_the_amounts_of_the_small_shop_add_up(marts: dict[str, DataFrame]) -> None:
    assert [row.difference_key for row in marts["gold.amount_differences"].collect()] == []


@on_sail
def test_every_model_shares_out_every_order_to_the_cent(marts: dict[str, DataFrame], ledger: Ledger) -> None:
    sums = marts["gold.channel_attribution"].groupBy("model").sum("attributed_orders", "attributed_sales")
    sold = ledger.total("gross_sales") - ledger.total("discounts") - ledger.total("returns_by_order_date")
    assert {tuple(row)[1:] for row in sums.collect()} == {(ledger.total("orders"), sold)}


def test_the_shops_own_totals_add_up(ledger: Ledger) -> None:
    assert (ledger.total("other_charges"), ledger.total("refunds_without_goods")) == (0, 0)
    assert ledger.total("returns") > 0


def test_the_small_shop_has_every_kind_of_cart_and_coverage(ledger: Ledger) -> None:
    kinds = {row["status"] for row in ledger.cart_abandonment().values()}
    assert kinds >= {"ordered", "recovered", "abandoned", "emptied"}
    coverage = ledger.tracking_coverage().values()
    assert all(sum(row[name] for row in coverage) for name in ("untracked_orders", "mismatched_orders"))


def _silver(spark: SparkSession, name: str, shop: Built) -> DataFrame:
    table = TABLES[f"silver.{name}"]
    source = TABLES[table.inputs[0]]
    if source.layer is Layer.EVENTS:
        sent = [
            message(each, "phc_test")
            for each in deliver(shop.events, to_millis(PLAN.until), random.Random(3))
        ]
        given = [{"offset": n, "value": each.value.decode()} for n, each in enumerate(sent)]
    else:
        given = [_as_bronze(source, row) for row in shop.shop.state.rows(source.name)]
    raw = rows(spark, source, *given)
    checked = check_rows(conform(CLEAN[name](raw, CONTEXT), table), table)
    newest = newest_state(checked.where("size(_failed) = 0"), table)
    return newest.drop("_is_delete_only")


def _as_bronze(source: Table, row: dict[str, Any]) -> dict[str, Any]:
    """A row as the ingest reads it: dates are the source's own text."""

    def read(column: Column) -> Any:
        value = row[column.name]
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.isoformat(sep=" ")
        if isinstance(value, date):
            return value.isoformat()
        return bool(value) if column.type == "tinyint(1)" else value

    return {column.name: read(column) for column in source.columns}


def _stored(frame: DataFrame, path: Path) -> DataFrame:
    """The table as files: every later table would else compute it again."""
    frame.write.parquet(path.as_uri())
    return frame.sparkSession.read.schema(frame.schema).parquet(path.as_uri())  # an empty one has no file


def _served(value: Any) -> Any:
    """Moments come with their zone, as from PostgreSQL; the engine's client leaves it out."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
