"""Amounts of the shop that do not add up across its own tables."""

from __future__ import annotations

from contracts.metrics import MONEY
from contracts.model import Column, Layer, Table

KINDS = (
    "order_total",  # its total differs from its lines after discounts, shipping and tax
    "order_without_lines",
    "order_tax",  # its tax differs from that of its lines and shipping
    "line_tax",  # its tax differs from its recorded rate
    "line_without_order",
    "line_without_product",
    "refund_total",  # its total differs from its lines, shipping and tax
    "refund_without_lines",  # more than shipping is refunded, without any line
    "refund_currency",  # it differs from the order's
    "refund_without_order",
    "refunded_amount",  # more was refunded for the line than it was sold for
    "refunded_units",  # more units were refunded than sold
    "refunded_shipping",  # more shipping was refunded than charged
    "refund_line_without_refund",
    "refund_line_without_order_line",
    "payment_total",  # the captured amount differs from the order's total
    "payment_currency",  # it differs from the order's
    "payment_without_order",
)

_SUBJECT = "null when the difference is not about one"

AMOUNT_DIFFERENCES = Table(
    name="amount_differences",
    layer=Layer.GOLD,
    inputs=(
        "gold.orders",
        "silver.orders",
        "silver.order_lines",
        "silver.products",
        "silver.refunds",
        "silver.refund_lines",
        "silver.payments",
        "silver.exchange_rates",
    ),
    grain="one row per kind of difference and the order, line, refund or payment it was found at",
    doc=(
        "Amounts that do not add up across the shop's own tables. A row is a finding about the shop's data:"
        " it stops no run and changes no other mart. Differences below the currency's minor unit are no"
        " differences."
    ),
    key=("difference_key",),
    columns=(
        Column("difference_key", "string", "`<kind>:<identifier>` of what it was found at", required=True),
        Column(
            "difference_date",
            "date",
            "Day of the order, or of the refund, in the shop's time zone; of the row's last change where the"
            " order is not there",
            required=True,
        ),
        Column("kind", "string", "What does not add up", required=True, allowed=KINDS),
        Column("order_id", "bigint", f"The order; {_SUBJECT}"),
        Column("order_line_id", "bigint", f"The order line; {_SUBJECT}"),
        Column("refund_id", "bigint", f"The refund; {_SUBJECT}"),
        Column("refund_line_id", "bigint", f"The refund line; {_SUBJECT}"),
        Column("payment_id", "bigint", f"The payment; {_SUBJECT}"),
        Column(
            "is_counted",
            "boolean",
            "The order counts as a sale; false where the order is not there",
            required=True,
        ),
        Column("currency", "string", "ISO 4217, of the `…_original` amounts; null when unknown"),
        Column("expected_currency", "string", "The order's currency, where the difference is the currency"),
        Column(
            "expected_amount_original",
            MONEY,
            "What the other rows come to, in `currency`; null when there is nothing to compare with",
        ),
        Column("found_amount_original", MONEY, "What the row says, in `currency`"),
        Column(
            "difference_amount_original",
            MONEY,
            "Found − expected, in `currency`; all of what was found when nothing could be expected",
        ),
        Column(
            "difference_amount",
            MONEY,
            "The same in the reporting currency, at the rate of the order's day; null without a rate",
        ),
        Column("expected_units", "bigint", "Units sold, for `refunded_units`"),
        Column("found_units", "bigint", "Units given back, for `refunded_units`"),
    ),
)
