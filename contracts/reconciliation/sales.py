"""Sales per day, period, customer and product against orders, lines and refunds."""

from __future__ import annotations

from contracts.reconciliation.words import Equality, Reason, Source, same

_ORDER_DAY = {"sales_date": "order_date", "sales_channel": "sales_channel"}
_REFUND_DAY = {"sales_date": "refund_date", "sales_channel": "sales_channel"}
SALES = (
    Equality(
        "gold.daily_sales",
        "orders and refunds",
        (
            Source(
                "gold.orders",
                {
                    "placed_orders": "CASE WHEN is_counted OR exclusion_reason <> 'test' THEN 1 ELSE 0 END",
                    "excluded_orders": "CASE WHEN is_counted THEN 0 ELSE 1 END",
                    **{
                        figure: f"CASE WHEN exclusion_reason = '{reason}' THEN 1 ELSE 0 END"
                        for figure, reason in (
                            ("excluded_test_orders", "test"),
                            ("excluded_failed_orders", "failed"),
                            ("excluded_cancelled_orders", "cancelled_before_payment"),
                        )
                    },
                },
                key=_ORDER_DAY,
            ),
            Source(
                "gold.orders",
                {
                    "orders": "1",
                    **same("units", "gross_sales", "discounts", "other_charges"),
                    "net_sales": "net_amount",
                    "tax": "line_tax + shipping_tax",
                    "shipping": "shipping_amount",
                    "total_sales": "net_amount + line_tax + shipping_tax + shipping_amount + other_charges",
                    "net_sales_by_order_date": "net_amount",
                    "new_customers": "CASE WHEN is_first_order THEN 1 ELSE 0 END",
                    "new_customer_sales": "CASE WHEN is_first_order THEN net_amount ELSE 0 END",
                    "returning_customer_sales": "CASE WHEN is_first_order THEN 0 ELSE net_amount END",
                },
                "is_counted",
                _ORDER_DAY,
            ),
            Source(
                "gold.refund_lines",
                {
                    "returns": "returned_amount",
                    "refunds_without_goods": "CASE WHEN kind = 'rest' THEN returned_amount ELSE 0 END",
                    "net_sales": "-returned_amount",
                    "tax": "-returned_tax",
                    "shipping": "-returned_shipping",
                    "total_sales": "-returned_amount - returned_tax - returned_shipping",
                },
                key=_REFUND_DAY,
            ),
            Source(
                "gold.refund_lines",
                {"returns_by_order_date": "returned_amount", "net_sales_by_order_date": "-returned_amount"},
                key=_ORDER_DAY,
            ),
        ),
    ),
    *(
        Equality(
            "gold.order_trends",
            f"daily_sales, by {period}",
            (
                Source(
                    "gold.daily_sales",
                    same("orders", "gross_sales", "net_sales"),
                    key={"period_start_date": f"CAST(date_trunc('{period}', sales_date) AS DATE)"},
                ),
            ),
            where=f"period = '{period}'",
        )
        for period in ("week", "month")
    ),
    Equality(
        "gold.customer_360",
        "orders and refunds",
        (
            Source(
                "gold.orders",
                {"orders": "1", **same("gross_sales", "discounts"), "net_sales": "net_amount"},
                "is_counted",
                same("person_id"),
            ),
            Source(
                "gold.refund_lines r JOIN gold.orders o USING (order_id)",
                {"returns": "r.returned_amount", "net_sales": "-r.returned_amount"},
                key={"person_id": "o.person_id"},
            ),
            Source("gold.order_lines", same("product_margin"), key=same("person_id")),
        ),
    ),
    Equality(
        "gold.product_daily",
        "lines and refunds",
        (
            Source(
                "gold.order_lines",
                {
                    **same("units", "gross_sales", "discounts", "product_margin"),
                    "net_sales": "net_amount",
                },
                key={"sales_date": "order_date", "product_id": "product_id"},
            ),
            Source(
                "gold.refund_lines",
                {"returns": "returned_amount", "net_sales": "-returned_amount"},
                key={"sales_date": "refund_date", "product_id": "product_id"},
            ),
            Source(
                "(SELECT DISTINCT order_date, product_id, order_id FROM gold.order_lines)",
                {"purchases": "1"},
                key={"sales_date": "order_date", "product_id": "product_id"},
            ),
            Source(
                "(SELECT DISTINCT l.order_date, l.product_id, l.order_id FROM gold.order_lines l"
                " JOIN gold.orders o USING (order_id) WHERE o.session_id IS NOT NULL)",
                {"cart_orders": "1"},
                key={"sales_date": "order_date", "product_id": "product_id"},
            ),
        ),
        reasons=(
            Reason(
                "gold.order_lines",
                {
                    **same("units", "gross_sales", "discounts", "product_margin"),
                    "net_sales": "net_amount",
                },
                "product_id IS NULL",
                {"sales_date": "order_date", "product_id": "product_id"},
                why="'lines without a product'",
            ),
            Reason(
                "(SELECT DISTINCT l.order_date, l.order_id, o.session_id FROM gold.order_lines l"
                " JOIN gold.orders o USING (order_id) WHERE l.product_id IS NULL)",
                {"purchases": "1", "cart_orders": "CASE WHEN session_id IS NULL THEN 0 ELSE 1 END"},
                key={"sales_date": "order_date", "product_id": "NULL"},
                why="'lines without a product'",
            ),
            Reason(
                "gold.refund_lines",
                {"returns": "returned_amount", "net_sales": "-returned_amount"},
                "product_id IS NULL",
                {"sales_date": "refund_date", "product_id": "product_id"},
                why="'refunds without a product'",
            ),
        ),
    ),
)
