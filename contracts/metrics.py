"""The figures of the marts: one definition each, used by every mart that has the figure."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.model import Column

MONEY = "decimal(28,4)"
COUNT = "bigint"
SHARE = "decimal(18,6)"


@dataclass(frozen=True)
class Metric:
    """A figure: its meaning, its type, and how it is aggregated over rows.

    A figure that is not additive is either a ratio of the sums of two additive expressions,
    or it cannot be aggregated at all.
    """

    name: str
    type: str
    doc: str
    is_additive: bool = True
    ratio: tuple[str, str] | None = (
        None  # numerator and denominator: sums and differences of additive figures
    )

    @property
    def label(self) -> str:
        """Human-readable name."""
        return self.name.replace("_", " ").capitalize()


_REPORTING = "in the reporting currency"

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("placed_orders", COUNT, "Orders placed, test orders left out"),
        Metric("orders", COUNT, "Counted orders: placed, minus those cancelled before payment or failed"),
        Metric("excluded_orders", COUNT, "Orders that do not count: test, failed, cancelled before payment"),
        Metric("excluded_test_orders", COUNT, "Orders left out because they or their customer are tests"),
        Metric("excluded_failed_orders", COUNT, "Orders left out because they failed"),
        Metric(
            "excluded_cancelled_orders", COUNT, "Orders left out because they were cancelled before payment"
        ),
        Metric("units", COUNT, "Pieces sold in counted orders"),
        Metric(
            "gross_sales",
            MONEY,
            "Unit price × quantity before discounts, without tax and shipping; out of a price with tax goes"
            f" the share that the line's recorded tax is of what was paid for it, {_REPORTING}",
        ),
        Metric(
            "discounts",
            MONEY,
            "Line discounts and the line's share of order discounts, without tax, which is taken out of them"
            f" as out of gross_sales, {_REPORTING}",
        ),
        Metric(
            "returns",
            MONEY,
            "Refunded by the day of the refund, refunds_without_goods included, without tax and shipping,"
            f" {_REPORTING}",
        ),
        Metric(
            "refunds_without_goods",
            MONEY,
            "Refunded beyond the refund's lines and shipping, such as goodwill or an amount without lines;"
            f" inside returns, by the day of the refund, {_REPORTING}",
        ),
        Metric("net_sales", MONEY, f"gross_sales − discounts − returns, {_REPORTING}"),
        Metric(
            "tax",
            MONEY,
            f"Tax charged on the order's day minus tax refunded on the refund's day, {_REPORTING}",
        ),
        Metric("shipping", MONEY, f"Shipping charged minus shipping refunded, without tax, {_REPORTING}"),
        Metric(
            "other_charges",
            MONEY,
            "What an order's total holds beyond its lines, their tax and its shipping: fees, tips, wrapping;"
            f" below zero where the total is less than they come to, {_REPORTING}",
        ),
        Metric("total_sales", MONEY, f"net_sales + tax + shipping + other_charges, {_REPORTING}"),
        Metric(
            "returns_by_order_date",
            MONEY,
            f"Refunded so far of the orders of this day, without tax and shipping, {_REPORTING}",
        ),
        Metric(
            "net_sales_by_order_date", MONEY, f"gross_sales − discounts − returns_by_order_date, {_REPORTING}"
        ),
        Metric(
            "average_order_value",
            MONEY,
            f"(gross_sales − discounts) ÷ orders, {_REPORTING}",
            is_additive=False,
            ratio=("gross_sales - discounts", "orders"),
        ),
        Metric(
            "median_order_value",
            MONEY,
            f"Median of gross_sales − discounts per order, {_REPORTING}",
            is_additive=False,
        ),
        Metric("new_customers", COUNT, "Persons whose first counted order ever falls here, guests included"),
        Metric(
            "returning_customers",
            COUNT,
            "Persons with a counted order here that is not their first",
            is_additive=False,
        ),
        Metric("new_customer_sales", MONEY, f"gross_sales − discounts of first orders, {_REPORTING}"),
        Metric("returning_customer_sales", MONEY, f"gross_sales − discounts of later orders, {_REPORTING}"),
        Metric("cost_of_goods", MONEY, f"Unit cost valid at the time of sale × quantity, {_REPORTING}"),
        Metric(
            "product_margin",
            MONEY,
            f"gross_sales − discounts − returns by order date − cost_of_goods, {_REPORTING}",
        ),
        Metric("views", COUNT, "Product Viewed events that name the product, bots' sessions left out"),
        Metric("cart_adds", COUNT, "Product Added events that name the product, bots' sessions left out"),
        Metric("purchases", COUNT, "Counted orders with this product"),
        Metric("cart_orders", COUNT, "Counted orders with this product that a session reports"),
        Metric(
            "view_to_cart_rate",
            SHARE,
            "cart_adds ÷ views; null without views",
            is_additive=False,
            ratio=("cart_adds", "views"),
        ),
        Metric(
            "cart_to_order_rate",
            SHARE,
            "cart_orders ÷ cart_adds; null without cart_adds",
            is_additive=False,
            ratio=("cart_orders", "cart_adds"),
        ),
        Metric("sessions", COUNT, "Visits, cut at 30 minutes idle, bots left out"),
        Metric("product_view_sessions", COUNT, "Sessions that viewed a product"),
        Metric("cart_sessions", COUNT, "Sessions that added a product to a cart"),
        Metric("checkout_sessions", COUNT, "Sessions that started a checkout"),
        Metric(
            "purchase_sessions",
            COUNT,
            "Sessions with a counted order of the shop's database; an order has one session",
        ),
        Metric(
            "conversion_rate",
            SHARE,
            "purchase_sessions ÷ sessions; null without sessions",
            is_additive=False,
            ratio=("purchase_sessions", "sessions"),
        ),
        Metric("searches", COUNT, "Products Searched events, bots left out"),
        Metric("zero_result_searches", COUNT, "Searches that found nothing, as far as their sender says so"),
        Metric(
            "clicked_searches",
            COUNT,
            "Searches followed by a Product Clicked or Viewed in the same visit, before the next search",
        ),
        Metric(
            "ordered_searches",
            COUNT,
            "Searches followed by the first report of a counted order in the same session, placed after them",
        ),
        Metric(
            "search_click_rate",
            SHARE,
            "clicked_searches ÷ searches; null without searches",
            is_additive=False,
            ratio=("clicked_searches", "searches"),
        ),
        Metric("attributed_orders", SHARE, "Shares of counted orders, by the order's day"),
        Metric(
            "attributed_sales",
            MONEY,
            "Shares of gross_sales − discounts − everything refunded so far of an order, by the order's day,"
            f" {_REPORTING}",
        ),
        Metric("spend", MONEY, f"What advertising cost, {_REPORTING}"),
        Metric(
            "roas",
            SHARE,
            "Return on advertising spend: attributed_sales ÷ spend; null without spend",
            is_additive=False,
            ratio=("attributed_sales", "spend"),
        ),
        Metric("tracked_orders", COUNT, "Counted orders that a session reports"),
        Metric("untracked_orders", COUNT, "Counted orders that no session reports"),
        Metric("unknown_purchases", COUNT, "Orders that a session reports and the shop does not have"),
        Metric(
            "mismatched_orders",
            COUNT,
            "Tracked orders whose first report claims another total or currency than the shop's; a claim that"
            " is not there or cannot be read is none",
        ),
        Metric("untracked_sales", MONEY, f"gross_sales − discounts of untracked orders, {_REPORTING}"),
        Metric(
            "tracking_rate",
            SHARE,
            "tracked_orders ÷ orders; null without orders",
            is_additive=False,
            ratio=("tracked_orders", "orders"),
        ),
    )
}


def metric(name: str, *, required: bool = True) -> Column:
    """Return the column of a figure, with its one definition.

    Raises:
        KeyError: for a figure that the catalogue does not define.
    """
    found = METRICS[name]
    return Column(found.name, found.type, found.doc, required=required)
