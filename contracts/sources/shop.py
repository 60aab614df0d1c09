"""The shop's MySQL tables, as far as we rely on them: what the ingest reads and drift is measured against."""

from __future__ import annotations

from contracts.model import Column, Layer, Pii, Table


CUSTOMERS = Table(
    name="customers",
    layer=Layer.SHOP,
    grain="one row per account",
    doc="The shop's `customers` table.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        Column("id", "bigint unsigned", "Identifier given by the shop", required=True),
        Column("email", "varchar(255)", "E-mail address as typed", pii=Pii.DIRECT),
        Column("first_name", "varchar(100)", "First name", pii=Pii.DIRECT),
        Column("last_name", "varchar(100)", "Last name", pii=Pii.DIRECT),
        Column("phone", "varchar(40)", "Phone", pii=Pii.DIRECT),
        Column("locale", "varchar(10)", "Locale", required=True),
        Column("country_code", "char(2)", "ISO 3166-1 alpha-2"),
        Column("accepts_marketing", "tinyint(1)", "Accepts marketing", required=True),
        Column("is_test", "tinyint(1)", "Staff and test accounts", required=True),
        Column("created_at", "datetime(6)", "When the row was made, UTC", required=True),
        Column("updated_at", "datetime(6)", "When the row last changed, UTC", required=True),
    ),
)


ADDRESSES = Table(
    name="addresses",
    layer=Layer.SHOP,
    grain="one row per address",
    doc="The shop's `addresses` table.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        Column("id", "bigint unsigned", "Identifier given by the shop", required=True),
        Column("customer_id", "bigint unsigned", "Null for a guest"),
        Column("kind", "enum('shipping','billing')", "Kind", required=True),
        Column("name", "varchar(200)", "Name", required=True, pii=Pii.DIRECT),
        Column("line1", "varchar(200)", "Line1", required=True, pii=Pii.DIRECT),
        Column("line2", "varchar(200)", "Line2", pii=Pii.DIRECT),
        Column("postal_code", "varchar(20)", "Postal code", pii=Pii.DIRECT),
        Column("city", "varchar(100)", "City", required=True),
        Column("region", "varchar(100)", "Region"),
        Column("country_code", "char(2)", "ISO 3166-1 alpha-2", required=True),
        Column("created_at", "datetime(6)", "When the row was made, UTC", required=True),
        Column("updated_at", "datetime(6)", "When the row last changed, UTC", required=True),
    ),
)


CATEGORIES = Table(
    name="categories",
    layer=Layer.SHOP,
    grain="one row per category",
    doc="The shop's `categories` table.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        Column("id", "int unsigned", "Identifier given by the shop", required=True),
        Column("parent_id", "int unsigned", "Parent id"),
        Column("name", "varchar(150)", "Name", required=True),
        Column("slug", "varchar(150)", "Slug", required=True),
        Column("created_at", "datetime(6)", "When the row was made, UTC", required=True),
        Column("updated_at", "datetime(6)", "When the row last changed, UTC", required=True),
    ),
)


PRODUCTS = Table(
    name="products",
    layer=Layer.SHOP,
    grain="one row per product",
    doc="The shop's `products` table.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        Column("id", "bigint unsigned", "Identifier given by the shop", required=True),
        Column("sku", "varchar(64)", "Sku", required=True),
        Column("name", "varchar(255)", "Name", required=True),
        Column("brand", "varchar(120)", "Brand"),
        Column("category_id", "int unsigned", "Category id"),
        Column("price", "decimal(12,2)", "List price in the shop currency", required=True),
        Column("currency", "char(3)", "ISO 4217", required=True),
        Column("attributes", "json", "Attributes"),
        Column("is_active", "tinyint(1)", "Is active", required=True),
        Column("created_at", "datetime(6)", "When the row was made, UTC", required=True),
        Column("updated_at", "datetime(6)", "When the row last changed, UTC", required=True),
    ),
)


