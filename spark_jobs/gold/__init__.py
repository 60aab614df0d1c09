"""From silver to gold: one function per mart, called with its inputs by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspark.sql import DataFrame

from spark_jobs.gold import (
    amount_differences,
    cart_abandonment,
    channel_attribution,
    customer_360,
    daily_sales,
    funnel_daily,
    order_lines,
    order_trends,
    orders,
    product_daily,
    refund_lines,
    search_terms,
    sessions,
    tracking_coverage,
)

BUILD: Mapping[str, Callable[..., DataFrame]] = {
    "orders": orders.build,
    "refund_lines": refund_lines.build,
    "order_lines": order_lines.build,
    "daily_sales": daily_sales.build,
    "product_daily": product_daily.build,
    "funnel_daily": funnel_daily.build,
    "customer_360": customer_360.build,
    "order_trends": order_trends.build,
    "sessions": sessions.build,
    "cart_abandonment": cart_abandonment.build,
    "search_terms": search_terms.build,
    "channel_attribution": channel_attribution.build,
    "tracking_coverage": tracking_coverage.build,
    "amount_differences": amount_differences.build,
}
