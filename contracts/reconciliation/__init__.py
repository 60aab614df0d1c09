"""Sources that the figures of marts must equal: one per figure, as DuckDB reads the lake.

Sources are SQL in the lake's own table names (`gold.orders`, `silver.refunds`). Besides DuckDB's functions,
they may use those defined by `spark_jobs/reconcile/equalities.py`, such as `converted(amount, rate)`.
"""

from __future__ import annotations

from collections.abc import Mapping

from contracts.reconciliation.journeys import JOURNEYS
from contracts.reconciliation.orders import ORDERS_AND_LINES, REFUND_LINES
from contracts.reconciliation.sales import SALES

EQUALITIES = (*ORDERS_AND_LINES, *REFUND_LINES, *SALES, *JOURNEYS)

# Figures without a source to equal, each with the reason.
NOT_RECONCILED: Mapping[str, str] = {
    "gold.order_lines.unit_cost_amount": "a price per unit, not to be added up; cost_of_goods is reconciled",
    "gold.cart_abandonment.cart_value": "what events claim; the shop's database has no carts",
    "gold.product_daily.views": "counted from events, which are compared with messages",
    "gold.product_daily.cart_adds": "counted from events, which are compared with messages",
    "gold.search_terms.searches": "counted from events, which are compared with messages",
    "gold.search_terms.zero_result_searches": "counted from events, which are compared with messages",
    "gold.search_terms.clicked_searches": "counted from events, which are compared with messages",
    "gold.search_terms.ordered_searches": "what follows a search, which nothing else holds",
    "gold.tracking_coverage.unknown_purchases": "orders that the shop does not have",
    "gold.tracking_coverage.mismatched_orders": "a claim of events beside the shop's total",
    **{
        f"gold.order_trends.net_sales_{name}": "other rows of this mart beside a row; net_sales is reconciled"
        for name in ("moving_average", "previous", "year_before")
    },
    **{
        f"gold.amount_differences.{name}": "names what does not add up, so there is nothing for it to equal"
        for name in (
            *("expected_amount_original", "found_amount_original", "difference_amount_original"),
            "difference_amount",
        )
    },
}
