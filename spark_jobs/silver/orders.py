"""Orders, without contact data."""

from __future__ import annotations

from pyspark.sql import DataFrame

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.identity import normalised_email, pseudonym
from spark_jobs.columns.parsing import code, integer, moment, text, word


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of each order; the shop rewrites the row on every change of status."""
    return raw.select(
        integer("id").alias("order_id"),
        text("order_number").alias("order_number"),
        integer("customer_id").alias("customer_id"),
        pseudonym(normalised_email("email"), context.pseudonym_key).alias("email_pseudonym"),
        word("status").alias("status"),
        word("sales_channel").alias("sales_channel"),
        code("currency").alias("currency"),
        "prices_include_tax",
        "discount_amount",
        "shipping_amount",
        "shipping_tax_amount",
        "tax_amount",
        "total_amount",
        integer("coupon_id").alias("coupon_id"),
        "is_test",
        integer("shipping_address_id").alias("shipping_address_id"),
        integer("billing_address_id").alias("billing_address_id"),
        moment("placed_at").alias("placed_at"),
        moment("paid_at").alias("paid_at"),
        moment("cancelled_at").alias("cancelled_at"),
        moment("created_at").alias("created_at"),
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
