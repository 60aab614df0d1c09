-- The marts as PostgreSQL holds them, written from contracts/gold by `make generate`.
-- publish_postgres makes versioned tables in mart_data and shows them as views of mart.

CREATE TABLE "mart"."orders" (
  "order_id" bigint NOT NULL,
  "order_number" text NOT NULL,
  "order_date" date NOT NULL,
  "placed_at" timestamptz NOT NULL,
  "person_id" text NOT NULL,
  "customer_id" bigint,
  "sales_channel" text NOT NULL,
  "status" text NOT NULL,
  "is_counted" boolean NOT NULL,
  "exclusion_reason" text,
  "is_first_order" boolean NOT NULL,
  "currency" text NOT NULL,
  "exchange_rate" numeric(22,12),
  "units" bigint,
  "gross_sales" numeric(28,4),
  "discounts" numeric(28,4),
  "net_amount" numeric(28,4),
  "net_amount_original" numeric(28,4),
  "line_tax" numeric(28,4),
  "shipping_amount" numeric(28,4),
  "shipping_tax" numeric(28,4),
  "other_charges" numeric(28,4),
  "total_amount_original" numeric(28,4) NOT NULL,
  "session_id" text,
  "channel" text,
  "reported_at" timestamptz,
  "report_event_id" text,
  PRIMARY KEY ("order_id")
);
COMMENT ON TABLE "mart"."orders" IS 'Orders in the reporting currency. Money columns are sums of rounded lines. An order that does not count needs no rate: without one its amounts in the reporting currency are null. An order has one session: of the sessions of people, not of bots, the one that reports it first, with an Order Completed event that names its id or its number. Where one order''s id is another''s number, the id is meant, unless only the order of that number was placed within a day of the report. Grain: one row per order of the shop, excluded ones with the reason.';
COMMENT ON COLUMN "mart"."orders"."order_id" IS 'Identifier given by the shop';
COMMENT ON COLUMN "mart"."orders"."order_number" IS 'The number the customer sees';
COMMENT ON COLUMN "mart"."orders"."order_date" IS 'Day it was placed, in the shop''s time zone';
COMMENT ON COLUMN "mart"."orders"."placed_at" IS 'When it was placed, UTC';
COMMENT ON COLUMN "mart"."orders"."person_id" IS 'The person, guests included';
COMMENT ON COLUMN "mart"."orders"."customer_id" IS 'The account; null for a guest';
COMMENT ON COLUMN "mart"."orders"."sales_channel" IS 'Where it was sold: web, app, store …';
COMMENT ON COLUMN "mart"."orders"."status" IS 'Where the order is in its life';
COMMENT ON COLUMN "mart"."orders"."is_counted" IS 'It counts as a sale';
COMMENT ON COLUMN "mart"."orders"."exclusion_reason" IS 'Why it does not; null when it does';
COMMENT ON COLUMN "mart"."orders"."is_first_order" IS 'The person''s first counted order ever';
COMMENT ON COLUMN "mart"."orders"."currency" IS 'ISO 4217, as charged';
COMMENT ON COLUMN "mart"."orders"."exchange_rate" IS 'One unit of `currency` in the reporting currency on the order''s day';
COMMENT ON COLUMN "mart"."orders"."units" IS 'Pieces ordered';
COMMENT ON COLUMN "mart"."orders"."gross_sales" IS 'Before discounts, without tax and shipping, in the reporting currency';
COMMENT ON COLUMN "mart"."orders"."discounts" IS 'Without tax, in the reporting currency';
COMMENT ON COLUMN "mart"."orders"."net_amount" IS 'gross_sales − discounts, before returns, in the reporting currency';
COMMENT ON COLUMN "mart"."orders"."net_amount_original" IS 'The same in the order''s currency';
COMMENT ON COLUMN "mart"."orders"."line_tax" IS 'Tax charged on the lines, in the reporting currency';
COMMENT ON COLUMN "mart"."orders"."shipping_amount" IS 'Charged for shipping, without tax, in the reporting currency';
COMMENT ON COLUMN "mart"."orders"."shipping_tax" IS 'Tax on shipping, in the reporting currency';
COMMENT ON COLUMN "mart"."orders"."other_charges" IS 'What an order''s total holds beyond its lines, their tax and its shipping: fees, tips, wrapping; below zero where the total is less than they come to, in the reporting currency';
COMMENT ON COLUMN "mart"."orders"."total_amount_original" IS 'What the customer was asked to pay, tax included, in the order''s currency';
COMMENT ON COLUMN "mart"."orders"."session_id" IS 'The session it was bought in; null when it was not tracked';
COMMENT ON COLUMN "mart"."orders"."channel" IS 'Where that session came from; null when it was not tracked';
COMMENT ON COLUMN "mart"."orders"."reported_at" IS 'When its session first reported it, UTC; null when none did';
COMMENT ON COLUMN "mart"."orders"."report_event_id" IS 'The event of that report';
CREATE INDEX ON "mart"."orders" ("order_date");

