"""Orders, with whether and when they count."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.columns.money import total_if_all_known
from spark_jobs.columns.timezones import local_date
from spark_jobs.gold.exchange import converted, with_rate
from spark_jobs.gold.line_amounts import line_amounts
from spark_jobs.gold.order_sessions import first_reports

_SUMS = ("gross_sales", "discounts", "net_amount", "line_tax")


def build(
    silver_orders: DataFrame,
    silver_order_lines: DataFrame,
    silver_customers: DataFrame,
    silver_exchange_rates: DataFrame,
    silver_sessions: DataFrame,
    silver_events: DataFrame,
    context: Context,
) -> DataFrame:
    """Return one row per order that the shop still has, even without lines, customer or session."""
    dated = silver_orders.where(~F.col("is_deleted")).withColumn(
        "order_date", local_date("placed_at", context)
    )
    rated = with_rate(
        dated, silver_exchange_rates, context, currency="currency", on="order_date", rate="exchange_rate"
    )
    sums = (
        line_amounts(rated, silver_order_lines, context)
        .groupBy("order_id")
        .agg(
            F.count(F.lit(1)).alias("lines"),
            F.sum(F.col("quantity").cast("decimal(19,0)")).try_cast("bigint").alias("units"),
            *(total_if_all_known(name).alias(name) for name in _SUMS),
            total_if_all_known("net_original").alias("net_amount_original"),
            total_if_all_known("tax_amount").alias("line_tax_original"),
        )
    )
    counted = F.col("exclusion_reason").isNull()
    oldest_first = Window.partitionBy("person_id", counted).orderBy("placed_at", "order_id")
    return (
        _with_person(rated, silver_customers)
        .join(sums, on="order_id", how="left")  # one to at most one
        .join(first_reports(silver_events, silver_sessions, dated), on="order_id", how="left")  # likewise
        .withColumn("exclusion_reason", _exclusion_reason())
        .select(
            "order_id",
            "order_number",
            "order_date",
            "placed_at",
            "person_id",
            "customer_id",
            "sales_channel",
            "status",
            counted.alias("is_counted"),
            "exclusion_reason",
            (counted & (F.row_number().over(oldest_first) == 1)).alias("is_first_order"),
            "currency",
            "exchange_rate",
            _of_lines("units").alias("units"),
            *(F.when(F.col("exchange_rate").isNotNull(), _of_lines(name)).alias(name) for name in _SUMS),
            _of_lines("net_amount_original").alias("net_amount_original"),
            converted("shipping_amount", context).alias("shipping_amount"),
            converted("shipping_tax_amount", context).alias("shipping_tax"),
            converted(_beyond_lines_and_shipping(), context).alias("other_charges"),
            F.col("total_amount").alias("total_amount_original"),
            "session_id",
            "channel",
            "reported_at",
            "report_event_id",
        )
    )


def _with_person(orders: DataFrame, customers: DataFrame) -> DataFrame:
    """Add who placed an order: the account, else the account with the guest's e-mail, else the e-mail."""
    by_email = (
        customers.where(~F.col("is_deleted") & F.col("email_pseudonym").isNotNull())
        .groupBy("email_pseudonym")
        .agg(F.min("customer_id").alias("account_of_email"))
    )
    tests = customers.select(
        F.col("customer_id").alias("account_id"), F.col("is_test").alias("is_test_account")
    )
    account = F.col("account_id").cast("string")
    person = (
        F.when(account.isNotNull(), F.concat(F.lit("c:"), account))
        .when(F.col("email_pseudonym").isNotNull(), F.concat(F.lit("g:"), "email_pseudonym"))
        .otherwise(F.concat(F.lit("o:"), F.col("order_id").cast("string")))
    )
    return (
        orders.join(by_email, on="email_pseudonym", how="left")  # many to at most one
        .withColumn("account_id", F.coalesce("customer_id", "account_of_email"))
        .join(tests, on="account_id", how="left")  # many to at most one
        .withColumn("person_id", person)
    )


def _exclusion_reason() -> Column:
    is_test = F.col("is_test") | F.coalesce("is_test_account", F.lit(False))
    is_unpaid = (F.col("status") == "cancelled") & F.col("paid_at").isNull()
    return (
        F.when(is_test, "test")
        .when(F.col("status") == "failed", "failed")
        .when(is_unpaid, "cancelled_before_payment")
    )


def _of_lines(name: str) -> Column:
    """Return a sum over the order's lines: 0 without lines; null where any amount is unknown."""
    return F.when(F.col("lines").isNull(), F.lit(0)).otherwise(F.col(name))


def _beyond_lines_and_shipping() -> Column:
    """Return the order's total minus its lines and shipping, tax included, in the order's currency."""
    lines = _of_lines("net_amount_original") + _of_lines("line_tax_original")
    return F.col("total_amount") - lines - F.col("shipping_amount") - F.col("shipping_tax_amount")
