"""One row of key figures per customer."""

from __future__ import annotations

from contracts.metrics import COUNT, MONEY
from contracts.model import Column, Layer, Pii, Table

RFM_SEGMENTS = ("champions", "loyal", "promising", "new", "needs_attention", "at_risk", "lost", "no_orders")

CUSTOMER_360 = Table(
    name="customer_360",
    layer=Layer.GOLD,
    inputs=("silver.customers", "gold.orders", "gold.order_lines", "gold.refund_lines"),
    grain="one row per person: every account that is no test, and everyone else with a counted order",
    doc="What is known of a customer, without contact data.",
    key=("person_id",),
    columns=(
        Column("person_id", "string", "The person, guests included", required=True, pii=Pii.PSEUDONYM),
        Column("customer_id", "bigint", "The account; null for a guest"),
        Column("is_guest", "boolean", "Has no account", required=True),
        Column("country_code", "string", "Country of the account"),
        Column("first_order_date", "date", "Day of the first counted order"),
        Column("last_order_date", "date", "Day of the last counted order"),
        Column("orders", COUNT, "Counted orders", required=True),
        Column("gross_sales", MONEY, "Before discounts, in the reporting currency", required=True),
        Column("discounts", MONEY, "In the reporting currency", required=True),
        Column(
            "returns",
            MONEY,
            "Refunded so far, without tax and shipping, in the reporting currency",
            required=True,
        ),
        Column(
            "net_sales", MONEY, "gross_sales − discounts − returns, in the reporting currency", required=True
        ),
        Column(
            "product_margin", MONEY, "Of lines whose cost is known, in the reporting currency", required=True
        ),
        Column("average_order_value", MONEY, "(gross_sales − discounts) ÷ orders; null without orders"),
        Column(
            "favourite_category", "string", "Category with the most pieces; ties to the first in the alphabet"
        ),
        Column(
            "acquisition_channel",
            "string",
            "Channel of the visit of the first order; `untracked` when unknown, null without orders",
        ),
        Column(
            "recency_days",
            COUNT,
            "Days from the last order to the day the mart was built; null without orders",
        ),
        Column("recency_score", "int", "1 to 5, 5 the most recent fifth; null without orders"),
        Column("frequency_score", "int", "1 to 5, 5 the most frequent fifth; null without orders"),
        Column(
            "monetary_score", "int", "1 to 5, 5 the fifth with the highest net sales; null without orders"
        ),
        Column("rfm_segment", "string", "Name for the scores", required=True, allowed=RFM_SEGMENTS),
        Column(
            "expected_next_order_date",
            "date",
            "Last order plus the person's median gap; null under three orders",
        ),
    ),
)
