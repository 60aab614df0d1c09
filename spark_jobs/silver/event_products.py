"""Products that events refer to."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from contracts.silver.event_products import UNREADABLE
from spark_jobs.columns import claims
from spark_jobs.columns.context import Context
from spark_jobs.columns.identity import bounded
from spark_jobs.columns.json_text import with_elements, with_object
from spark_jobs.columns.parsing import text

# Per event: far more than a page shows, and a bound on the cost of an event of a megabyte.
MOST_PRODUCTS = 1_000

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


def derive(silver_events: DataFrame, context: Context) -> DataFrame:
    """Return one row per event and product: those in the event's list, else the one it names directly.

    A list may be JSON text, as tag managers write it, a single product, or ids only.
    """
    names_any = F.col("properties").contains('"products"') | F.col("properties").contains('"product_id"')
    said = with_object(
        silver_events.where(names_any).select(*_CARRIED, "properties"),
        "own",
        "properties",
        (*_FIELDS, "products"),
    )
    said = with_elements(said, "listed", F.col("own.products"))
    itself = F.when(F.col("own.product_id").isNotNull(), F.array(F.to_json("own")))
    products = F.coalesce(F.when(F.size("listed") > 0, F.slice("listed", 1, MOST_PRODUCTS)), itself)
    is_text = claims.is_text(F.col("properties"), "price")
    exploded = said.select(
        *_CARRIED, is_text.alias("is_text"), F.posexplode(products).alias("place", "product")
    )
    read = with_object(exploded.where("product IS NOT NULL"), "p", "product", _FIELDS)
    return _with_claims(read).select(
        *_CARRIED,
        (F.col("place") + 1).alias("line_number"),
        "claims.product_id",
        bounded(text("p.sku")).alias("sku"),
        "claims.price_amount",
        "claims.quantity",
        "claims.list_position",
        _unreadable().alias("unreadable_claims"),
    )


def _with_claims(read: DataFrame) -> DataFrame:
    """Add `claimed`, the texts, and `claims`, the values read from them; exploded, so each is read once."""
    bare_id = F.when(F.col("p").isNull(), F.col("product"))
    claimed = F.struct(
        F.coalesce(claims.said(F.col("p.product_id")), claims.said(bare_id)).alias("product_id"),
        claims.said(F.col("p.price")).alias("price_amount"),
        claims.said(F.col("p.quantity")).alias("quantity"),
        claims.said(F.col("p.position")).alias("list_position"),
    )
    found = F.struct(
        claims.whole(F.col("claimed.product_id")).alias("product_id"),
        claims.amount(F.col("claimed.price_amount"), F.col("is_text"), F.col("currency")).alias(
            "price_amount"
        ),
        claims.count_of(F.col("claimed.quantity")).alias("quantity"),
        claims.count_of(F.col("claimed.list_position"), claims.COUNT_DIGITS).alias("list_position"),
    )
    return read.select("*", F.explode(F.array(claimed)).alias("claimed")).select(
        "*", F.explode(F.array(found)).alias("claims")
    )


def _unreadable() -> Column:
    return F.array_compact(
        F.array(
            *(
                F.when(F.col(f"claimed.{name}").isNotNull() & F.col(f"claims.{name}").isNull(), F.lit(name))
                for name in UNREADABLE
            )
        )
    )