PRODUCT_COSTS = Table(
    name="product_costs",
    layer=Layer.SHOP,
    grain="one row per product and span of validity",
    doc="The shop's `product_costs` table.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        Column("id", "bigint unsigned", "Identifier given by the shop", required=True),
        Column("product_id", "bigint unsigned", "The product", required=True),
        Column("unit_cost", "decimal(14,4)", "Unit cost", required=True),
        Column("currency", "char(3)", "ISO 4217", required=True),
        Column("valid_from", "datetime(6)", "Valid from", required=True),
        Column("valid_to", "datetime(6)", "Exclusive; null while it is the current cost"),
        Column("updated_at", "datetime(6)", "When the row last changed, UTC", required=True),
    ),
)


INVENTORY_LEVELS = Table(
    name="inventory_levels",
    layer=Layer.SHOP,
    grain="one row per product and location",
    doc="The shop's `inventory_levels` table.",
    key=(
        "product_id",
        "location",
    ),
    newest_by=("updated_at",),
    columns=(
        Column("product_id", "bigint unsigned", "The product", required=True),
        Column("location", "varchar(40)", "Location", required=True),
        Column("on_hand", "int", "May go below zero when oversold", required=True),
        Column("reserved", "int unsigned", "Reserved", required=True),
        Column("updated_at", "datetime(6)", "When the row last changed, UTC", required=True),
    ),
)


COUPONS = Table(
    name="coupons",
    layer=Layer.SHOP,
    grain="one row per coupon",
    doc="The shop's `coupons` table.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        Column("id", "int unsigned", "Identifier given by the shop", required=True),
        Column("code", "varchar(64)", "Code", required=True),
        Column("kind", "enum('percent','fixed')", "Kind", required=True),
        Column("value", "decimal(12,2)", "Value", required=True),
        Column("currency", "char(3)", "Null for percent"),
        Column("usage_limit", "int unsigned", "Usage limit"),
        Column("valid_from", "datetime(6)", "Valid from"),
        Column("valid_to", "datetime(6)", "Valid to"),
        Column("created_at", "datetime(6)", "When the row was made, UTC", required=True),
        Column("updated_at", "datetime(6)", "When the row last changed, UTC", required=True),
    ),
)


ORDERS = Table(
    name="orders",
    layer=Layer.SHOP,
    grain="one row per order",
    doc="The shop's `orders` table.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        Column("id", "bigint unsigned", "Identifier given by the shop", required=True),
        Column("order_number", "varchar(32)", "Order number", required=True),
        Column("customer_id", "bigint unsigned", "Null for a guest"),
        Column("email", "varchar(255)", "As typed at checkout", pii=Pii.DIRECT),
        Column(
            "status",
            "enum('placed','paid','shipped','delivered','cancelled','failed')",
            "Where it is in its life",
            required=True,
        ),
        Column("sales_channel", "varchar(32)", "Sales channel", required=True),
        Column("currency", "char(3)", "ISO 4217", required=True),
        Column("prices_include_tax", "tinyint(1)", "Prices include tax", required=True),
        Column("discount_amount", "decimal(12,2)", "Order-level only; lines have their own", required=True),
        Column("shipping_amount", "decimal(12,2)", "Charged for shipping, without tax", required=True),
        Column("shipping_tax_amount", "decimal(12,2)", "Shipping tax amount", required=True),
        Column("tax_amount", "decimal(12,2)", "Lines and shipping together", required=True),
        Column("total_amount", "decimal(12,2)", "What the customer pays, tax included", required=True),
        Column("coupon_id", "int unsigned", "Coupon id"),
        Column("is_test", "tinyint(1)", "Is test", required=True),
        Column("shipping_address_id", "bigint unsigned", "Shipping address id"),
        Column("billing_address_id", "bigint unsigned", "Billing address id"),
        Column("metadata", "json", "Metadata"),
        Column("placed_at", "datetime(6)", "Placed at", required=True),
        Column("paid_at", "datetime(6)", "Paid at"),
        Column("cancelled_at", "datetime(6)", "Cancelled at"),
        Column("created_at", "datetime(6)", "When the row was made, UTC", required=True),
        Column("updated_at", "datetime(6)", "When the row last changed, UTC", required=True),
    ),
)