CREATE TABLE "mart"."refund_lines" (
  "refund_line_key" text NOT NULL,
  "kind" text NOT NULL,
  "refund_id" bigint NOT NULL,
  "order_id" bigint NOT NULL,
  "order_line_id" bigint,
  "product_id" bigint,
  "refund_date" date NOT NULL,
  "order_date" date NOT NULL,
  "sales_channel" text NOT NULL,
  "reason" text NOT NULL,
  "currency" text NOT NULL,
  "exchange_rate" numeric(22,12) NOT NULL,
  "units" bigint NOT NULL,
  "is_restocked" boolean NOT NULL,
  "returned_amount" numeric(28,4) NOT NULL,
  "returned_tax" numeric(28,4) NOT NULL,
  "returned_shipping" numeric(28,4) NOT NULL,
  PRIMARY KEY ("refund_line_key")
);
COMMENT ON TABLE "mart"."refund_lines" IS 'Money given back, converted with the rate of its own currency on the original order''s day. Grain: one row per refunded line of a counted order, one per refund that gave shipping back, and one per refund whose total holds more than its lines and shipping.';
COMMENT ON COLUMN "mart"."refund_lines"."refund_line_key" IS '`line:<refund line>`, `shipping:<refund>` or `rest:<refund>`';
COMMENT ON COLUMN "mart"."refund_lines"."kind" IS 'What was given back: a line, the shipping, or the rest of the refund, which no line carries';
COMMENT ON COLUMN "mart"."refund_lines"."refund_id" IS 'The refund';
COMMENT ON COLUMN "mart"."refund_lines"."order_id" IS 'The order';
COMMENT ON COLUMN "mart"."refund_lines"."order_line_id" IS 'The order line; null for shipping and rest';
COMMENT ON COLUMN "mart"."refund_lines"."product_id" IS 'The product; null for shipping and rest';
COMMENT ON COLUMN "mart"."refund_lines"."refund_date" IS 'Day the money went back, in the shop''s time zone';
COMMENT ON COLUMN "mart"."refund_lines"."order_date" IS 'Day the order was placed, in the shop''s time zone';
COMMENT ON COLUMN "mart"."refund_lines"."sales_channel" IS 'Where it was sold';
COMMENT ON COLUMN "mart"."refund_lines"."reason" IS 'Why';
COMMENT ON COLUMN "mart"."refund_lines"."currency" IS 'ISO 4217, of the refund';
COMMENT ON COLUMN "mart"."refund_lines"."exchange_rate" IS 'One unit of `currency` in the reporting currency on the order''s day';
COMMENT ON COLUMN "mart"."refund_lines"."units" IS 'Pieces';
COMMENT ON COLUMN "mart"."refund_lines"."is_restocked" IS 'Back in stock';
COMMENT ON COLUMN "mart"."refund_lines"."returned_amount" IS 'Given back for a line, without tax, or the rest of the refund, in the reporting currency';
COMMENT ON COLUMN "mart"."refund_lines"."returned_tax" IS 'Tax given back, of the line or of the shipping, in the reporting currency';
COMMENT ON COLUMN "mart"."refund_lines"."returned_shipping" IS 'Shipping given back, without tax, in the reporting currency';
CREATE INDEX ON "mart"."refund_lines" ("refund_date");
CREATE INDEX ON "mart"."refund_lines" ("order_date");
CREATE INDEX ON "mart"."refund_lines" ("order_id");

CREATE TABLE "mart"."funnel_daily" (
  "session_date" date NOT NULL,
  "channel" text NOT NULL,
  "device" text NOT NULL,
  "sessions" bigint NOT NULL,
  "product_view_sessions" bigint NOT NULL,
  "cart_sessions" bigint NOT NULL,
  "checkout_sessions" bigint NOT NULL,
  "purchase_sessions" bigint NOT NULL,
  "conversion_rate" numeric(18,6),
  "sessions_week_before" bigint NOT NULL,
  "product_view_sessions_week_before" bigint NOT NULL,
  "cart_sessions_week_before" bigint NOT NULL,
  "checkout_sessions_week_before" bigint NOT NULL,
  "purchase_sessions_week_before" bigint NOT NULL,
  "sessions_year_before" bigint NOT NULL,
  "product_view_sessions_year_before" bigint NOT NULL,
  "cart_sessions_year_before" bigint NOT NULL,
  "checkout_sessions_year_before" bigint NOT NULL,
  "purchase_sessions_year_before" bigint NOT NULL,
  "is_complete" boolean NOT NULL,
  PRIMARY KEY ("session_date", "channel", "device")
);
COMMENT ON TABLE "mart"."funnel_daily" IS 'Sessions by how far they went. A session belongs to the day of its first event. Grain: one row per day, channel and device with a session on that day, or a week or a year before it, up to the last day with sessions.';
COMMENT ON COLUMN "mart"."funnel_daily"."session_date" IS 'Day of the session''s first event, in the shop''s time zone';
COMMENT ON COLUMN "mart"."funnel_daily"."channel" IS 'Where the visit came from';
COMMENT ON COLUMN "mart"."funnel_daily"."device" IS 'desktop, mobile, tablet or unknown';
COMMENT ON COLUMN "mart"."funnel_daily"."sessions" IS 'Visits, cut at 30 minutes idle, bots left out';
COMMENT ON COLUMN "mart"."funnel_daily"."product_view_sessions" IS 'Sessions that viewed a product';
COMMENT ON COLUMN "mart"."funnel_daily"."cart_sessions" IS 'Sessions that added a product to a cart';
COMMENT ON COLUMN "mart"."funnel_daily"."checkout_sessions" IS 'Sessions that started a checkout';
COMMENT ON COLUMN "mart"."funnel_daily"."purchase_sessions" IS 'Sessions with a counted order of the shop''s database; an order has one session';
COMMENT ON COLUMN "mart"."funnel_daily"."conversion_rate" IS 'purchase_sessions ÷ sessions; null without sessions';
COMMENT ON COLUMN "mart"."funnel_daily"."sessions_week_before" IS 'sessions 7 days before';
COMMENT ON COLUMN "mart"."funnel_daily"."product_view_sessions_week_before" IS 'product_view_sessions 7 days before';
COMMENT ON COLUMN "mart"."funnel_daily"."cart_sessions_week_before" IS 'cart_sessions 7 days before';
COMMENT ON COLUMN "mart"."funnel_daily"."checkout_sessions_week_before" IS 'checkout_sessions 7 days before';
COMMENT ON COLUMN "mart"."funnel_daily"."purchase_sessions_week_before" IS 'purchase_sessions 7 days before';
COMMENT ON COLUMN "mart"."funnel_daily"."sessions_year_before" IS 'sessions 364 days before, the same weekday';
COMMENT ON COLUMN "mart"."funnel_daily"."product_view_sessions_year_before" IS 'product_view_sessions 364 days before, the same weekday';
COMMENT ON COLUMN "mart"."funnel_daily"."cart_sessions_year_before" IS 'cart_sessions 364 days before, the same weekday';
COMMENT ON COLUMN "mart"."funnel_daily"."checkout_sessions_year_before" IS 'checkout_sessions 364 days before, the same weekday';
COMMENT ON COLUMN "mart"."funnel_daily"."purchase_sessions_year_before" IS 'purchase_sessions 364 days before, the same weekday';
COMMENT ON COLUMN "mart"."funnel_daily"."is_complete" IS 'The day is over and its late-data allowance has passed';

