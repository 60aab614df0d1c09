"""From bronze to silver: one function per table, rows in, rows out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspark.sql import DataFrame

from spark_jobs.columns.context import Context
from spark_jobs.silver import (
    address_contacts,
    addresses,
    categories,
    category_versions,
    coupons,
    customer_contacts,
    customer_versions,
    customers,
    event_products,
    events,
    exchange_rates,
    identity_map,
    identity_merges,
    inventory_levels,
    marketing_spend,
    order_contacts,
    order_lines,
    orders,
    payments,
    person_distinct_ids,
    product_costs,
    product_versions,
    products,
    refund_lines,
    refunds,
    sessions,
    shipments,
)

# Silver tables fed by a source, with one output row per input row.
CLEAN: Mapping[str, Callable[[DataFrame, Context], DataFrame]] = {
    "address_contacts": address_contacts.clean,
    "addresses": addresses.clean,
    "categories": categories.clean,
    "category_versions": category_versions.clean,
    "coupons": coupons.clean,
    "customer_contacts": customer_contacts.clean,
    "customer_versions": customer_versions.clean,
    "customers": customers.clean,
    "events": events.clean,
    "exchange_rates": exchange_rates.clean,
    "inventory_levels": inventory_levels.clean,
    "marketing_spend": marketing_spend.clean,
    "order_contacts": order_contacts.clean,
    "order_lines": order_lines.clean,
    "orders": orders.clean,
    "payments": payments.clean,
    "person_distinct_ids": person_distinct_ids.clean,
    "product_costs": product_costs.clean,
    "product_versions": product_versions.clean,
    "products": products.clean,
    "refund_lines": refund_lines.clean,
    "refunds": refunds.clean,
    "shipments": shipments.clean,
}

# Silver tables derived from silver tables, called with their inputs by name.
DERIVE: Mapping[str, Callable[..., DataFrame]] = {
    "event_products": event_products.derive,
    "identity_merges": identity_merges.derive,
    "identity_map": identity_map.derive,
    "sessions": sessions.derive,
}