ORDER_ITEMS = Table(
    name="order_items",
    layer=Layer.SHOP,
    grain="one row per order line",
    doc="The shop's `order_items` table.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        Column("id", "bigint unsigned", "Identifier given by the shop", required=True),
        Column("order_id", "bigint unsigned", "The order it belongs to", required=True),
        Column("line_number", "smallint unsigned", "Line number", required=True),
        Column("product_id", "bigint unsigned", "The product", required=True),
        Column("sku", "varchar(64)", "Sku", required=True),
        Column("product_name", "varchar(255)", "As shown when sold", required=True),
        Column("quantity", "int unsigned", "Quantity", required=True),
        Column("unit_price", "decimal(12,2)", "Unit price", required=True),
        Column(
            "discount_amount",
            "decimal(12,2)",
            "Of this line, without its share of the order discount",
            required=True,
        ),
        Column("tax_rate", "decimal(6,4)", "Tax rate", required=True),
        Column(
            "tax_amount", "decimal(12,2)", "After every discount, order-level share included", required=True
        ),
        Column("created_at", "datetime(6)", "When the row was made, UTC", required=True),
        Column("updated_at", "datetime(6)", "When the row last changed, UTC", required=True),
    ),
)


PAYMENTS = Table(
    name="payments",
    layer=Layer.SHOP,
    grain="one row per payment attempt",
    doc="The shop's `payments` table.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        Column("id", "bigint unsigned", "Identifier given by the shop", required=True),
        Column("order_id", "bigint unsigned", "The order it belongs to", required=True),
        Column(
            "method",
            "enum('card','paypal','invoice','gift_card','bank_transfer','cash')",
            "Method",
            required=True,
        ),
        Column(
            "status",
            "enum('pending','authorized','captured','failed','chargeback')",
            "Where it is in its life",
            required=True,
        ),
        Column("amount", "decimal(12,2)", "Amount", required=True),
        Column("fee_amount", "decimal(12,2)", "Fee amount", required=True),
        Column("currency", "char(3)", "ISO 4217", required=True),
        Column("provider_reference", "varchar(100)", "Provider reference"),
        Column("processed_at", "datetime(6)", "Processed at"),
        Column("created_at", "datetime(6)", "When the row was made, UTC", required=True),
        Column("updated_at", "datetime(6)", "When the row last changed, UTC", required=True),
    ),
)


REFUNDS = Table(
    name="refunds",
    layer=Layer.SHOP,
    grain="one row per refund",
    doc="The shop's `refunds` table.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        Column("id", "bigint unsigned", "Identifier given by the shop", required=True),
        Column("order_id", "bigint unsigned", "The order it belongs to", required=True),
        Column(
            "reason",
            "enum('damaged','wrong_item','not_as_described','no_longer_wanted','late','other')",
            "Reason",
            required=True,
        ),
        Column("shipping_amount", "decimal(12,2)", "Shipping given back, without tax", required=True),
        Column("shipping_tax_amount", "decimal(12,2)", "Shipping tax amount", required=True),
        Column("total_amount", "decimal(12,2)", "Lines and shipping, tax included", required=True),
        Column("currency", "char(3)", "The currency of the order", required=True),
        Column("refunded_at", "datetime(6)", "Refunded at", required=True),
        Column("created_at", "datetime(6)", "When the row was made, UTC", required=True),
        Column("updated_at", "datetime(6)", "When the row last changed, UTC", required=True),
    ),
)


