"""The shop's MySQL tables, as far as we rely on them: read by the ingest, reference for schema drift."""

from __future__ import annotations

from contracts.model import Column, Form, Layer, Pii, Table

_ID = Column("id", "bigint unsigned", "Identifier given by the shop", required=True)
_ORDER_ID = Column("order_id", "bigint unsigned", "The order it belongs to", required=True)
_CURRENCY = Column("currency", "char(3)", "ISO 4217", required=True)
_CREATED_AT = Column("created_at", "datetime(6)", "When the row was made, UTC", required=True)
_UPDATED_AT = Column("updated_at", "datetime(6)", "When the row last changed, UTC", required=True)

CUSTOMERS = Table(
    name="customers",
    layer=Layer.SHOP,
    grain="one row per account",
    doc="Accounts of customers, contact data included.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        _ID,
        Column("email", "varchar(255)", "E-mail address as typed", pii=Pii.DIRECT),
        Column("first_name", "varchar(100)", "As typed", pii=Pii.DIRECT),
        Column("last_name", "varchar(100)", "As typed", pii=Pii.DIRECT),
        Column("phone", "varchar(40)", "As typed", pii=Pii.DIRECT),
        Column("locale", "varchar(10)", "Language and region, e.g. de-DE", required=True),
        Column("country_code", "char(2)", "ISO 3166-1 alpha-2"),
        Column("accepts_marketing", "tinyint(1)", "May be written to", required=True),
        Column("is_test", "tinyint(1)", "Staff and test accounts", required=True),
        _CREATED_AT,
        _UPDATED_AT,
    ),
)

ADDRESSES = Table(
    name="addresses",
    layer=Layer.SHOP,
    grain="one row per address",
    doc="Where parcels and bills go.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        _ID,
        Column("customer_id", "bigint unsigned", "Whose it is; null for a guest"),
        Column("kind", "enum('shipping','billing')", "What it is for", required=True),
        Column("name", "varchar(200)", "Who receives it", required=True, pii=Pii.DIRECT),
        Column("line1", "varchar(200)", "Street and number", required=True, pii=Pii.DIRECT),
        Column("line2", "varchar(200)", "More of the address", pii=Pii.DIRECT),
        Column("postal_code", "varchar(20)", "Postal code", pii=Pii.DIRECT),
        Column("city", "varchar(100)", "City", required=True),
        Column("region", "varchar(100)", "Region or state"),
        Column("country_code", "char(2)", "ISO 3166-1 alpha-2", required=True),
        _CREATED_AT,
        _UPDATED_AT,
    ),
)

CATEGORIES = Table(
    name="categories",
    layer=Layer.SHOP,
    grain="one row per category",
    doc="The catalogue's tree.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        Column("id", "int unsigned", "Identifier given by the shop", required=True),
        Column("parent_id", "int unsigned", "The category above; null at the top"),
        Column("name", "varchar(150)", "Name", required=True),
        Column("slug", "varchar(150)", "Name in addresses of pages", required=True),
        _CREATED_AT,
        _UPDATED_AT,
    ),
)

PRODUCTS = Table(
    name="products",
    layer=Layer.SHOP,
    grain="one row per product",
    doc="What is sold, at today's list price.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        _ID,
        Column("sku", "varchar(64)", "Stock keeping unit", required=True),
        Column("name", "varchar(255)", "Name", required=True),
        Column("brand", "varchar(120)", "Brand"),
        Column("category_id", "int unsigned", "Where it stands in the catalogue"),
        Column("price", "decimal(12,2)", "List price, in `currency`", required=True),
        _CURRENCY,
        Column("attributes", "json", "Whatever else the shop knows of it"),
        Column("is_active", "tinyint(1)", "On sale", required=True),
        _CREATED_AT,
        _UPDATED_AT,
    ),
)

PRODUCT_COSTS = Table(
    name="product_costs",
    layer=Layer.SHOP,
    grain="one row per product and span of validity",
    doc="What a product cost the shop, and when.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        _ID,
        Column("product_id", "bigint unsigned", "The product", required=True),
        Column("unit_cost", "decimal(14,4)", "Cost of one piece, in `currency`", required=True),
        _CURRENCY,
        Column("valid_from", "datetime(6)", "From when it holds, UTC", required=True),
        Column("valid_to", "datetime(6)", "Until when, exclusive, UTC; null while it is the current cost"),
        _UPDATED_AT,
    ),
)

