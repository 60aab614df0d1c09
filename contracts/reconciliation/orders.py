"""Orders, their lines and their refunds against the shop's."""

from __future__ import annotations

from contracts.reconciliation.words import Equality, Reason, Source, same

_LINES = "silver.order_lines l JOIN gold.orders o USING (order_id)"
_ORDERS = "silver.orders s JOIN gold.orders o USING (order_id)"
_REFUNDS = (
    "silver.refunds r JOIN gold.orders o USING (order_id)"
    " LEFT JOIN rates x ON x.currency = r.currency AND x.rate_date = o.order_date"
)
_REFUND_RATE = "CASE WHEN r.currency = o.currency THEN o.exchange_rate ELSE rated(r.currency, x.rate) END"
_LIVING_REFUND = "o.is_counted AND NOT r.is_deleted"
_TAX_OF_LINES = (
    "(SELECT order_id, sum(tax_amount) AS tax FROM silver.order_lines WHERE NOT is_deleted GROUP BY ALL)"
)
_TOTAL_OF_LINES = (
    "(SELECT refund_id, sum(amount + tax_amount) AS of_lines FROM silver.refund_lines"
    " WHERE NOT is_deleted GROUP BY ALL)"
)
_OWN_ORDER_TOTAL = (
    "s.total_amount - o.net_amount_original - coalesce(t.tax, 0) - s.shipping_amount - s.shipping_tax_amount"
)

ORDERS_AND_LINES = (
    Equality(
        "gold.orders",
        "the shop's orders",
        (
            Source(
                "silver.orders",
                {"rows": "1", "total_amount_original": "total_amount"},
                "NOT is_deleted",
                same("order_id"),
                "currency",
            ),
        ),
        currency="currency",
    ),
    Equality(
        "gold.orders",
        "the shop's orders, converted",
        (
            Source(
                _ORDERS,
                {
                    "shipping_amount": "converted(s.shipping_amount, o.exchange_rate)",
                    "shipping_tax": "converted(s.shipping_tax_amount, o.exchange_rate)",
                },
                "o.is_counted AND NOT s.is_deleted",
                {"order_id": "s.order_id"},
            ),
            Source(
                f"{_ORDERS} LEFT JOIN {_TAX_OF_LINES} t USING (order_id)",
                {"other_charges": f"converted({_OWN_ORDER_TOTAL}, o.exchange_rate)"},
                "o.is_counted AND NOT s.is_deleted",
                {"order_id": "s.order_id"},
            ),
        ),
        where="is_counted",
    ),
    Equality(
        "gold.orders",
        "their lines",
        (
            Source(
                "gold.order_lines",
                same("units", "gross_sales", "discounts", "net_amount", "line_tax", "net_amount_original"),
                key=same("order_id"),
                currency="currency",
            ),
        ),
        where="is_counted",
        currency="currency",
    ),
    Equality(
        "gold.orders",
        "orders placed",
        (Source("gold.orders", {"rows": "1"}, key=same("order_id")),),
        where="is_counted",
        reasons=(
            Reason(
                "gold.orders",
                {"rows": "1"},
                "NOT is_counted",
                same("order_id"),
                why="'excluded: ' || exclusion_reason",
            ),
        ),
    ),
    Equality(
        "gold.order_lines",
        "the shop's lines",
        (
            Source(
                "silver.order_lines",
                {"rows": "1", "units": "quantity"},
                "NOT is_deleted",
                same("order_line_id"),
            ),
        ),
        reasons=(
            Reason(
                "silver.order_lines l LEFT JOIN gold.orders o USING (order_id)",
                {"rows": "1", "units": "l.quantity"},
                "NOT l.is_deleted AND (o.order_id IS NULL OR NOT o.is_counted)",
                {"order_line_id": "l.order_line_id"},
                why="CASE WHEN o.order_id IS NULL THEN 'of an order that is not there'"
                " ELSE 'of excluded orders: ' || o.exclusion_reason END",
            ),
        ),
    ),
    Equality(
        "gold.order_lines",
        "the shop's lines, without discounts and the tax in them",
        (
            Source(
                f"{_LINES} JOIN silver.orders s USING (order_id)",
                {
                    "net_amount_original": "half_even(l.unit_price_amount * l.quantity,"
                    " places_of(o.currency)) - l.discount_amount"
                    " - CASE WHEN s.prices_include_tax THEN l.tax_amount ELSE 0 END"
                },
                "o.is_counted AND NOT l.is_deleted",
                {"order_id": "o.order_id"},
                "o.currency",
            ),
            Source(
                f"{_ORDERS} SEMI JOIN gold.order_lines l USING (order_id)",
                {"net_amount_original": "-s.discount_amount"},
                "o.is_counted",
                {"order_id": "o.order_id"},
                "o.currency",
            ),
        ),
        currency="currency",
    ),
    Equality(
        "gold.order_lines",
        "the shop's lines, converted",
        (
            Source(
                _LINES,
                {"line_tax": "converted(l.tax_amount, o.exchange_rate)"},
                "o.is_counted AND NOT l.is_deleted",
                {"order_line_id": "l.order_line_id"},
            ),
            Source(
                "gold.order_lines l JOIN gold.orders o USING (order_id)",
                {"net_amount": "converted(l.net_amount_original, o.exchange_rate)"},
                key={"order_line_id": "l.order_line_id"},
            ),
            Source(
                "gold.order_lines l LEFT JOIN rates x ON x.currency = l.unit_cost_currency"
                " AND x.rate_date = l.order_date",
                {"cost_of_goods": "converted(unit_cost_amount * units, rated(unit_cost_currency, x.rate))"},
                "unit_cost_amount IS NOT NULL",
                {"order_line_id": "l.order_line_id"},
            ),
            Source(
                "gold.order_lines",
                {"product_margin": "net_sales_by_order_date - cost_of_goods"},
                key=same("order_line_id"),
            ),
        ),
    ),
    Equality(
        "gold.order_lines",
        "orders and refunds",
        (
            Source("gold.orders", {"net_sales_by_order_date": "net_amount"}, "is_counted", same("order_id")),
            Source(
                "gold.refund_lines",
                {
                    "returns_by_order_date": "returned_amount",
                    "net_sales_by_order_date": "-returned_amount",
                    "returned_units": "units",
                },
                key=same("order_id"),
            ),
        ),
        reasons=(
            Reason(
                "gold.refund_lines r ANTI JOIN gold.order_lines l USING (order_line_id)",
                {
                    "returns_by_order_date": "returned_amount",
                    "net_sales_by_order_date": "-returned_amount",
                    "returned_units": "units",
                },
                key=same("order_id"),
                why="'refunded without a line that is there'",
            ),
        ),
    ),
)