REFUND_ITEMS = Table(
    name="refund_items",
    layer=Layer.SHOP,
    grain="one row per refunded order line of a refund",
    doc="The shop's `refund_items` table.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        Column("id", "bigint unsigned", "Identifier given by the shop", required=True),
        Column("refund_id", "bigint unsigned", "Refund id", required=True),
        Column("order_item_id", "bigint unsigned", "Order item id", required=True),
        Column("quantity", "int unsigned", "Quantity", required=True),
        Column("amount", "decimal(12,2)", "Without tax", required=True),
        Column("tax_amount", "decimal(12,2)", "Tax amount", required=True),
        Column("restocked", "tinyint(1)", "Restocked", required=True),
        Column("created_at", "datetime(6)", "When the row was made, UTC", required=True),
        Column("updated_at", "datetime(6)", "When the row last changed, UTC", required=True),
    ),
)


SHIPMENTS = Table(
    name="shipments",
    layer=Layer.SHOP,
    grain="one row per parcel",
    doc="The shop's `shipments` table.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        Column("id", "bigint unsigned", "Identifier given by the shop", required=True),
        Column("order_id", "bigint unsigned", "The order it belongs to", required=True),
        Column("carrier", "varchar(60)", "Carrier", required=True),
        Column("tracking_number", "varchar(80)", "Tracking number"),
        Column(
            "status",
            "enum('pending','in_transit','delivered','returned','lost')",
            "Where it is in its life",
            required=True,
        ),
        Column("cost_amount", "decimal(12,2)", "What the shop pays the carrier", required=True),
        Column("currency", "char(3)", "ISO 4217", required=True),
        Column("shipped_at", "datetime(6)", "Shipped at"),
        Column("delivered_at", "datetime(6)", "Delivered at"),
        Column("created_at", "datetime(6)", "When the row was made, UTC", required=True),
        Column("updated_at", "datetime(6)", "When the row last changed, UTC", required=True),
    ),
)


EXCHANGE_RATES = Table(
    name="exchange_rates",
    layer=Layer.SHOP,
    grain="one row per day and currency pair",
    doc="The shop's `exchange_rates` table.",
    key=(
        "rate_date",
        "base_currency",
        "quote_currency",
    ),
    newest_by=("updated_at",),
    columns=(
        Column("rate_date", "date", "Rate date", required=True),
        Column("base_currency", "char(3)", "Base currency", required=True),
        Column("quote_currency", "char(3)", "Quote currency", required=True),
        Column("rate", "decimal(18,8)", "One unit of base in quote", required=True),
        Column("updated_at", "datetime(6)", "When the row last changed, UTC", required=True),
    ),
)


MARKETING_SPEND = Table(
    name="marketing_spend",
    layer=Layer.SHOP,
    grain="one row per day, channel and campaign",
    doc="The shop's `marketing_spend` table.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        Column("id", "bigint unsigned", "Identifier given by the shop", required=True),
        Column("spend_date", "date", "Spend date", required=True),
        Column("channel", "varchar(40)", "Channel", required=True),
        Column("campaign", "varchar(120)", "Campaign", required=True),
        Column("amount", "decimal(12,2)", "Amount", required=True),
        Column("currency", "char(3)", "ISO 4217", required=True),
        Column("impressions", "bigint unsigned", "Impressions", required=True),
        Column("clicks", "bigint unsigned", "Clicks", required=True),
        Column("created_at", "datetime(6)", "When the row was made, UTC", required=True),
        Column("updated_at", "datetime(6)", "When the row last changed, UTC", required=True),
    ),
)

TABLES = (
    CUSTOMERS,
    ADDRESSES,
    CATEGORIES,
    PRODUCTS,
    PRODUCT_COSTS,
    INVENTORY_LEVELS,
    COUPONS,
    ORDERS,
    ORDER_ITEMS,
    PAYMENTS,
    REFUNDS,
    REFUND_ITEMS,
    SHIPMENTS,
    EXCHANGE_RATES,
    MARKETING_SPEND,
)
