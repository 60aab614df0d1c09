"""Orders with their amounts, their person and the reason if they do not count."""

from __future__ import annotations

from pyspark.sql import SparkSession

from contracts.registry import TABLES
from spark_jobs.build.quality import violations
from tests.unit.dataframes import assert_rows, build
from tests.unit.gold.order_rows import MAY, RATES, line, order


def test_tax_is_taken_out_with_what_the_line_recorded(spark: SparkSession) -> None:
    taxed = {"tax_rate_share": "0.19", "tax_amount": "3.64", "discount_amount": "1.00", "quantity": 2}
    orders = build(
        spark,
        "orders",
        silver_orders=[order(1, prices_include_tax=True), order(2, prices_include_tax=False)],
        silver_order_lines=[line(1, 1, "11.90", **taxed), line(2, 2, "10.00", **taxed)],
    )
    # 23.80 with tax is 20.00 without; 23.80 − 1.00 − 3.64 = 19.16 remain.
    assert_rows(
        orders,
        {"order_id": 1, "units": 2, "gross_sales": "20.00", "discounts": "0.84", "net_amount": "19.16"},
        {"order_id": 2, "units": 2, "gross_sales": "20.00", "discounts": "1.00", "net_amount": "19.00"},
    )


def test_currencies_are_converted_at_the_rate_of_the_orders_own_day(spark: SparkSession) -> None:
    orders = build(
        spark,
        "orders",
        silver_orders=[
            order(1, currency="USD"),
            order(2, currency="USD", placed_at="2026-05-04 22:30:00"),  # already 5 May in Berlin
            order(3, currency="EUR"),
        ],
        silver_order_lines=[line(n, n, "10.01") for n in (1, 2, 3)],
        silver_exchange_rates=RATES,
    )
    assert_rows(
        orders,
        {"order_id": 1, "order_date": "2026-05-04", "exchange_rate": "0.9", "net_amount": "9.01"},
        {"order_id": 2, "order_date": "2026-05-05", "exchange_rate": "0.5", "net_amount": "5.00"},
        {"order_id": 3, "order_date": "2026-05-04", "exchange_rate": "1", "net_amount": "10.01"},
    )


def test_a_missing_rate_is_a_failed_check_and_never_one(spark: SparkSession) -> None:
    orders = build(
        spark,
        "orders",
        silver_orders=[order(1, currency="INR")],
        silver_order_lines=[line(1, 1, "10.00")],
        silver_exchange_rates=[{**RATES[0], "base_currency": "INR", "is_deleted": True}],
    )
    assert_rows(orders, {"order_id": 1, "exchange_rate": None, "net_amount": None})
    assert violations(orders, TABLES["gold.orders"]) == {"counted_order_has_exchange_rate": 1}


def test_an_order_that_does_not_count_needs_no_rate(spark: SparkSession) -> None:
    orders = build(
        spark,
        "orders",
        silver_orders=[
            order(1, currency="XTS", is_test=True),
            order(2, currency="XTS", status="failed"),
            order(3, currency="XTS", status="cancelled"),
        ],
        silver_order_lines=[line(n, n, "10.00") for n in (1, 2, 3)],
    )
    assert_rows(
        orders,
        *(
            {"order_id": n, "gross_sales": None, "other_charges": None, "net_amount_original": "10.00"}
            for n in (1, 2, 3)
        ),
    )
    assert violations(orders, TABLES["gold.orders"]) == {}


def test_rates_below_a_ten_thousandth_keep_their_digits(spark: SparkSession) -> None:
    inputs = {
        "silver_order_lines": [line(1, 1, "1000000.00", product_id=7)],
        "silver_exchange_rates": [{**RATES[0], "base_currency": "IDR", "rate": "0.000054321987"}],
        "silver_product_costs": [{"product_id": 7, "currency": "IDR", "unit_cost_amount": "500000"}],
    }
    orders = build(
        spark,
        "orders",
        silver_orders=[order(1, currency="IDR")],
        **{name: given for name, given in inputs.items() if name != "silver_product_costs"},
    )
    assert_rows(orders, {"exchange_rate": "0.000054321987", "gross_sales": "54.32"})
    lines = build(
        spark,
        "order_lines",
        gold_orders=[
            {
                **{"order_id": 1, "is_counted": True, "currency": "IDR", "exchange_rate": "0.000054321987"},
                **{"placed_at": MAY, "order_date": "2026-05-04"},
            }
        ],
        silver_orders=[order(1, currency="IDR")],
        **inputs,
    )
    assert_rows(lines, {"gross_sales": "54.32", "cost_of_goods": "27.16"})


