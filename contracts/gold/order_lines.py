"""Order lines as sold."""

from __future__ import annotations

from contracts.metrics import MONEY, metric
from contracts.model import Check, Column, Layer, OnFailure, Pii, Table

ORDER_LINES = Table(
    name="order_lines",
    layer=Layer.GOLD,
    inputs=(
        "gold.orders",
        "silver.orders",
        "silver.order_lines",
        "silver.product_versions",
        "silver.category_versions",
        "silver.product_costs",
        "silver.exchange_rates",
        "gold.refund_lines",
    ),
    grain="one row per line of a counted order",
    doc="What was sold, with the product as it was at the time of sale, its cost and its margin.",
    key=("order_line_id",),
    columns=(
        Column("order_line_id", "bigint", "Identifier given by the shop", required=True),
        Column("order_id", "bigint", "The order", required=True, references="orders.order_id"),
        Column("line_number", "int", "Position in the order", required=True),
        Column("order_date", "date", "Day the order was placed, in the shop's time zone", required=True),
        Column("placed_at", "timestamp", "When the order was placed, UTC", required=True),
        Column("person_id", "string", "The person, guests included", required=True, pii=Pii.PSEUDONYM),
        Column("sales_channel", "string", "Where it was sold", required=True),
        Column("product_id", "bigint", "The product", required=True),
        Column("sku", "string", "Stock keeping unit as sold", required=True),
        Column("product_name", "string", "Name as sold", required=True),
        Column("brand", "string", "Brand at the time of sale"),
        Column("category", "string", "Category at the time of sale"),
        Column("department", "string", "Top of the category's branch at the time of sale"),
        Column("units", "bigint", "Pieces", required=True),
        Column("currency", "string", "ISO 4217, as charged", required=True),
        Column(
            "gross_sales", MONEY, "Before discounts, without tax, in the reporting currency", required=True
        ),
        Column(
            "discounts",
            MONEY,
            "Line discount and share of the order's, without tax, in the reporting currency",
            required=True,
        ),
        Column(
            "net_amount",
            MONEY,
            "gross_sales − discounts, before returns, in the reporting currency",
            required=True,
        ),
        Column("net_amount_original", MONEY, "The same in the order's currency", required=True),
        Column("line_tax", MONEY, "Tax charged, in the reporting currency", required=True),
        Column("returned_units", "bigint", "Pieces given back so far", required=True),
        metric("returns_by_order_date"),
        metric("net_sales_by_order_date"),
        Column("unit_cost_amount", "decimal(18,4)", "Cost of one piece valid at the time of sale, if known"),
        Column("unit_cost_currency", "string", "ISO 4217 of unit_cost_amount"),
        Column(
            "cost_of_goods",
            MONEY,
            "Unit cost valid at the time of sale × pieces, in the reporting currency; null when the cost or"
            " its exchange rate is unknown",
        ),
        Column(
            "product_margin", MONEY, "net_sales_by_order_date − cost_of_goods; null when no cost is known"
        ),
    ),
    checks=(
        Check("net_is_gross_minus_discounts", "net_amount = gross_sales - discounts", OnFailure.FAIL),
        Check(
            "known_cost_has_exchange_rate",
            "unit_cost_amount IS NULL OR cost_of_goods IS NOT NULL",
            OnFailure.WARN,
        ),
    ),
)