CREATE TABLE "mart"."sessions" (
  "session_id" text NOT NULL,
  "session_date" date NOT NULL,
  "person_id" text NOT NULL,
  "visitor_id" text NOT NULL,
  "customer_id" bigint,
  "started_at" timestamptz NOT NULL,
  "ended_at" timestamptz NOT NULL,
  "channel" text NOT NULL,
  "last_non_direct_channel" text NOT NULL,
  "landing_path" text,
  "device" text NOT NULL,
  "is_bot" boolean NOT NULL,
  "event_count" bigint NOT NULL,
  "search_count" bigint NOT NULL,
  "product_view_count" bigint NOT NULL,
  "cart_add_count" bigint NOT NULL,
  "checkout_count" bigint NOT NULL,
  "payment_count" bigint NOT NULL,
  "order_id" bigint,
  "orders" bigint NOT NULL,
  "net_amount" numeric(28,4) NOT NULL,
  PRIMARY KEY ("session_id")
);
COMMENT ON TABLE "mart"."sessions" IS 'Sessions, their person as orders know it, and the orders bought in them, as `orders` has it. Bots are flagged; figures elsewhere leave them out. Grain: one row per visit: events of one visitor with no gap of more than 30 minutes.';
COMMENT ON COLUMN "mart"."sessions"."session_id" IS 'Made of the visitor and the first event';
COMMENT ON COLUMN "mart"."sessions"."session_date" IS 'Day of its first event, in the shop''s time zone';
COMMENT ON COLUMN "mart"."sessions"."person_id" IS 'Who ordered in it, else the person''s account, else whoever that person ordered as, else `p:` and the person''s uuid';
COMMENT ON COLUMN "mart"."sessions"."visitor_id" IS 'The device';
COMMENT ON COLUMN "mart"."sessions"."customer_id" IS 'The person''s account; null when unknown';
COMMENT ON COLUMN "mart"."sessions"."started_at" IS 'First event, UTC';
COMMENT ON COLUMN "mart"."sessions"."ended_at" IS 'Last event, UTC';
COMMENT ON COLUMN "mart"."sessions"."channel" IS 'Where the visit came from';
COMMENT ON COLUMN "mart"."sessions"."last_non_direct_channel" IS 'Its channel, or when that is `direct` the channel of the person''s last visit in 90 days that was not';
COMMENT ON COLUMN "mart"."sessions"."landing_path" IS 'First page';
COMMENT ON COLUMN "mart"."sessions"."device" IS 'Device of the first event';
COMMENT ON COLUMN "mart"."sessions"."is_bot" IS 'Any of its events is a bot''s; no order belongs to it';
COMMENT ON COLUMN "mart"."sessions"."event_count" IS 'Events';
COMMENT ON COLUMN "mart"."sessions"."search_count" IS 'Products Searched events';
COMMENT ON COLUMN "mart"."sessions"."product_view_count" IS 'Product Viewed events';
COMMENT ON COLUMN "mart"."sessions"."cart_add_count" IS 'Product Added events';
COMMENT ON COLUMN "mart"."sessions"."checkout_count" IS 'Checkout Started events';
COMMENT ON COLUMN "mart"."sessions"."payment_count" IS 'Payment Info Entered events';
COMMENT ON COLUMN "mart"."sessions"."order_id" IS 'First counted order bought in it';
COMMENT ON COLUMN "mart"."sessions"."orders" IS 'Counted orders: placed, minus those cancelled before payment or failed';
COMMENT ON COLUMN "mart"."sessions"."net_amount" IS 'gross_sales − discounts of its counted orders, before returns, in the reporting currency';
CREATE INDEX ON "mart"."sessions" ("session_date");
CREATE INDEX ON "mart"."sessions" ("order_id");

CREATE TABLE "mart"."amount_differences" (
  "difference_key" text NOT NULL,
  "difference_date" date NOT NULL,
  "kind" text NOT NULL,
  "order_id" bigint,
  "order_line_id" bigint,
  "refund_id" bigint,
  "refund_line_id" bigint,
  "payment_id" bigint,
  "is_counted" boolean NOT NULL,
  "currency" text,
  "expected_currency" text,
  "expected_amount_original" numeric(28,4),
  "found_amount_original" numeric(28,4),
  "difference_amount_original" numeric(28,4),
  "difference_amount" numeric(28,4),
  "expected_units" bigint,
  "found_units" bigint,
  PRIMARY KEY ("difference_key")
);
COMMENT ON TABLE "mart"."amount_differences" IS 'Amounts that do not add up across the shop''s own tables. A row is a finding about the shop''s data: it stops no run and changes no other mart. Differences below the currency''s minor unit are no differences. Grain: one row per kind of difference and the order, line, refund or payment it was found at.';
COMMENT ON COLUMN "mart"."amount_differences"."difference_key" IS '`<kind>:<identifier>` of what it was found at';
COMMENT ON COLUMN "mart"."amount_differences"."difference_date" IS 'Day of the order, or of the refund, in the shop''s time zone; of the row''s last change where the order is not there';
COMMENT ON COLUMN "mart"."amount_differences"."kind" IS 'What does not add up';
COMMENT ON COLUMN "mart"."amount_differences"."order_id" IS 'The order; null when the difference is not about one';
COMMENT ON COLUMN "mart"."amount_differences"."order_line_id" IS 'The order line; null when the difference is not about one';
COMMENT ON COLUMN "mart"."amount_differences"."refund_id" IS 'The refund; null when the difference is not about one';
COMMENT ON COLUMN "mart"."amount_differences"."refund_line_id" IS 'The refund line; null when the difference is not about one';
COMMENT ON COLUMN "mart"."amount_differences"."payment_id" IS 'The payment; null when the difference is not about one';
COMMENT ON COLUMN "mart"."amount_differences"."is_counted" IS 'The order counts as a sale; false where the order is not there';
COMMENT ON COLUMN "mart"."amount_differences"."currency" IS 'ISO 4217, of the `…_original` amounts; null when unknown';
COMMENT ON COLUMN "mart"."amount_differences"."expected_currency" IS 'The order''s currency, where the difference is the currency';
COMMENT ON COLUMN "mart"."amount_differences"."expected_amount_original" IS 'What the other rows come to, in `currency`; null when there is nothing to compare with';
COMMENT ON COLUMN "mart"."amount_differences"."found_amount_original" IS 'What the row says, in `currency`';
COMMENT ON COLUMN "mart"."amount_differences"."difference_amount_original" IS 'Found − expected, in `currency`; all of what was found when nothing could be expected';
COMMENT ON COLUMN "mart"."amount_differences"."difference_amount" IS 'The same in the reporting currency, at the rate of the order''s day; null without a rate';
COMMENT ON COLUMN "mart"."amount_differences"."expected_units" IS 'Units sold, for `refunded_units`';
COMMENT ON COLUMN "mart"."amount_differences"."found_units" IS 'Units given back, for `refunded_units`';
CREATE INDEX ON "mart"."amount_differences" ("difference_date");

