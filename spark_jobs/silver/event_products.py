"""Products that events are about."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.lib.context import Context
from spark_jobs.lib.parsing import integer, text

_PRODUCT = "product_id string, sku string, price string, quantity string, position string"
_PROPERTIES = f"{_PRODUCT}, products array<struct<{_PRODUCT.replace(' string', ': string')}>>"


def derive(silver_events: DataFrame, context: Context) -> DataFrame:
    """One row per event and product: of the event's list, or where it has none the one it is about."""
    names_any = F.col("properties").contains('"products"') | F.col("properties").contains('"product_id"')
    said = silver_events.where(names_any).select(
        "*", F.explode(F.array(F.from_json("properties", _PROPERTIES))).alias("p")
    )
    itself = F.struct(*(F.col(f"p.{name}").alias(name) for name in _FIELDS))
    has_own = F.col("p.product_id").isNotNull()
    of_list = F.when(F.size("p.products") > 0, F.col("p.products"))
    products = F.coalesce(of_list, F.when(has_own, F.array(itself)))
    exploded = said.select(*_CARRIED, F.posexplode(products).alias("place", "product"))
    return exploded.where("product IS NOT NULL").select(
        *_CARRIED,
        (F.col("place") + 1).alias("line_number"),
        integer(text("product.product_id")).alias("product_id"),
        text("product.sku").alias("sku"),
        F.col("product.price").try_cast("decimal(18,2)").alias("price_amount"),
        integer(text("product.quantity")).alias("quantity"),
        integer(text("product.position")).alias("list_position"),
    )


_FIELDS = ("product_id", "sku", "price", "quantity", "position")
_CARRIED = (
    "event_id",
    "event_name",
    "occurred_at",
    "visitor_id",
    "is_bot",
    "currency",
    "cart_id",
    "order_id",
)
