from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from simulator.schema import Row, tables
from simulator.shop.markets import cents
from simulator.shop.orders import included_tax, net_amounts, spread
from simulator.state import State
from tests.unit.simulator.conftest import PLAN, Built, build

money = st.decimals(min_value=0, max_value=100_000, places=2)
TINY = replace(PLAN, customers=40, days=12)


def grouped(state: State, table: str, column: str) -> dict[int, list[Row]]:
    groups = defaultdict(list)
    for row in state.rows(table):
        groups[row[column]].append(row)
    return groups


def test_the_same_plan_gives_the_same_shop_and_another_seed_another():
    first, second, other = build(TINY), build(TINY), build(replace(TINY, seed=12))
    assert first.shop.state.tables == second.shop.state.tables
    assert first.events == second.events
    assert first.shop.state.tables["orders"] != other.shop.state.tables["orders"]


def test_the_money_of_every_order_adds_up(demo: Built):
    lines_of = grouped(demo.shop.state, "order_items", "order_id")
    for order in demo.shop.state.rows("orders"):
        lines = lines_of[order["id"]]
        values = [line["unit_price"] * line["quantity"] - line["discount_amount"] for line in lines]
        paid = [a - b for a, b in zip(values, spread(order["discount_amount"], values), strict=True)]
        line_tax = sum(line["tax_amount"] for line in lines)
        for amount, net, line in zip(paid, net_amounts(order, lines), lines, strict=True):
            rate = line["tax_rate"]
            assert amount > 0
            expected = (
                amount - cents(amount / (1 + rate)) if order["prices_include_tax"] else cents(amount * rate)
            )
            assert line["tax_amount"] == expected
            assert net == (cents(amount / (1 + rate)) if order["prices_include_tax"] else amount)
        assert order["tax_amount"] == line_tax + order["shipping_tax_amount"]
        on_top = 0 if order["prices_include_tax"] else line_tax
        shipping = order["shipping_amount"] + order["shipping_tax_amount"]
        assert order["total_amount"] == sum(paid) + on_top + shipping


@given(amount=money, rate=st.sampled_from(["0", "0.055", "0.07", "0.19", "0.20", "0.25", "0.081"]))
def test_included_tax_leaves_the_rounded_net(amount: Decimal, rate: str):
    assert amount - included_tax(amount, Decimal(rate)) == cents(amount / (1 + Decimal(rate)))


@given(weights=st.lists(money, min_size=1, max_size=8), share=st.decimals(0, 1, places=3))
def test_a_spread_discount_is_neither_lost_nor_invented(weights: list[Decimal], share: Decimal):
    amount = cents(sum(weights, Decimal(0)) * share)
    assert sum(spread(amount, weights)) == amount


def test_a_spread_discount_leaves_its_rounding_rest_to_the_last_line():
    thirds = spread(Decimal("10.00"), [Decimal("1.00")] * 3)
    assert thirds == [Decimal("3.33"), Decimal("3.33"), Decimal("3.34")]


def test_nobody_gets_back_more_than_was_paid(demo: Built):
    state = demo.shop.state
    lines_of, refunds = grouped(state, "order_items", "order_id"), grouped(state, "refunds", "order_id")
    items_of = grouped(state, "refund_items", "refund_id")
    assert refunds
    for order_id, found in refunds.items():
        order = state.get("orders", order_id)
        net = {
            line["id"]: amount
            for line, amount in zip(lines_of[order_id], net_amounts(order, lines_of[order_id]), strict=True)
        }
        back: Counter[int] = Counter()
        pieces: Counter[int] = Counter()
        for refund in found:
            items = items_of[refund["id"]]
            assert refund["refunded_at"] >= order["paid_at"]
            shipping = refund["shipping_amount"] + refund["shipping_tax_amount"]
            assert refund["total_amount"] == shipping + sum(i["amount"] + i["tax_amount"] for i in items)
            for item in items:
                back[item["order_item_id"]] += item["amount"]
                pieces[item["order_item_id"]] += item["quantity"]
        for line in lines_of[order_id]:
            assert pieces[line["id"]] <= line["quantity"]
            assert back[line["id"]] <= net[line["id"]]
            if pieces[line["id"]] == line["quantity"]:
                assert back[line["id"]] == net[line["id"]]
        assert sum(refund["shipping_amount"] for refund in found) <= order["shipping_amount"]