CREATE TABLE "mart"."order_lines" (
  "order_line_id" bigint NOT NULL,
  "order_id" bigint NOT NULL,
  "line_number" integer NOT NULL,
  "order_date" date NOT NULL,
  "placed_at" timestamptz NOT NULL,
  "person_id" text NOT NULL,
  "sales_channel" text NOT NULL,
  "product_id" bigint NOT NULL,
  "sku" text NOT NULL,
  "product_name" text NOT NULL,
  "brand" text,
  "category" text,
  "department" text,
  "units" bigint NOT NULL,
  "currency" text NOT NULL,
  "gross_sales" numeric(28,4) NOT NULL,
  "discounts" numeric(28,4) NOT NULL,
  "net_amount" numeric(28,4) NOT NULL,
  "net_amount_original" numeric(28,4) NOT NULL,
  "line_tax" numeric(28,4) NOT NULL,
  "returned_units" bigint NOT NULL,
  "returns_by_order_date" numeric(28,4) NOT NULL,
  "net_sales_by_order_date" numeric(28,4) NOT NULL,
  "unit_cost_amount" numeric(18,4),
  "unit_cost_currency" text,
  "cost_of_goods" numeric(28,4),
  "product_margin" numeric(28,4),
  PRIMARY KEY ("order_line_id")
);
COMMENT ON TABLE "mart"."order_lines" IS 'What was sold, with the product as it was at the time of sale, its cost and its margin. Grain: one row per line of a counted order.';
COMMENT ON COLUMN "mart"."order_lines"."order_line_id" IS 'Identifier given by the shop';
COMMENT ON COLUMN "mart"."order_lines"."order_id" IS 'The order';
COMMENT ON COLUMN "mart"."order_lines"."line_number" IS 'Position in the order';
COMMENT ON COLUMN "mart"."order_lines"."order_date" IS 'Day the order was placed, in the shop''s time zone';
COMMENT ON COLUMN "mart"."order_lines"."placed_at" IS 'When the order was placed, UTC';
COMMENT ON COLUMN "mart"."order_lines"."person_id" IS 'The person, guests included';
COMMENT ON COLUMN "mart"."order_lines"."sales_channel" IS 'Where it was sold';
COMMENT ON COLUMN "mart"."order_lines"."product_id" IS 'The product';
COMMENT ON COLUMN "mart"."order_lines"."sku" IS 'Stock keeping unit as sold';
COMMENT ON COLUMN "mart"."order_lines"."product_name" IS 'Name as sold';
COMMENT ON COLUMN "mart"."order_lines"."brand" IS 'Brand at the time of sale';
COMMENT ON COLUMN "mart"."order_lines"."category" IS 'Category at the time of sale';
COMMENT ON COLUMN "mart"."order_lines"."department" IS 'Top of the category''s branch at the time of sale';
COMMENT ON COLUMN "mart"."order_lines"."units" IS 'Pieces';
COMMENT ON COLUMN "mart"."order_lines"."currency" IS 'ISO 4217, as charged';
COMMENT ON COLUMN "mart"."order_lines"."gross_sales" IS 'Before discounts, without tax, in the reporting currency';
COMMENT ON COLUMN "mart"."order_lines"."discounts" IS 'Line discount and share of the order''s, without tax, in the reporting currency';
COMMENT ON COLUMN "mart"."order_lines"."net_amount" IS 'gross_sales − discounts, before returns, in the reporting currency';
COMMENT ON COLUMN "mart"."order_lines"."net_amount_original" IS 'The same in the order''s currency';
COMMENT ON COLUMN "mart"."order_lines"."line_tax" IS 'Tax charged, in the reporting currency';
COMMENT ON COLUMN "mart"."order_lines"."returned_units" IS 'Pieces given back so far';
COMMENT ON COLUMN "mart"."order_lines"."returns_by_order_date" IS 'Refunded so far of the orders of this day, without tax and shipping, in the reporting currency';
COMMENT ON COLUMN "mart"."order_lines"."net_sales_by_order_date" IS 'gross_sales − discounts − returns_by_order_date, in the reporting currency';
COMMENT ON COLUMN "mart"."order_lines"."unit_cost_amount" IS 'Cost of one piece valid at the time of sale, if known';
COMMENT ON COLUMN "mart"."order_lines"."unit_cost_currency" IS 'ISO 4217 of unit_cost_amount';
COMMENT ON COLUMN "mart"."order_lines"."cost_of_goods" IS 'Unit cost valid at the time of sale × pieces, in the reporting currency; null when the cost or its exchange rate is unknown';
COMMENT ON COLUMN "mart"."order_lines"."product_margin" IS 'net_sales_by_order_date − cost_of_goods; null when no cost is known';
CREATE INDEX ON "mart"."order_lines" ("order_date");
CREATE INDEX ON "mart"."order_lines" ("order_id");

