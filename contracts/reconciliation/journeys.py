"""Sessions, and the figures built from them, against orders."""

from __future__ import annotations

from contracts.gold.channel_attribution import MODELS
from contracts.reconciliation.words import Equality, Source, same

JOURNEYS = (
    Equality(
        "gold.sessions",
        "orders with a session",
        (
            Source(
                "gold.orders",
                {"orders": "1", "net_amount": "net_amount"},
                "is_counted AND session_id IS NOT NULL",
                same("session_id"),
            ),
        ),
        where="NOT is_bot",
    ),
    Equality(
        "gold.funnel_daily",
        "sessions of people",
        (
            Source(
                "gold.sessions",
                {
                    "sessions": "1",
                    **{
                        f"{step}_sessions": f"CASE WHEN {count} > 0 THEN 1 ELSE 0 END"
                        for step, count in (
                            ("product_view", "product_view_count"),
                            ("cart", "cart_add_count"),
                            ("checkout", "checkout_count"),
                            ("purchase", "orders"),
                        )
                    },
                },
                "NOT is_bot",
                same("session_date", "channel", "device"),
            ),
        ),
    ),
    Equality(
        "gold.tracking_coverage",
        "orders",
        (
            Source(
                "gold.orders",
                {
                    "orders": "1",
                    "tracked_orders": "CASE WHEN session_id IS NULL THEN 0 ELSE 1 END",
                    "untracked_orders": "CASE WHEN session_id IS NULL THEN 1 ELSE 0 END",
                    "untracked_sales": "CASE WHEN session_id IS NULL THEN net_amount ELSE 0 END",
                },
                "is_counted",
                {"coverage_date": "order_date", "sales_channel": "sales_channel"},
            ),
        ),
    ),
    *(
        Equality(
            "gold.channel_attribution",
            f"orders, refunds and spend, by {model}",
            (
                Source(
                    "gold.orders",
                    {"attributed_orders": "1", "attributed_sales": "net_amount"},
                    "is_counted",
                    {"sales_date": "order_date"},
                ),
                Source(
                    "gold.refund_lines",
                    {"attributed_sales": "-returned_amount"},
                    key={"sales_date": "order_date"},
                ),
                Source(
                    "silver.marketing_spend s"
                    " LEFT JOIN rates x ON x.currency = s.currency AND x.rate_date = s.spend_date",
                    {"spend": "converted(s.amount, rated(s.currency, x.rate))"},
                    "NOT s.is_deleted",
                    {"sales_date": "s.spend_date"},
                ),
            ),
            where=f"model = '{model}'",
        )
        for model in MODELS
    ),
    Equality(
        "gold.cart_abandonment",
        "carts bought by a counted order",
        (
            Source(
                "gold.cart_abandonment c JOIN gold.orders o USING (order_id)",
                {"rows": "1"},
                "o.is_counted",
                {"cart_id": "c.cart_id"},
            ),
        ),
        where="order_id IS NOT NULL",
    ),
)
