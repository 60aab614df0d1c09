"""The marts, in business terms."""

from contracts.gold.amount_differences import AMOUNT_DIFFERENCES
from contracts.gold.cart_abandonment import CART_ABANDONMENT
from contracts.gold.channel_attribution import CHANNEL_ATTRIBUTION
from contracts.gold.customer_360 import CUSTOMER_360
from contracts.gold.daily_sales import DAILY_SALES
from contracts.gold.funnel_daily import FUNNEL_DAILY
from contracts.gold.order_lines import ORDER_LINES
from contracts.gold.order_trends import ORDER_TRENDS
from contracts.gold.orders import ORDERS
from contracts.gold.product_daily import PRODUCT_DAILY
from contracts.gold.refund_lines import REFUND_LINES
from contracts.gold.search_terms import SEARCH_TERMS
from contracts.gold.sessions import SESSIONS
from contracts.gold.tracking_coverage import TRACKING_COVERAGE

TABLES = (
    ORDERS,
    REFUND_LINES,
    ORDER_LINES,
    DAILY_SALES,
    PRODUCT_DAILY,
    FUNNEL_DAILY,
    CUSTOMER_360,
    ORDER_TRENDS,
    SESSIONS,
    CART_ABANDONMENT,
    SEARCH_TERMS,
    CHANNEL_ATTRIBUTION,
    TRACKING_COVERAGE,
    AMOUNT_DIFFERENCES,
)