CREATE TABLE "mart"."daily_sales" (
  "sales_date" date NOT NULL,
  "sales_channel" text NOT NULL,
  "placed_orders" bigint NOT NULL,
  "orders" bigint NOT NULL,
  "excluded_orders" bigint NOT NULL,
  "excluded_test_orders" bigint NOT NULL,
  "excluded_failed_orders" bigint NOT NULL,
  "excluded_cancelled_orders" bigint NOT NULL,
  "units" bigint NOT NULL,
  "gross_sales" numeric(28,4) NOT NULL,
  "discounts" numeric(28,4) NOT NULL,
  "returns" numeric(28,4) NOT NULL,
  "refunds_without_goods" numeric(28,4) NOT NULL,
  "net_sales" numeric(28,4) NOT NULL,
  "tax" numeric(28,4) NOT NULL,
  "shipping" numeric(28,4) NOT NULL,
  "other_charges" numeric(28,4) NOT NULL,
  "total_sales" numeric(28,4) NOT NULL,
  "returns_by_order_date" numeric(28,4) NOT NULL,
  "net_sales_by_order_date" numeric(28,4) NOT NULL,
  "average_order_value" numeric(28,4),
  "median_order_value" numeric(28,4),
  "new_customers" bigint NOT NULL,
  "returning_customers" bigint NOT NULL,
  "new_customer_sales" numeric(28,4) NOT NULL,
  "returning_customer_sales" numeric(28,4) NOT NULL,
  "is_complete" boolean NOT NULL,
  PRIMARY KEY ("sales_date", "sales_channel")
);
COMMENT ON TABLE "mart"."daily_sales" IS 'Sales by the day they happened; returns by the refund''s day, and beside it by the order''s. Grain: one row per day and sales channel with an order or a refund.';
COMMENT ON COLUMN "mart"."daily_sales"."sales_date" IS 'Day in the shop''s time zone';
COMMENT ON COLUMN "mart"."daily_sales"."sales_channel" IS 'Where it was sold: web, app, store …';
COMMENT ON COLUMN "mart"."daily_sales"."placed_orders" IS 'Orders placed, test orders left out';
COMMENT ON COLUMN "mart"."daily_sales"."orders" IS 'Counted orders: placed, minus those cancelled before payment or failed';
COMMENT ON COLUMN "mart"."daily_sales"."excluded_orders" IS 'Orders that do not count: test, failed, cancelled before payment';
COMMENT ON COLUMN "mart"."daily_sales"."excluded_test_orders" IS 'Orders left out because they or their customer are tests';
COMMENT ON COLUMN "mart"."daily_sales"."excluded_failed_orders" IS 'Orders left out because they failed';
COMMENT ON COLUMN "mart"."daily_sales"."excluded_cancelled_orders" IS 'Orders left out because they were cancelled before payment';
COMMENT ON COLUMN "mart"."daily_sales"."units" IS 'Pieces sold in counted orders';
COMMENT ON COLUMN "mart"."daily_sales"."gross_sales" IS 'Unit price × quantity before discounts, without tax and shipping; out of a price with tax goes the share that the line''s recorded tax is of what was paid for it, in the reporting currency';
COMMENT ON COLUMN "mart"."daily_sales"."discounts" IS 'Line discounts and the line''s share of order discounts, without tax, which is taken out of them as out of gross_sales, in the reporting currency';
COMMENT ON COLUMN "mart"."daily_sales"."returns" IS 'Refunded by the day of the refund, refunds_without_goods included, without tax and shipping, in the reporting currency';
COMMENT ON COLUMN "mart"."daily_sales"."refunds_without_goods" IS 'Refunded beyond the refund''s lines and shipping, such as goodwill or an amount without lines; inside returns, by the day of the refund, in the reporting currency';
COMMENT ON COLUMN "mart"."daily_sales"."net_sales" IS 'gross_sales − discounts − returns, in the reporting currency';
COMMENT ON COLUMN "mart"."daily_sales"."tax" IS 'Tax charged on the order''s day minus tax refunded on the refund''s day, in the reporting currency';
COMMENT ON COLUMN "mart"."daily_sales"."shipping" IS 'Shipping charged minus shipping refunded, without tax, in the reporting currency';
COMMENT ON COLUMN "mart"."daily_sales"."other_charges" IS 'What an order''s total holds beyond its lines, their tax and its shipping: fees, tips, wrapping; below zero where the total is less than they come to, in the reporting currency';
COMMENT ON COLUMN "mart"."daily_sales"."total_sales" IS 'net_sales + tax + shipping + other_charges, in the reporting currency';
COMMENT ON COLUMN "mart"."daily_sales"."returns_by_order_date" IS 'Refunded so far of the orders of this day, without tax and shipping, in the reporting currency';
COMMENT ON COLUMN "mart"."daily_sales"."net_sales_by_order_date" IS 'gross_sales − discounts − returns_by_order_date, in the reporting currency';
COMMENT ON COLUMN "mart"."daily_sales"."average_order_value" IS '(gross_sales − discounts) ÷ orders, in the reporting currency';
COMMENT ON COLUMN "mart"."daily_sales"."median_order_value" IS 'Median of gross_sales − discounts per order, in the reporting currency';
COMMENT ON COLUMN "mart"."daily_sales"."new_customers" IS 'Persons whose first counted order ever falls here, guests included';
COMMENT ON COLUMN "mart"."daily_sales"."returning_customers" IS 'Persons with a counted order here that is not their first';
COMMENT ON COLUMN "mart"."daily_sales"."new_customer_sales" IS 'gross_sales − discounts of first orders, in the reporting currency';
COMMENT ON COLUMN "mart"."daily_sales"."returning_customer_sales" IS 'gross_sales − discounts of later orders, in the reporting currency';
COMMENT ON COLUMN "mart"."daily_sales"."is_complete" IS 'The day is over and its late-data allowance has passed';

CREATE TABLE "mart"."search_terms" (
  "search_date" date NOT NULL,
  "term" text NOT NULL,
  "searches" bigint NOT NULL,
  "zero_result_searches" bigint NOT NULL,
  "clicked_searches" bigint NOT NULL,
  "ordered_searches" bigint NOT NULL,
  "search_click_rate" numeric(18,6),
  "is_complete" boolean NOT NULL,
  PRIMARY KEY ("search_date", "term")
);
COMMENT ON TABLE "mart"."search_terms" IS 'Searches with what followed them in the same session. Terms in lower case, blanks made one. Grain: one row per day and term searched for, bots left out.';
COMMENT ON COLUMN "mart"."search_terms"."search_date" IS 'Day of the search, in the shop''s time zone';
COMMENT ON COLUMN "mart"."search_terms"."term" IS 'What was searched for; only the beginning of a long text';
COMMENT ON COLUMN "mart"."search_terms"."searches" IS 'Products Searched events, bots left out';
COMMENT ON COLUMN "mart"."search_terms"."zero_result_searches" IS 'Searches that found nothing, as far as their sender says so';
COMMENT ON COLUMN "mart"."search_terms"."clicked_searches" IS 'Searches followed by a Product Clicked or Viewed in the same visit, before the next search';
COMMENT ON COLUMN "mart"."search_terms"."ordered_searches" IS 'Searches followed by the first report of a counted order in the same session, placed after them';
COMMENT ON COLUMN "mart"."search_terms"."search_click_rate" IS 'clicked_searches ÷ searches; null without searches';
COMMENT ON COLUMN "mart"."search_terms"."is_complete" IS 'The day is over and its late-data allowance has passed';

