"""Each amount that does not add up across the shop's own tables is one row, in the currency's minor unit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pyspark.sql import SparkSession

from contracts.gold.amount_differences import KINDS
from contracts.registry import TABLES
from spark_jobs.build.quality import violations
from tests.unit.dataframes import assert_rows, build

MAY = "2026-05-04 10:00:00"
Rows = list[dict[str, Any]]


class Shop:
    """Rows of a small shop; every order is in gold too."""

    def __init__(self) -> None:
        self.tables: dict[str, Rows] = {"silver_products": [{"product_id": 0}, {"product_id": 7}]}

    def add(self, table: str, **columns: Any) -> Shop:
        self.tables.setdefault(table, []).append(columns)
        return self

    def order(self, number: int, total: str, *, is_counted: bool = True, **columns: Any) -> Shop:
        currency = columns.get("currency", "EUR")
        in_gold = {"order_id": number, "order_date": "2026-05-04", "currency": currency, "exchange_rate": 1}
        if not columns.get("is_deleted"):
            self.add("gold_orders", is_counted=is_counted, **in_gold)
        order = {"order_id": number, "total_amount": total, "placed_at": MAY, **columns}
        return self.add("silver_orders", **order)

    def line(self, number: int, of: int, price: str, **columns: Any) -> Shop:
        line = {"order_line_id": number, "order_id": of, "line_number": number, "quantity": 1}
        return self.add("silver_order_lines", **{**line, "unit_price_amount": price, **columns})

    def refund(self, number: int, of: int, total: str, **columns: Any) -> Shop:
        refund = {"refund_id": number, "order_id": of, "refunded_at": "2026-05-20 22:30:00"}
        return self.add("silver_refunds", total_amount=total, **refund, **columns)

    def refund_line(self, number: int, refund: int, line: int, amount: str, **columns: Any) -> Shop:
        refunded = {"refund_line_id": number, "refund_id": refund, "order_line_id": line, "amount": amount}
        return self.add("silver_refund_lines", **refunded, **columns)

    def payment(self, number: int, of: int, amount: str, **columns: Any) -> Shop:
        payment = {"payment_id": number, "order_id": of, "amount": amount, "status": "captured"}
        return self.add("silver_payments", **{**payment, **columns})

    def found(self, spark: SparkSession) -> set[tuple[str, str, str, str]]:
        """(key, expected, found, difference) of every row."""
        built = build(spark, "amount_differences", **self.tables)
        assert violations(built, TABLES["gold.amount_differences"]) == {}
        names = ("difference_key", "expected_amount_original", "found_amount_original")
        rows = built.select(*names, "difference_amount_original").collect()
        return {(row[0], *("None" if value is None else f"{value:.2f}" for value in row[1:])) for row in rows}


def test_a_shop_whose_amounts_add_up_has_no_difference(spark: SparkSession) -> None:
    """Prices with and without tax, discounts of line and order, shipping, a refund and payments."""
    shop = Shop()
    # With tax: 2 × 11.90 − 1.00 − 0.50 = 22.30, of which 3.56 is tax; shipping 4.00 + 0.76.
    taxes = {"shipping_amount": "4.00", "shipping_tax_amount": "0.76", "tax_amount": "4.32"}
    with_tax = {"prices_include_tax": True, "discount_amount": "0.50", "paid_at": MAY, **taxes}
    shop.order(1, "27.06", **with_tax)
    line = {"quantity": 2, "discount_amount": "1.00", "tax_rate_share": "0.19", "tax_amount": "3.56"}
    shop.line(1, 1, "11.90", **line)
    # Without: 22.30 + 4.24 tax + 4.76 shipping.
    shop.order(2, "31.30", **{**with_tax, "prices_include_tax": False, "tax_amount": "5.00"})
    shop.line(2, 2, "11.90", **{**line, "tax_amount": "4.24"})
    shop.payment(1, 1, "27.06").payment(2, 1, "27.06", status="failed").payment(3, 2, "31.30")
    shop.refund(1, 1, "15.91", shipping_amount="4.00", shipping_tax_amount="0.76")
    shop.refund_line(1, 1, 1, "9.37", quantity=1, tax_amount="1.78")
    assert shop.found(spark) == set()


def test_a_total_is_held_against_lines_shipping_and_tax(spark: SparkSession) -> None:
    shop = Shop()
    for number, total in ((1, "12.01"), (2, "11.99"), (3, "12.00")):
        shop.order(number, total, shipping_amount="1.50", shipping_tax_amount="0.30", tax_amount="0.50")
        shop.line(number, number, "10.00", tax_amount="0.20", tax_rate_share="0.02")
    assert shop.found(spark) == {
        ("order_total:1", "12.00", "12.01", "0.01"),
        ("order_total:2", "12.00", "11.99", "-0.01"),
    }


def test_an_order_without_lines_is_one_even_at_no_amount(spark: SparkSession) -> None:
    shop = Shop().order(1, "50.00", shipping_amount="5.00").order(2, "0.00", tax_amount="1.00")
    shop.order(3, "10.00").line(1, 3, "10.00", is_deleted=True)
    assert shop.found(spark) == {
        ("order_without_lines:1", "5.00", "50.00", "45.00"),
        ("order_without_lines:2", "0.00", "0.00", "0.00"),
        ("order_without_lines:3", "0.00", "10.00", "10.00"),
    }


def test_an_orders_tax_is_held_against_that_of_its_lines_and_shipping(spark: SparkSession) -> None:
    shop = Shop().order(1, "12.00", prices_include_tax=True, tax_amount="2.00", shipping_tax_amount="0.10")
    shop.line(1, 1, "11.90", tax_amount="1.91", tax_rate_share="0.19")
    assert shop.found(spark) == {("order_tax:1", "2.01", "2.00", "-0.01")}


def test_a_lines_tax_is_held_against_its_recorded_rate(spark: SparkSession) -> None:
    """Up to a minor unit per unit is rounding."""
    lines = {  # prices include tax, quantity, rate, tax, and the tax by rate if it differs
        1: (True, 1, "0.05", "15.00", "5.48"),  # two taxes in the price, the rate of one recorded
        2: (True, 1, "0", "15.00", "0.00"),
        3: (True, 1, "0.19", "18.36", None),
        4: (True, 1, "0.19", "18.37", None),  # half up instead of half even, or truncated: a cent
        5: (True, 1, "0.19", "18.38", "18.36"),
        6: (True, 3, "0.19", "55.11", None),  # rounded per unit: a cent each
        7: (True, 3, "0.19", "55.12", "55.08"),
        8: (False, 1, "0.19", "21.85", None),
        9: (False, 1, "0.19", "0.00", "21.85"),
        10: (False, 2, "19", "43.70", "4370.00"),  # a rate in percent
    }
    shop = Shop()
    for number, (includes_tax, quantity, rate, tax, _) in lines.items():
        total = Decimal("115.00") * quantity + (0 if includes_tax else Decimal(tax))
        shop.order(number, str(total), prices_include_tax=includes_tax, tax_amount=tax)
        shop.line(number, number, "115.00", quantity=quantity, tax_rate_share=rate, tax_amount=tax)
    assert {(key, expected, tax) for key, expected, tax, _ in shop.found(spark)} == {
        (f"line_tax:{number}", expected, tax) for number, (*_, tax, expected) in lines.items() if expected
    }


def test_the_tolerance_is_the_minor_unit_of_the_currency(spark: SparkSession) -> None:
    shop = Shop()
    for number, currency, total in (
        (1, "JPY", "100.99"),
        (2, "JPY", "101.00"),
        (3, "EUR", "100.01"),
        (4, "KWD", "100.01"),
    ):
        shop.order(number, total, currency=currency).line(number, number, "100.00")
    assert {key for key, *_ in shop.found(spark)} == {"order_total:2", "order_total:3", "order_total:4"}


def test_a_refund_is_held_against_its_lines_shipping_and_tax(spark: SparkSession) -> None:
    shop = Shop().order(1, "22.00", shipping_amount="2.00").line(1, 1, "20.00")
    for refund, total in ((1, "8.00"), (2, "8.01"), (3, "7.00")):
        shop.refund(refund, 1, total, shipping_amount="0.50", shipping_tax_amount="0.10")
        shop.refund_line(refund, refund, 1, "6.00", tax_amount="1.40")
    assert shop.found(spark) == {
        ("refund_total:2", "8.00", "8.01", "0.01"),
        ("refund_total:3", "8.00", "7.00", "-1.00"),
    }


def test_a_refund_of_more_than_shipping_without_lines_is_named(spark: SparkSession) -> None:
    shop = Shop().order(1, "60.00", shipping_amount="10.00").line(1, 1, "50.00")
    shop.refund(1, 1, "50.00").refund(2, 1, "5.00", shipping_amount="5.00")
    shop.refund(3, 1, "1.00", shipping_amount="5.00")
    shop.refund(4, 1, "3.00").refund_line(1, 4, 1, "3.00", is_deleted=True)
    assert shop.found(spark) == {
        ("refund_without_lines:1", "0.00", "50.00", "50.00"),
        ("refund_total:3", "5.00", "1.00", "-4.00"),
        ("refund_without_lines:4", "0.00", "3.00", "3.00"),
    }


def test_a_refund_or_payment_in_another_currency_names_both(spark: SparkSession) -> None:
    shop = Shop().order(1, "50.00", currency="USD", paid_at=MAY).line(1, 1, "50.00")
    shop.refund(1, 1, "10.00", currency="EUR").refund_line(1, 1, 1, "10.00")
    shop.payment(1, 1, "44.00", currency="EUR").payment(2, 1, "44.00", currency="GBP", status="failed")
    built = build(spark, "amount_differences", **shop.tables)
    same = {"currency": "EUR", "expected_currency": "USD", "expected_amount_original": None}
    assert_rows(
        built,
        {"difference_key": "refund_currency:1", "difference_amount_original": "10.00", **same},
        {"difference_key": "payment_currency:1", "difference_amount_original": "44.00", **same},
    )


def test_more_given_back_than_was_sold_is_named(spark: SparkSession) -> None:
    """10.01 given back in three parts of 3.34 each is rounding, as much at once is not."""
    shop = Shop()
    for number, parts in ((1, ["3.34", "3.34", "3.34"]), (2, ["10.02"]), (3, ["10.01", "10.01"])):
        shop.order(number, "10.01", shipping_amount=0).line(number, number, "10.01", quantity=1)
        for part, amount in enumerate(parts):
            refund = 10 * number + part
            shop.refund(refund, number, amount).refund_line(refund, refund, number, amount, quantity=0)
    assert shop.found(spark) == {
        ("refunded_amount:2", "10.01", "10.02", "0.01"),
        ("refunded_amount:3", "10.01", "20.02", "10.01"),
    }


def test_more_units_or_shipping_given_back_than_there_were_are_named(spark: SparkSession) -> None:
    shop = Shop().order(1, "10.00", shipping_amount="4.00").line(1, 1, "3.00", quantity=2)
    shop.refund(1, 1, "7.00", shipping_amount="4.00").refund_line(1, 1, 1, "3.00", quantity=2)
    shop.refund(2, 1, "1.00", shipping_amount="1.00").refund_line(2, 2, 1, "0.00", quantity=1)
    built = build(spark, "amount_differences", **shop.tables)
    assert_rows(
        built,
        {
            "difference_key": "refunded_shipping:1",
            "difference_amount_original": "1.00",
            "expected_units": None,
            "found_units": None,
        },
        {
            "difference_key": "refunded_units:1",
            "difference_amount_original": None,
            "expected_units": 2,
            "found_units": 3,
        },
    )


def test_what_was_captured_is_held_against_the_total(spark: SparkSession) -> None:
    orders: dict[int, tuple[list[str], str | None, str | None]] = {  # captured, refunded, difference
        1: (["100.00"], None, None),
        2: (["60.00", "40.00"], None, None),
        3: (["100.00"], "30.00", None),  # refunded after payment
        4: (["200.00"], "100.00", None),  # paid twice, refunded once
        5: (["70.00"], "30.00", None),  # an amount never captured is booked as a refund
        6: (["99.99"], None, "-0.01"),
        7: (["200.00"], None, "100.00"),
        8: ([], None, "-100.00"),
    }
    shop = Shop()
    for number, (captured, refunded, _) in orders.items():
        shop.order(number, "100.00", paid_at=MAY).line(number, number, "100.00")
        shop.payment(100 * number, number, "100.00", status="failed")
        for part, amount in enumerate(captured, start=1):
            shop.payment(100 * number + part, number, amount)
        if refunded:
            shop.refund(number, number, refunded).refund_line(number, number, number, refunded, quantity=1)
    assert {(key, gap) for key, _, _, gap in shop.found(spark)} == {
        (f"payment_total:{number}", gap) for number, (_, _, gap) in orders.items() if gap
    }


def test_payments_are_asked_for_of_counted_and_paid_orders_with_payments_only(spark: SparkSession) -> None:
    shop = Shop().order(1, "10.00", paid_at=MAY).order(2, "10.00")
    shop.order(3, "10.00", paid_at=MAY, is_counted=False)
    for number in (1, 2, 3):
        shop.line(number, number, "10.00")
    shop.payment(2, 2, "1.00").payment(3, 3, "1.00")
    assert shop.found(spark) == set()


def test_what_refers_to_nothing_is_named(spark: SparkSession) -> None:
    """A deleted order is not there; a deleted product is still known by its last state."""
    shop = Shop().order(1, "10.00").line(1, 1, "10.00", product_id=404).order(2, "5.00", is_deleted=True)
    shop.add("silver_products", product_id=8, is_deleted=True)
    shop.line(2, 2, "5.00", quantity=2, discount_amount="1.00").line(3, 404, "6.00")
    shop.order(4, "2.00").line(4, 4, "2.00", product_id=8).line(5, 4, "1.00", is_deleted=True)
    shop.refund(1, 404, "7.00").refund_line(1, 1, 3, "7.00")
    shop.refund_line(2, 404, 1, "1.00", tax_amount="0.19")
    shop.refund(2, 4, "1.00").refund_line(3, 2, 5, "1.00")
    shop.refund(3, 4, "1.00").refund_line(4, 3, 1, "1.00")  # the line of another order
    shop.payment(1, 404, "3.00").payment(2, 404, "3.00", status="failed")
    assert shop.found(spark) == {
        ("line_without_product:1", "None", "10.00", "10.00"),
        ("line_without_order:2", "None", "9.00", "9.00"),
        ("line_without_order:3", "None", "6.00", "6.00"),
        ("refund_without_order:1", "None", "7.00", "7.00"),
        ("refund_line_without_refund:2", "None", "1.19", "1.19"),
        ("refund_line_without_order_line:3", "None", "1.00", "1.00"),
        ("refund_line_without_order_line:4", "None", "1.00", "1.00"),
        ("payment_without_order:1", "None", "3.00", "3.00"),
    }


def test_a_difference_has_its_day_its_subject_and_its_amount_at_the_orders_rate(spark: SparkSession) -> None:
    shop = Shop()
    shop.add(
        "gold_orders",
        order_id=1,
        order_date="2026-05-04",
        currency="USD",
        exchange_rate="0.5",
        is_counted=False,
    )
    shop.add("silver_orders", order_id=1, currency="USD", total_amount="13.00")
    shop.line(1, 1, "10.00")
    shop.refund(9, 1, "8.00", currency="USD")
    shop.refund(8, 1, "8.00", currency="GBP").refund_line(1, 8, 1, "8.00")
    shop.refund(7, 404, "8.00", currency="XXX")
    rate = {"base_currency": "GBP", "quote_currency": "EUR"}
    shop.add("silver_exchange_rates", rate_date="2026-05-04", rate="1.5", **rate)
    shop.add("silver_exchange_rates", rate_date="2026-05-21", rate="9", **rate)
    refund_day = "2026-05-21"  # 22:30 UTC is the next day in Berlin
    names = ("difference_key", "difference_date", "order_id", "refund_id", "difference_amount", "is_counted")
    assert_rows(
        build(spark, "amount_differences", **shop.tables),
        *(
            dict(zip(names, row, strict=True))
            for row in (
                ("order_total:1", "2026-05-04", 1, None, "1.50", False),
                ("refund_without_lines:9", refund_day, 1, 9, "4.00", False),
                ("refund_currency:8", refund_day, 1, 8, "12.00", False),
                ("refund_without_order:7", refund_day, 404, 7, None, False),
                ("refund_without_lines:7", refund_day, 404, 7, None, False),
            )
        ),
    )


def test_every_kind_at_once_is_one_row_each(spark: SparkSession) -> None:
    shop = Shop().order(1, "99.00", paid_at=MAY, tax_amount="1.00").order(2, "1.00")
    shop.line(1, 1, "10.00", product_id=404, tax_amount="9.00", quantity=1).line(2, 404, "1.00")
    shop.refund(1, 1, "30.00", shipping_amount="1.00").refund_line(1, 1, 1, "20.00", quantity=5)
    shop.refund(2, 1, "5.00").refund(3, 1, "5.00", currency="USD").refund(4, 404, "1.00")
    shop.refund_line(2, 404, 1, "1.00").refund_line(3, 2, 404, "5.00").refund_line(4, 3, 1, "5.00")
    shop.refund(5, 1, "2.00")
    shop.payment(1, 1, "1.00").payment(2, 2, "1.00", currency="USD").payment(3, 404, "1.00")
    keys = [key for key, *_ in shop.found(spark)]
    assert len(keys) == len(set(keys))
    assert {key.split(":")[0] for key in keys} == set(KINDS)


def test_the_largest_amounts_that_silver_holds_do_not_stop_it(spark: SparkSession) -> None:
    shop = Shop().order(1, "99999999999999.99", is_counted=False)
    shop.line(1, 404, "99999999999999.9999", quantity=9_999_999_999)
    assert {key for key, *_ in shop.found(spark)} == {"order_without_lines:1", "line_without_order:1"}
