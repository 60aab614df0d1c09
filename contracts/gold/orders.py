"""Orders, with whether and when they count."""

from __future__ import annotations

from contracts.currencies import RATE
from contracts.metrics import MONEY, metric
from contracts.model import Check, Column, Layer, OnFailure, Pii, Table

EXCLUSION_REASONS = ("test", "failed", "cancelled_before_payment")

_ALL_KNOWN = " AND ".join(
    f"{name} IS NOT NULL"
    for name in (
        "units",
        "gross_sales",
        "discounts",
        "net_amount",
        "net_amount_original",
        "line_tax",
        "shipping_amount",
        "shipping_tax",
        "other_charges",
    )
)

ORDERS = Table(
    name="orders",
    layer=Layer.GOLD,
    inputs=(
        "silver.orders",
        "silver.order_lines",
        "silver.customers",
        "silver.exchange_rates",
        "silver.sessions",
        "silver.events",
    ),
    grain="one row per order of the shop, excluded ones with the reason",
    doc=(
        "Orders in the reporting currency. Money columns are sums of rounded lines. An order that does not"
        " count needs no rate: without one its amounts in the reporting currency are null. An order has one"
        " session: of the sessions of people, not of bots, the one that reports it first, with an Order"
        " Completed event that names its id or its number. Where one order's id is another's number, the id"
        " is meant, unless only the order of that number was placed within a day of the report."
    ),
    key=("order_id",),
    columns=(
        Column("order_id", "bigint", "Identifier given by the shop", required=True),
        Column("order_number", "string", "The number the customer sees", required=True),
        Column("order_date", "date", "Day it was placed, in the shop's time zone", required=True),
        Column("placed_at", "timestamp", "When it was placed, UTC", required=True),
        Column("person_id", "string", "The person, guests included", required=True, pii=Pii.PSEUDONYM),
        Column("customer_id", "bigint", "The account; null for a guest"),
        Column("sales_channel", "string", "Where it was sold: web, app, store …", required=True),
        Column("status", "string", "Where the order is in its life", required=True),
        Column("is_counted", "boolean", "It counts as a sale", required=True),
        Column("exclusion_reason", "string", "Why it does not; null when it does", allowed=EXCLUSION_REASONS),
        Column("is_first_order", "boolean", "The person's first counted order ever", required=True),
        Column("currency", "string", "ISO 4217, as charged", required=True),
        Column(
            "exchange_rate",
            RATE,
            "One unit of `currency` in the reporting currency on the order's day",
        ),
        Column("units", "bigint", "Pieces ordered"),
        Column(
            "gross_sales",
            MONEY,
            "Before discounts, without tax and shipping, in the reporting currency",
        ),
        Column("discounts", MONEY, "Without tax, in the reporting currency"),
        Column(
            "net_amount",
            MONEY,
            "gross_sales − discounts, before returns, in the reporting currency",
        ),
        Column("net_amount_original", MONEY, "The same in the order's currency"),
        Column("line_tax", MONEY, "Tax charged on the lines, in the reporting currency"),
        Column(
            "shipping_amount",
            MONEY,
            "Charged for shipping, without tax, in the reporting currency",
        ),
        Column("shipping_tax", MONEY, "Tax on shipping, in the reporting currency"),
        metric("other_charges", required=False),
        Column(
            "total_amount_original",
            MONEY,
            "What the customer was asked to pay, tax included, in the order's currency",
            required=True,
        ),
        Column("session_id", "string", "The session it was bought in; null when it was not tracked"),
        Column("channel", "string", "Where that session came from; null when it was not tracked"),
        Column("reported_at", "timestamp", "When its session first reported it, UTC; null when none did"),
        Column("report_event_id", "string", "The event of that report"),
    ),
    checks=(
        Check("exclusion_has_a_reason", "is_counted = (exclusion_reason IS NULL)", OnFailure.FAIL),
        Check(
            "a_session_reports_it",
            "(session_id IS NULL) = (reported_at IS NULL) AND (session_id IS NULL) = (channel IS NULL)",
            OnFailure.FAIL,
        ),
        Check(
            "counted_order_has_exchange_rate", "NOT is_counted OR exchange_rate IS NOT NULL", OnFailure.FAIL
        ),
        Check(
            "counted_order_has_amounts",
            f"NOT is_counted OR exchange_rate IS NULL OR ({_ALL_KNOWN})",
            OnFailure.FAIL,
        ),
        Check("net_is_gross_minus_discounts", "net_amount = gross_sales - discounts", OnFailure.FAIL),
    ),
)