CREATE TABLE "mart"."channel_attribution" (
  "sales_date" date NOT NULL,
  "channel" text NOT NULL,
  "model" text NOT NULL,
  "attributed_orders" numeric(18,6) NOT NULL,
  "attributed_sales" numeric(28,4) NOT NULL,
  "spend" numeric(28,4) NOT NULL,
  "roas" numeric(18,6),
  "is_complete" boolean NOT NULL,
  PRIMARY KEY ("sales_date", "channel", "model")
);
COMMENT ON TABLE "mart"."channel_attribution" IS 'Counted orders, shared out to the session they were bought in and the other sessions of their person in the 90 days before. Position gives 40 % to the first session, 40 % to the last and the rest to those between. Orders without a session are `untracked`. Each model shares out every order to the cent: add up one only. Grain: one row per day, channel and model with an order or spend.';
COMMENT ON COLUMN "mart"."channel_attribution"."sales_date" IS 'Day of the order, or of the spend';
COMMENT ON COLUMN "mart"."channel_attribution"."channel" IS 'Where the visit came from; `untracked` without a visit';
COMMENT ON COLUMN "mart"."channel_attribution"."model" IS 'How an order is shared out';
COMMENT ON COLUMN "mart"."channel_attribution"."attributed_orders" IS 'Shares of counted orders, by the order''s day';
COMMENT ON COLUMN "mart"."channel_attribution"."attributed_sales" IS 'Shares of gross_sales − discounts − everything refunded so far of an order, by the order''s day, in the reporting currency';
COMMENT ON COLUMN "mart"."channel_attribution"."spend" IS 'What advertising cost, in the reporting currency';
COMMENT ON COLUMN "mart"."channel_attribution"."roas" IS 'Return on advertising spend: attributed_sales ÷ spend; null without spend';
COMMENT ON COLUMN "mart"."channel_attribution"."is_complete" IS 'The day is over and its late-data allowance has passed';

CREATE TABLE "mart"."tracking_coverage" (
  "coverage_date" date NOT NULL,
  "sales_channel" text NOT NULL,
  "channel" text NOT NULL,
  "device" text NOT NULL,
  "orders" bigint NOT NULL,
  "tracked_orders" bigint NOT NULL,
  "untracked_orders" bigint NOT NULL,
  "unknown_purchases" bigint NOT NULL,
  "mismatched_orders" bigint NOT NULL,
  "untracked_sales" numeric(28,4) NOT NULL,
  "tracking_rate" numeric(18,6),
  "is_complete" boolean NOT NULL,
  PRIMARY KEY ("coverage_date", "sales_channel", "channel", "device")
);
COMMENT ON TABLE "mart"."tracking_coverage" IS 'Counted orders of the shop''s database beside the purchases that sessions report, by the order''s id or its number. The database decides; bots'' sessions report nothing. Grain: one row per day, sales channel, channel and device with a counted order or a tracked purchase.';
COMMENT ON COLUMN "mart"."tracking_coverage"."coverage_date" IS 'Day of the order; of the report, where the shop does not know the order';
COMMENT ON COLUMN "mart"."tracking_coverage"."sales_channel" IS 'Where it was sold: web, marketplace, phone …; `unknown` without an order';
COMMENT ON COLUMN "mart"."tracking_coverage"."channel" IS 'Where the visit came from; `untracked` without a visit';
COMMENT ON COLUMN "mart"."tracking_coverage"."device" IS 'Device of the visit; `unknown` without one';
COMMENT ON COLUMN "mart"."tracking_coverage"."orders" IS 'Counted orders: placed, minus those cancelled before payment or failed';
COMMENT ON COLUMN "mart"."tracking_coverage"."tracked_orders" IS 'Counted orders that a session reports';
COMMENT ON COLUMN "mart"."tracking_coverage"."untracked_orders" IS 'Counted orders that no session reports';
COMMENT ON COLUMN "mart"."tracking_coverage"."unknown_purchases" IS 'Orders that a session reports and the shop does not have';
COMMENT ON COLUMN "mart"."tracking_coverage"."mismatched_orders" IS 'Tracked orders whose first report claims another total or currency than the shop''s; a claim that is not there or cannot be read is none';
COMMENT ON COLUMN "mart"."tracking_coverage"."untracked_sales" IS 'gross_sales − discounts of untracked orders, in the reporting currency';
COMMENT ON COLUMN "mart"."tracking_coverage"."tracking_rate" IS 'tracked_orders ÷ orders; null without orders';
COMMENT ON COLUMN "mart"."tracking_coverage"."is_complete" IS 'The day is over and its late-data allowance has passed';