INVENTORY_LEVELS = Table(
    name="inventory_levels",
    layer=Layer.SHOP,
    grain="one row per product and location",
    doc="What lies in stock now.",
    key=("product_id", "location"),
    newest_by=("updated_at",),
    columns=(
        Column("product_id", "bigint unsigned", "The product", required=True),
        Column("location", "varchar(40)", "Warehouse", required=True, form=Form.TRIMMED),
        Column("on_hand", "int", "Pieces; below zero when oversold", required=True),
        Column("reserved", "int unsigned", "Pieces promised to orders", required=True),
        _UPDATED_AT,
    ),
)

COUPONS = Table(
    name="coupons",
    layer=Layer.SHOP,
    grain="one row per coupon",
    doc="Coupons that customers may enter.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        Column("id", "int unsigned", "Identifier given by the shop", required=True),
        Column("code", "varchar(64)", "What the customer types", required=True),
        Column("kind", "enum('percent','fixed')", "What `value` means", required=True),
        Column("value", "decimal(12,2)", "Percent, or an amount in `currency`", required=True),
        Column("currency", "char(3)", "ISO 4217; null for percent"),
        Column("usage_limit", "int unsigned", "How often it may be used; null for no limit"),
        Column("valid_from", "datetime(6)", "From when it is accepted, UTC"),
        Column("valid_to", "datetime(6)", "Until when, exclusive, UTC"),
        _CREATED_AT,
        _UPDATED_AT,
    ),
)

ORDERS = Table(
    name="orders",
    layer=Layer.SHOP,
    grain="one row per order",
    doc="Every order, cancelled, failed and test orders included.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        _ID,
        Column("order_number", "varchar(32)", "The number the customer sees", required=True),
        Column("customer_id", "bigint unsigned", "Who placed it; null for a guest"),
        Column("email", "varchar(255)", "As typed at checkout", pii=Pii.DIRECT),
        Column(
            "status",
            "enum('placed','paid','shipped','delivered','cancelled','failed')",
            "Where it is in its life",
            required=True,
        ),
        Column("sales_channel", "varchar(32)", "Where it was sold: web, app, store …", required=True),
        _CURRENCY,
        Column("prices_include_tax", "tinyint(1)", "Line prices and discounts contain tax", required=True),
        Column("discount_amount", "decimal(12,2)", "Order-level only; lines have their own", required=True),
        Column("shipping_amount", "decimal(12,2)", "Charged for shipping, without tax", required=True),
        Column("shipping_tax_amount", "decimal(12,2)", "Tax on shipping", required=True),
        Column("tax_amount", "decimal(12,2)", "Tax of lines and shipping", required=True),
        Column("total_amount", "decimal(12,2)", "What the customer pays, tax included", required=True),
        Column("coupon_id", "int unsigned", "The coupon entered"),
        Column("is_test", "tinyint(1)", "The shop marks it as a test", required=True),
        Column("shipping_address_id", "bigint unsigned", "Where it goes"),
        Column("billing_address_id", "bigint unsigned", "Where the bill goes"),
        Column("metadata", "json", "Whatever else the shop notes"),
        Column("placed_at", "datetime(6)", "When it was placed, UTC", required=True),
        Column("paid_at", "datetime(6)", "When it was paid, UTC; null while it is not"),
        Column("cancelled_at", "datetime(6)", "When it was cancelled, UTC"),
        _CREATED_AT,
        _UPDATED_AT,
    ),
)

ORDER_ITEMS = Table(
    name="order_items",
    layer=Layer.SHOP,
    grain="one row per order line",
    doc="What was ordered, line by line, at the price of the moment.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        _ID,
        _ORDER_ID,
        Column("line_number", "smallint unsigned", "Position in the order", required=True),
        Column("product_id", "bigint unsigned", "The product", required=True),
        Column("sku", "varchar(64)", "Stock keeping unit as sold", required=True),
        Column("product_name", "varchar(255)", "Name as sold", required=True),
        Column("quantity", "int unsigned", "Pieces", required=True),
        Column(
            "unit_price",
            "decimal(12,2)",
            "Price of one piece before discounts, in the order's currency",
            required=True,
        ),
        Column(
            "discount_amount",
            "decimal(12,2)",
            "Of this line, without its share of the order discount",
            required=True,
        ),
        Column("tax_rate", "decimal(6,4)", "Rate the shop recorded, as a share", required=True),
        Column(
            "tax_amount",
            "decimal(12,2)",
            "Tax after every discount, order-level share included",
            required=True,
        ),
        _CREATED_AT,
        _UPDATED_AT,
    ),
)

