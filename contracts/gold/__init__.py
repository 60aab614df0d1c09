"""The marts: the business' words."""

from contracts.gold.customer_360 import CUSTOMER_360
from contracts.gold.daily_sales import DAILY_SALES
from contracts.gold.funnel_daily import FUNNEL_DAILY
from contracts.gold.order_lines import ORDER_LINES
from contracts.gold.order_trends import ORDER_TRENDS
from contracts.gold.orders import ORDERS
from contracts.gold.product_daily import PRODUCT_DAILY
from contracts.gold.refund_lines import REFUND_LINES

TABLES = (
    ORDERS,
    REFUND_LINES,
    ORDER_LINES,
    DAILY_SALES,
    PRODUCT_DAILY,
    FUNNEL_DAILY,
    CUSTOMER_360,
    ORDER_TRENDS,
)