CREATE TABLE "mart"."product_daily" (
  "sales_date" date NOT NULL,
  "product_id" bigint NOT NULL,
  "product_name" text,
  "category" text,
  "department" text,
  "views" bigint NOT NULL,
  "cart_adds" bigint NOT NULL,
  "purchases" bigint NOT NULL,
  "cart_orders" bigint NOT NULL,
  "units" bigint NOT NULL,
  "gross_sales" numeric(28,4) NOT NULL,
  "discounts" numeric(28,4) NOT NULL,
  "returns" numeric(28,4) NOT NULL,
  "net_sales" numeric(28,4) NOT NULL,
  "view_to_cart_rate" numeric(18,6),
  "cart_to_order_rate" numeric(18,6),
  "product_margin" numeric(28,4),
  "is_complete" boolean NOT NULL,
  PRIMARY KEY ("sales_date", "product_id")
);
COMMENT ON TABLE "mart"."product_daily" IS 'What products did per day. Name and category are today''s; order_lines has those of the sale. Grain: one row per day and product that was viewed, put into a cart, sold or given back.';
COMMENT ON COLUMN "mart"."product_daily"."sales_date" IS 'Day in the shop''s time zone';
COMMENT ON COLUMN "mart"."product_daily"."product_id" IS 'The product';
COMMENT ON COLUMN "mart"."product_daily"."product_name" IS 'Name today; null when the shop does not know the product';
COMMENT ON COLUMN "mart"."product_daily"."category" IS 'Category today';
COMMENT ON COLUMN "mart"."product_daily"."department" IS 'Top of the category''s branch';
COMMENT ON COLUMN "mart"."product_daily"."views" IS 'Product Viewed events that name the product, bots'' sessions left out';
COMMENT ON COLUMN "mart"."product_daily"."cart_adds" IS 'Product Added events that name the product, bots'' sessions left out';
COMMENT ON COLUMN "mart"."product_daily"."purchases" IS 'Counted orders with this product';
COMMENT ON COLUMN "mart"."product_daily"."cart_orders" IS 'Counted orders with this product that a session reports';
COMMENT ON COLUMN "mart"."product_daily"."units" IS 'Pieces sold in counted orders';
COMMENT ON COLUMN "mart"."product_daily"."gross_sales" IS 'Unit price × quantity before discounts, without tax and shipping; out of a price with tax goes the share that the line''s recorded tax is of what was paid for it, in the reporting currency';
COMMENT ON COLUMN "mart"."product_daily"."discounts" IS 'Line discounts and the line''s share of order discounts, without tax, which is taken out of them as out of gross_sales, in the reporting currency';
COMMENT ON COLUMN "mart"."product_daily"."returns" IS 'Refunded by the day of the refund, refunds_without_goods included, without tax and shipping, in the reporting currency';
COMMENT ON COLUMN "mart"."product_daily"."net_sales" IS 'gross_sales − discounts − returns, in the reporting currency';
COMMENT ON COLUMN "mart"."product_daily"."view_to_cart_rate" IS 'cart_adds ÷ views; null without views';
COMMENT ON COLUMN "mart"."product_daily"."cart_to_order_rate" IS 'cart_orders ÷ cart_adds; null without cart_adds';
COMMENT ON COLUMN "mart"."product_daily"."product_margin" IS 'gross_sales − discounts − returns by order date − cost_of_goods, in the reporting currency';
COMMENT ON COLUMN "mart"."product_daily"."is_complete" IS 'The day is over and its late-data allowance has passed';

CREATE TABLE "mart"."customer_360" (
  "person_id" text NOT NULL,
  "customer_id" bigint,
  "is_guest" boolean NOT NULL,
  "country_code" text,
  "first_order_date" date,
  "last_order_date" date,
  "orders" bigint NOT NULL,
  "gross_sales" numeric(28,4) NOT NULL,
  "discounts" numeric(28,4) NOT NULL,
  "returns" numeric(28,4) NOT NULL,
  "net_sales" numeric(28,4) NOT NULL,
  "product_margin" numeric(28,4) NOT NULL,
  "average_order_value" numeric(28,4),
  "favourite_category" text,
  "acquisition_channel" text,
  "recency_days" bigint,
  "recency_score" integer,
  "frequency_score" integer,
  "monetary_score" integer,
  "rfm_segment" text NOT NULL,
  "expected_next_order_date" date,
  PRIMARY KEY ("person_id")
);
COMMENT ON TABLE "mart"."customer_360" IS 'What is known of a customer, without contact data. Grain: one row per person: every account that is no test, and everyone else with a counted order.';
COMMENT ON COLUMN "mart"."customer_360"."person_id" IS 'The person, guests included';
COMMENT ON COLUMN "mart"."customer_360"."customer_id" IS 'The account; null for a guest';
COMMENT ON COLUMN "mart"."customer_360"."is_guest" IS 'Has no account';
COMMENT ON COLUMN "mart"."customer_360"."country_code" IS 'Country of the account';
COMMENT ON COLUMN "mart"."customer_360"."first_order_date" IS 'Day of the first counted order';
COMMENT ON COLUMN "mart"."customer_360"."last_order_date" IS 'Day of the last counted order';
COMMENT ON COLUMN "mart"."customer_360"."orders" IS 'Counted orders';
COMMENT ON COLUMN "mart"."customer_360"."gross_sales" IS 'Before discounts, in the reporting currency';
COMMENT ON COLUMN "mart"."customer_360"."discounts" IS 'In the reporting currency';
COMMENT ON COLUMN "mart"."customer_360"."returns" IS 'Refunded so far, without tax and shipping, in the reporting currency';
COMMENT ON COLUMN "mart"."customer_360"."net_sales" IS 'gross_sales − discounts − returns, in the reporting currency';
COMMENT ON COLUMN "mart"."customer_360"."product_margin" IS 'Of lines whose cost is known, in the reporting currency';
COMMENT ON COLUMN "mart"."customer_360"."average_order_value" IS '(gross_sales − discounts) ÷ orders; null without orders';
COMMENT ON COLUMN "mart"."customer_360"."favourite_category" IS 'Category with the most pieces; ties to the first in the alphabet';
COMMENT ON COLUMN "mart"."customer_360"."acquisition_channel" IS 'Channel of the visit of the first order; `untracked` when unknown, null without orders';
COMMENT ON COLUMN "mart"."customer_360"."recency_days" IS 'Days from the last order to the day the mart was built; null without orders';
COMMENT ON COLUMN "mart"."customer_360"."recency_score" IS '1 to 5, 5 the most recent fifth; null without orders';
COMMENT ON COLUMN "mart"."customer_360"."frequency_score" IS '1 to 5, 5 the most frequent fifth; null without orders';
COMMENT ON COLUMN "mart"."customer_360"."monetary_score" IS '1 to 5, 5 the fifth with the highest net sales; null without orders';
COMMENT ON COLUMN "mart"."customer_360"."rfm_segment" IS 'Name for the scores';
COMMENT ON COLUMN "mart"."customer_360"."expected_next_order_date" IS 'Last order plus the person''s median gap; null under three orders';
CREATE INDEX ON "mart"."customer_360" ("first_order_date");
CREATE INDEX ON "mart"."customer_360" ("last_order_date");
CREATE INDEX ON "mart"."customer_360" ("expected_next_order_date");