def test_what_an_order_holds_beyond_lines_and_shipping_has_its_own_figure(spark: SparkSession) -> None:
    total = {"shipping_amount": "4.00", "shipping_tax_amount": "0.76"}
    orders = build(
        spark,
        "orders",
        silver_orders=[
            order(1, **total, total_amount="28.56", prices_include_tax=True),
            order(2, **total, total_amount="30.00", prices_include_tax=False),
            order(3, **total, total_amount="20.00", prices_include_tax=True),
            order(4, total_amount="9.99"),
            order(5, total_amount="12.00", currency="USD"),
        ],
        silver_order_lines=[
            *(line(n, n, "23.80", tax_amount="3.80", tax_rate_share="0.19") for n in (1, 3)),
            line(2, 2, "20.00", tax_amount="3.80"),
            line(5, 5, "10.00"),
        ],
        silver_exchange_rates=RATES,
    )
    expected = {1: "0", 2: "1.44", 3: "-8.56", 4: "9.99", 5: "1.80"}
    assert_rows(orders, *({"order_id": n, "other_charges": amount} for n, amount in expected.items()))


def test_deleted_orders_and_lines_do_not_count(spark: SparkSession) -> None:
    orders = build(
        spark,
        "orders",
        silver_orders=[order(1), order(2, is_deleted=True)],
        silver_order_lines=[line(1, 1, "10"), line(2, 1, "5", is_deleted=True), line(3, 2, "7")],
    )
    assert_rows(orders, {"order_id": 1, "net_amount": "10.00"})


def test_no_order_is_lost_for_want_of_lines_customer_or_session(spark: SparkSession) -> None:
    orders = build(spark, "orders", silver_orders=[order(1, customer_id=404)])
    assert_rows(
        orders, {"order_id": 1, "person_id": "c:404", "net_amount": 0, "units": 0, "session_id": None}
    )


def test_an_order_that_does_not_count_says_why(spark: SparkSession) -> None:
    orders = build(
        spark,
        "orders",
        silver_customers=[{"customer_id": 5, "is_test": True}],
        silver_orders=[
            order(1, is_test=True, status="failed"),
            order(2, customer_id=5),
            order(3, status="failed"),
            order(4, status="cancelled"),
            order(5, status="cancelled", paid_at=MAY),
        ],
    )
    reasons = {1: "test", 2: "test", 3: "failed", 4: "cancelled_before_payment", 5: None}
    assert_rows(
        orders,
        *(
            {"order_id": n, "exclusion_reason": reason, "is_counted": reason is None}
            for n, reason in reasons.items()
        ),
    )


def test_a_guest_is_the_account_with_the_same_address_else_the_address_else_the_order(
    spark: SparkSession,
) -> None:
    orders = build(
        spark,
        "orders",
        silver_customers=[
            {"customer_id": 8, "email_pseudonym": "aa"},
            {"customer_id": 7, "email_pseudonym": "aa"},
            {"customer_id": 1, "email_pseudonym": "aa", "is_deleted": True},
        ],
        silver_orders=[
            order(1, email_pseudonym="aa"),
            order(2, customer_id=7, placed_at="2026-05-01 00:00:00"),
            order(3, email_pseudonym="bb"),
            order(4),
        ],
    )
    assert_rows(
        orders,
        {"order_id": 1, "person_id": "c:7", "is_first_order": False},
        {"order_id": 2, "person_id": "c:7", "is_first_order": True},
        {"order_id": 3, "person_id": "g:bb", "is_first_order": True},
        {"order_id": 4, "person_id": "o:4", "is_first_order": True},
    )


def test_an_excluded_order_is_nobodys_first(spark: SparkSession) -> None:
    orders = build(
        spark,
        "orders",
        silver_orders=[
            order(1, customer_id=7, status="failed"),
            order(3, customer_id=7),  # the same time: the lower id comes first
            order(2, customer_id=7),
        ],
    )
    assert_rows(orders, *({"order_id": n, "is_first_order": n == 2} for n in (1, 2, 3)))