REFUND_LINES = (
    Equality(
        "gold.refund_lines",
        "the shop's refund lines",
        (
            Source(
                "silver.refund_lines",
                {"rows": "1", "units": "quantity"},
                "NOT is_deleted",
                {"refund_line_key": "'line:' || refund_line_id"},
            ),
        ),
        where="kind = 'line'",
        reasons=(
            Reason(
                "silver.refund_lines l"
                " LEFT JOIN (SELECT * FROM silver.refunds WHERE NOT is_deleted) r USING (refund_id)"
                " LEFT JOIN gold.orders o USING (order_id)",
                {"rows": "1", "units": "l.quantity"},
                "NOT l.is_deleted AND (o.order_id IS NULL OR NOT o.is_counted)",
                {"refund_line_key": "'line:' || l.refund_line_id"},
                why="CASE WHEN r.refund_id IS NULL THEN 'of a refund that is not there'"
                " WHEN o.order_id IS NULL THEN 'of an order that is not there'"
                " ELSE 'of excluded orders: ' || o.exclusion_reason END",
            ),
        ),
    ),
    Equality(
        "gold.refund_lines",
        "the shop's refunds, converted",
        (
            Source(
                f"{_REFUNDS} JOIN silver.refund_lines l USING (refund_id)",
                {
                    "returned_amount": f"converted(l.amount, {_REFUND_RATE})",
                    "returned_tax": f"converted(l.tax_amount, {_REFUND_RATE})",
                },
                f"{_LIVING_REFUND} AND NOT l.is_deleted",
                {"refund_id": "r.refund_id"},
            ),
            Source(
                f"{_REFUNDS} LEFT JOIN {_TOTAL_OF_LINES} t USING (refund_id)",
                {
                    "returned_amount": "converted(greatest(0, r.total_amount - coalesce(t.of_lines, 0)"
                    f" - r.shipping_amount - r.shipping_tax_amount), {_REFUND_RATE})",
                    "returned_tax": f"converted(r.shipping_tax_amount, {_REFUND_RATE})",
                    "returned_shipping": f"converted(r.shipping_amount, {_REFUND_RATE})",
                },
                _LIVING_REFUND,
                {"refund_id": "r.refund_id"},
            ),
        ),
    ),
)