CREATE TABLE "mart"."cart_abandonment" (
  "cart_id" text NOT NULL,
  "cart_date" date NOT NULL,
  "session_id" text NOT NULL,
  "person_id" text NOT NULL,
  "channel" text NOT NULL,
  "device" text NOT NULL,
  "first_activity_at" timestamptz NOT NULL,
  "last_activity_at" timestamptz NOT NULL,
  "product_count" bigint NOT NULL,
  "cart_value" numeric(28,4),
  "stage_reached" text NOT NULL,
  "status" text NOT NULL,
  "order_id" bigint,
  "recovered_at" timestamptz,
  PRIMARY KEY ("cart_id")
);
COMMENT ON TABLE "mart"."cart_abandonment" IS 'Carts and what became of them. A cart is bought by the first counted order since it was begun that was bought in the session it was begun in, or that is its person''s and holds one of its products. Taking out more units than there are leaves none. Grain: one row per cart that a product was added to, bots left out.';
COMMENT ON COLUMN "mart"."cart_abandonment"."cart_id" IS 'As the sender names it; `session:` and the visit where it names none';
COMMENT ON COLUMN "mart"."cart_abandonment"."cart_date" IS 'Day of its first activity, in the shop''s time zone';
COMMENT ON COLUMN "mart"."cart_abandonment"."session_id" IS 'Visit it was begun in';
COMMENT ON COLUMN "mart"."cart_abandonment"."person_id" IS 'Whose it is';
COMMENT ON COLUMN "mart"."cart_abandonment"."channel" IS 'Where that visit came from';
COMMENT ON COLUMN "mart"."cart_abandonment"."device" IS 'Device of that visit';
COMMENT ON COLUMN "mart"."cart_abandonment"."first_activity_at" IS 'First product put in or taken out, UTC';
COMMENT ON COLUMN "mart"."cart_abandonment"."last_activity_at" IS 'Last product put in or taken out, UTC';
COMMENT ON COLUMN "mart"."cart_abandonment"."product_count" IS 'Different products left in it';
COMMENT ON COLUMN "mart"."cart_abandonment"."cart_value" IS 'Units left in it × the price each product last had in it, as its events claim, in the reporting currency: each currency is converted at the rate of the cart''s day, then added. Null when a product''s price is not named, its quantity cannot be read or a currency has no rate';
COMMENT ON COLUMN "mart"."cart_abandonment"."stage_reached" IS 'How far the visits went in which it was touched; `order` once it is bought';
COMMENT ON COLUMN "mart"."cart_abandonment"."status" IS 'What became of it';
COMMENT ON COLUMN "mart"."cart_abandonment"."order_id" IS 'The order that bought it';
COMMENT ON COLUMN "mart"."cart_abandonment"."recovered_at" IS 'When an abandoned cart was bought after all, UTC';
CREATE INDEX ON "mart"."cart_abandonment" ("cart_date");
CREATE INDEX ON "mart"."cart_abandonment" ("session_id");
CREATE INDEX ON "mart"."cart_abandonment" ("order_id");

CREATE TABLE "mart"."order_trends" (
  "period" text NOT NULL,
  "period_start_date" date NOT NULL,
  "period_end_date" date NOT NULL,
  "days_elapsed" bigint NOT NULL,
  "orders" bigint NOT NULL,
  "gross_sales" numeric(28,4) NOT NULL,
  "net_sales" numeric(28,4) NOT NULL,
  "average_order_value" numeric(28,4),
  "net_sales_moving_average" numeric(28,4),
  "orders_previous" bigint,
  "net_sales_previous" numeric(28,4),
  "net_sales_change_share" numeric(18,6),
  "orders_year_before" bigint,
  "net_sales_year_before" numeric(28,4),
  "net_sales_year_change_share" numeric(18,6),
  "is_complete" boolean NOT NULL,
  PRIMARY KEY ("period", "period_start_date")
);
COMMENT ON TABLE "mart"."order_trends" IS 'Totals per period. A period that is not over is compared with as many days of the other. Grain: one row per period, week (from Monday) or month, from the first day with sales to the last.';
COMMENT ON COLUMN "mart"."order_trends"."period" IS 'week or month';
COMMENT ON COLUMN "mart"."order_trends"."period_start_date" IS 'First day';
COMMENT ON COLUMN "mart"."order_trends"."period_end_date" IS 'Last day';
COMMENT ON COLUMN "mart"."order_trends"."days_elapsed" IS 'Days of it that have passed, today included, when the mart was built';
COMMENT ON COLUMN "mart"."order_trends"."orders" IS 'Counted orders: placed, minus those cancelled before payment or failed';
COMMENT ON COLUMN "mart"."order_trends"."gross_sales" IS 'Unit price × quantity before discounts, without tax and shipping; out of a price with tax goes the share that the line''s recorded tax is of what was paid for it, in the reporting currency';
COMMENT ON COLUMN "mart"."order_trends"."net_sales" IS 'gross_sales − discounts − returns, in the reporting currency';
COMMENT ON COLUMN "mart"."order_trends"."average_order_value" IS '(gross_sales − discounts) ÷ orders, in the reporting currency';
COMMENT ON COLUMN "mart"."order_trends"."net_sales_moving_average" IS 'Mean of this and the three periods before; null while there are fewer or it is not over';
COMMENT ON COLUMN "mart"."order_trends"."orders_previous" IS 'Orders of the period before, over as many days; null unless sales began by then';
COMMENT ON COLUMN "mart"."order_trends"."net_sales_previous" IS 'Net sales of the period before, over as many days; null unless sales began by then';
COMMENT ON COLUMN "mart"."order_trends"."net_sales_change_share" IS 'Change against net_sales_previous; null when that is null or zero';
COMMENT ON COLUMN "mart"."order_trends"."orders_year_before" IS 'Orders a year (weeks: 364 days) before, over as many days; null unless sales began by then';
COMMENT ON COLUMN "mart"."order_trends"."net_sales_year_before" IS 'Net sales a year (weeks: 364 days) before, over as many days; null unless sales began by then';
COMMENT ON COLUMN "mart"."order_trends"."net_sales_year_change_share" IS 'Change against net_sales_year_before; null when that is null or zero';
COMMENT ON COLUMN "mart"."order_trends"."is_complete" IS 'The period is over and its late-data allowance has passed';
CREATE INDEX ON "mart"."order_trends" ("period_start_date");
CREATE INDEX ON "mart"."order_trends" ("period_end_date");