def test_every_order_finds_the_rate_of_its_local_day(demo: Built):
    zone, rates = ZoneInfo(PLAN.timezone), demo.shop.state.tables["exchange_rates"]
    currencies = set()
    for order in demo.shop.state.rows("orders"):
        currencies.add(order["currency"])
        day = order["placed_at"].replace(tzinfo=UTC).astimezone(zone).date()
        assert order["currency"] == "EUR" or (day, order["currency"], "EUR") in rates
    assert currencies == {"EUR", "GBP", "USD", "SEK", "CHF"}


def test_the_shop_has_what_makes_a_shop_difficult(demo: Built):
    state = demo.shop.state
    orders = state.rows("orders")
    assert {order["status"] for order in orders} == {
        "placed",
        "paid",
        "shipped",
        "delivered",
        "cancelled",
        "failed",
    }
    assert {(o["status"], o["paid_at"] is None) for o in orders} >= {
        ("cancelled", True),
        ("cancelled", False),
    }
    payments = {payment["status"] for payment in state.rows("payments")}
    assert payments >= {"pending", "authorized", "captured", "failed"}
    assert {order["sales_channel"] for order in orders} == {"web", "marketplace", "phone"}
    assert any(order["is_test"] for order in orders)
    assert any(order["discount_amount"] for order in orders)
    assert any(line["discount_amount"] for line in state.rows("order_items"))
    emails = {row["email"].lower() for row in state.rows("customers") if row["email"]}
    guests = [order["email"] for order in orders if order["customer_id"] is None]
    assert None in guests
    assert any(email and email.strip().lower() in emails for email in guests)
    assert any(ord(letter) > 0xFFFF for row in state.rows("products") for letter in row["name"])
    products_with_history = Counter(row["product_id"] for row in state.rows("product_costs"))
    assert max(products_with_history.values()) > 1


def test_every_row_fits_its_table_and_nothing_happens_after_the_end(demo: Built):
    for name, rows in demo.shop.state.tables.items():
        assert rows, name
        for row in rows.values():
            assert tuple(row) == tables()[name].columns
            assert row["updated_at"] <= PLAN.until
    days = {row["rate_date"] for row in demo.shop.state.rows("exchange_rates")}
    assert date(2026, 11, 12) in days


def test_costs_of_a_product_follow_each_other_without_gap(demo: Built):
    for costs in grouped(demo.shop.state, "product_costs", "product_id").values():
        assert [cost["valid_to"] for cost in costs] == [*(cost["valid_from"] for cost in costs[1:]), None]


def test_many_small_refunds_add_up_to_exactly_what_was_paid():
    built = build(TINY)
    desk, state = built.shop.desk, built.shop.state
    refunded = {refund["order_id"] for refund in state.rows("refunds")}
    paid = [row for row in state.rows("orders") if row["paid_at"] and row["id"] not in refunded]
    times = Counter()
    for order in paid:
        while desk.refund(order, PLAN.until):
            times[order["id"]] += 1
    items, refunds = grouped(state, "refund_items", "refund_id"), grouped(state, "refunds", "order_id")
    assert max(times.values()) > 2
    for order in paid:
        lines = desk.lines_of[order["id"]]
        back = [item for refund in refunds[order["id"]] for item in items[refund["id"]]]
        assert sum(item["amount"] for item in back) == sum(net_amounts(order, lines))
        assert sum(item["tax_amount"] for item in back) == sum(line["tax_amount"] for line in lines)
        assert min(item["amount"] for item in back) >= 0
