"""Sales per week and month, compared with earlier periods."""

from __future__ import annotations

from contracts.metrics import COUNT, MONEY, SHARE, metric
from contracts.model import Column, Layer, Table

ORDER_TRENDS = Table(
    name="order_trends",
    layer=Layer.GOLD,
    inputs=("gold.daily_sales",),
    grain="one row per period, week (from Monday) or month, from the first day with sales to the last",
    doc="Totals per period. A period that is not over is compared with as many days of the other.",
    key=("period", "period_start_date"),
    columns=(
        Column("period", "string", "week or month", required=True, allowed=("week", "month")),
        Column("period_start_date", "date", "First day", required=True),
        Column("period_end_date", "date", "Last day", required=True),
        Column(
            "days_elapsed",
            COUNT,
            "Days of it that have passed, today included, when the mart was built",
            required=True,
        ),
        metric("orders"),
        metric("gross_sales"),
        metric("net_sales"),
        metric("average_order_value", required=False),
        Column(
            "net_sales_moving_average",
            MONEY,
            "Mean of this and the three periods before; null while there are fewer or it is not over",
        ),
        Column(
            "orders_previous",
            COUNT,
            "Orders of the period before, over as many days; null unless sales began by then",
        ),
        Column(
            "net_sales_previous",
            MONEY,
            "Net sales of the period before, over as many days; null unless sales began by then",
        ),
        Column(
            "net_sales_change_share",
            SHARE,
            "Change against net_sales_previous; null when that is null or zero",
        ),
        Column(
            "orders_year_before",
            COUNT,
            "Orders a year (weeks: 364 days) before, over as many days; null unless sales began by then",
        ),
        Column(
            "net_sales_year_before",
            MONEY,
            "Net sales a year (weeks: 364 days) before, over as many days; null unless sales began by then",
        ),
        Column(
            "net_sales_year_change_share",
            SHARE,
            "Change against net_sales_year_before; null when that is null or zero",
        ),
        Column(
            "is_complete",
            "boolean",
            "The period is over and its late-data allowance has passed",
            required=True,
        ),
    ),
)