PAYMENTS = Table(
    name="payments",
    layer=Layer.SHOP,
    grain="one row per payment attempt",
    doc="Attempts to pay.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        _ID,
        _ORDER_ID,
        Column(
            "method",
            "enum('card','paypal','invoice','gift_card','bank_transfer','cash')",
            "How",
            required=True,
        ),
        Column(
            "status",
            "enum('pending','authorized','captured','failed','chargeback')",
            "Where it is in its life",
            required=True,
        ),
        Column("amount", "decimal(12,2)", "In `currency`", required=True),
        Column("fee_amount", "decimal(12,2)", "What the provider keeps, in `currency`", required=True),
        _CURRENCY,
        Column("provider_reference", "varchar(100)", "The provider's own number"),
        Column("processed_at", "datetime(6)", "When the provider answered, UTC"),
        _CREATED_AT,
        _UPDATED_AT,
    ),
)

REFUNDS = Table(
    name="refunds",
    layer=Layer.SHOP,
    grain="one row per refund",
    doc="Money given back.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        _ID,
        _ORDER_ID,
        Column(
            "reason",
            "enum('damaged','wrong_item','not_as_described','no_longer_wanted','late','other')",
            "Why",
            required=True,
        ),
        Column("shipping_amount", "decimal(12,2)", "Shipping given back, without tax", required=True),
        Column("shipping_tax_amount", "decimal(12,2)", "Tax on shipping given back", required=True),
        Column("total_amount", "decimal(12,2)", "Lines and shipping, tax included", required=True),
        Column("currency", "char(3)", "The currency of the order", required=True),
        Column("refunded_at", "datetime(6)", "When the money went back, UTC", required=True),
        _CREATED_AT,
        _UPDATED_AT,
    ),
)

REFUND_ITEMS = Table(
    name="refund_items",
    layer=Layer.SHOP,
    grain="one row per refunded order line of a refund",
    doc="Which lines a refund gave back.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        _ID,
        Column("refund_id", "bigint unsigned", "The refund it belongs to", required=True),
        Column("order_item_id", "bigint unsigned", "The line given back", required=True),
        Column("quantity", "int unsigned", "Pieces", required=True),
        Column("amount", "decimal(12,2)", "Given back without tax, in the order's currency", required=True),
        Column("tax_amount", "decimal(12,2)", "Tax given back", required=True),
        Column("restocked", "tinyint(1)", "Back in stock", required=True),
        _CREATED_AT,
        _UPDATED_AT,
    ),
)

SHIPMENTS = Table(
    name="shipments",
    layer=Layer.SHOP,
    grain="one row per parcel",
    doc="Parcels on their way.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        _ID,
        _ORDER_ID,
        Column("carrier", "varchar(60)", "Who carries it", required=True),
        Column("tracking_number", "varchar(80)", "The carrier's number"),
        Column(
            "status",
            "enum('pending','in_transit','delivered','returned','lost')",
            "Where it is in its life",
            required=True,
        ),
        Column(
            "cost_amount", "decimal(12,2)", "What the shop pays the carrier, in `currency`", required=True
        ),
        _CURRENCY,
        Column("shipped_at", "datetime(6)", "When it left, UTC"),
        Column("delivered_at", "datetime(6)", "When it arrived, UTC"),
        _CREATED_AT,
        _UPDATED_AT,
    ),
)

EXCHANGE_RATES = Table(
    name="exchange_rates",
    layer=Layer.SHOP,
    grain="one row per day and currency pair",
    doc="Rates the shop uses.",
    key=("rate_date", "base_currency", "quote_currency"),
    newest_by=("updated_at",),
    columns=(
        Column("rate_date", "date", "The day it holds", required=True, form=Form.DAY),
        Column("base_currency", "char(3)", "ISO 4217", required=True, form=Form.CODE),
        Column("quote_currency", "char(3)", "ISO 4217", required=True, form=Form.CODE),
        Column("rate", "decimal(18,8)", "One unit of base in quote", required=True),
        _UPDATED_AT,
    ),
)

MARKETING_SPEND = Table(
    name="marketing_spend",
    layer=Layer.SHOP,
    grain="one row per day, channel and campaign",
    doc="What advertising cost.",
    key=("id",),
    newest_by=("updated_at",),
    columns=(
        _ID,
        Column("spend_date", "date", "The day", required=True),
        Column("channel", "varchar(40)", "Where", required=True),
        Column("campaign", "varchar(120)", "For what", required=True),
        Column("amount", "decimal(12,2)", "Cost, in `currency`", required=True),
        _CURRENCY,
        Column("impressions", "bigint unsigned", "Times shown", required=True),
        Column("clicks", "bigint unsigned", "Times clicked", required=True),
        _CREATED_AT,
        _UPDATED_AT,
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
