"""Clean, typed, deduplicated: one table per entity."""

from contracts.silver.address_contacts import ADDRESS_CONTACTS
from contracts.silver.addresses import ADDRESSES
from contracts.silver.categories import CATEGORIES
from contracts.silver.category_versions import CATEGORY_VERSIONS
from contracts.silver.coupons import COUPONS
from contracts.silver.customer_contacts import CUSTOMER_CONTACTS
from contracts.silver.customer_versions import CUSTOMER_VERSIONS
from contracts.silver.customers import CUSTOMERS
from contracts.silver.event_products import EVENT_PRODUCTS
from contracts.silver.events import EVENTS
from contracts.silver.exchange_rates import EXCHANGE_RATES
from contracts.silver.identity_map import IDENTITY_MAP
from contracts.silver.identity_merges import IDENTITY_MERGES
from contracts.silver.inventory_levels import INVENTORY_LEVELS
from contracts.silver.marketing_spend import MARKETING_SPEND
from contracts.silver.order_contacts import ORDER_CONTACTS
from contracts.silver.order_lines import ORDER_LINES
from contracts.silver.orders import ORDERS
from contracts.silver.payments import PAYMENTS
from contracts.silver.person_distinct_ids import PERSON_DISTINCT_IDS
from contracts.silver.product_costs import PRODUCT_COSTS
from contracts.silver.product_versions import PRODUCT_VERSIONS
from contracts.silver.products import PRODUCTS
from contracts.silver.refund_lines import REFUND_LINES
from contracts.silver.refunds import REFUNDS
from contracts.silver.sessions import SESSIONS
from contracts.silver.shipments import SHIPMENTS

TABLES = (
    CUSTOMERS,
    CUSTOMER_CONTACTS,
    CUSTOMER_VERSIONS,
    ADDRESSES,
    ADDRESS_CONTACTS,
    CATEGORIES,
    CATEGORY_VERSIONS,
    PRODUCTS,
    PRODUCT_VERSIONS,
    PRODUCT_COSTS,
    INVENTORY_LEVELS,
    COUPONS,
    ORDERS,
    ORDER_CONTACTS,
    ORDER_LINES,
    PAYMENTS,
    REFUNDS,
    REFUND_LINES,
    SHIPMENTS,
    EXCHANGE_RATES,
    MARKETING_SPEND,
    EVENTS,
    EVENT_PRODUCTS,
    PERSON_DISTINCT_IDS,
    IDENTITY_MERGES,
    IDENTITY_MAP,
    SESSIONS,
)
