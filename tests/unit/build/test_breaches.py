"""The error of a refused mart names rows, values and the next step."""

from __future__ import annotations

from pyspark.sql import SparkSession

from contracts.registry import TABLES
from spark_jobs.build.breaches import breaches, without_rates
from spark_jobs.build.quality import violations
from spark_jobs.gold.missing_rates import missing_rates
from tests.unit.dataframes import CONTEXT, rows

ORDERS = TABLES["gold.orders"]


def test_missing_rates_are_named_by_currency_and_day(spark: SparkSession) -> None:
    days = [f"2026-05-{day:02}" for day in range(1, 9)]
    built = rows(
        spark,
        ORDERS,
        *(
            {"order_id": n, "order_date": day, "currency": "USD", "is_counted": True}
            for n, day in enumerate([*days, days[0]])
        ),
    )
    said = without_rates(missing_rates("orders", built, {}, CONTEXT), ORDERS, "EUR")
    assert said is not None
    assert said.startswith(
        "gold.orders lacks exchange rates to EUR: USD on 2026-05-01 (2 orders, such as 0); USD on 2026-05-02"
        " (1 orders, such as 1); "
    )
    assert "USD on 2026-05-05 (1 orders, such as 4); and 3 more. The mart before it stays." in said
    assert said.endswith("Then ./shoplake run.")


def test_nothing_is_said_of_rates_that_are_there(spark: SparkSession) -> None:
    built = rows(spark, ORDERS, {"order_id": 1, "is_counted": True, "exchange_rate": 1})
    assert without_rates(missing_rates("orders", built, {}, CONTEXT), ORDERS, "EUR") is None


def test_a_broken_check_is_named_with_key_and_value(spark: SparkSession) -> None:
    built = rows(spark, ORDERS, {"order_id": 7, "exclusion_reason": "lost"})
    assert breaches(built, ORDERS, violations(built, ORDERS)) == (
        "gold.orders breaks checks that must hold: exclusion_reason_not_allowed (1 rows, such as order_id=7:"
        " exclusion_reason='lost'). The mart before it stays. Correct these rows in the shop, then"
        " ./shoplake run; docs/figures.md says what each figure is made of."
    )
