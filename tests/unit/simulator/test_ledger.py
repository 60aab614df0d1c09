"""Every expected figure here is computed by hand."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from simulator.ledger.figures import Ledger
from simulator.ledger.sessions import sessions
from simulator.record import Seen
from simulator.state import State

NOON = datetime(2026, 3, 10, 11, 0)  # 12:00 in Berlin
DAY = date(2026, 3, 10)
MINUTE = 60_000


def shop() -> State:
    state = State()
    state.add(
        "exchange_rates",
        rate_date=DAY,
        base_currency="GBP",
        quote_currency="EUR",
        rate=Decimal("1.15"),
        updated_at=NOON,
    )
    state.add("customers", email="Ann@Example.com", is_test=0)
    state.add("customers", email="ann@example.com ", is_test=0)
    state.add("customers", email="staff@example.com", is_test=1)
    return state


def order(state: State, *lines: tuple[str, int, str, str], **values: Any) -> int:
    """An order of `(unit_price, quantity, discount, tax)` lines; German prices unless said otherwise."""
    defaults = {
        "order_number": f"SL{state.last_ids.get('orders', 0) + 1}",
        "customer_id": 1,
        "status": "paid",
        "sales_channel": "web",
        "currency": "EUR",
        "prices_include_tax": 1,
        "discount_amount": Decimal(0),
        "shipping_amount": Decimal(0),
        "shipping_tax_amount": Decimal(0),
        "is_test": 0,
        "placed_at": NOON,
        "paid_at": NOON,
        "updated_at": NOON,
    }
    row = {**defaults, **values}
    goods = sum(Decimal(price) * quantity - Decimal(discount) for price, quantity, discount, _ in lines)
    tax = Decimal(0) if row["prices_include_tax"] else sum(Decimal(tax) for *_, tax in lines)
    total = goods - row["discount_amount"] + tax + row["shipping_amount"] + row["shipping_tax_amount"]
    row = state.add("orders", **{"total_amount": total, **row})
    for number, (price, quantity, discount, tax) in enumerate(lines, 1):
        state.add(
            "order_items",
            order_id=row["id"],
            line_number=number,
            product_id=number,
            quantity=quantity,
            unit_price=Decimal(price),
            discount_amount=Decimal(discount),
            tax_rate=Decimal("0.19"),
            tax_amount=Decimal(tax),
            updated_at=NOON,
        )
    return int(row["id"])


def refund(
    state: State, order_id: int, line: int, amount: str, tax: str, shipping: str, at: datetime, **values: Any
) -> None:
    (currency,) = (row["currency"] for row in state.rows("orders") if row["id"] == order_id)
    defaults = {
        "shipping_amount": Decimal(shipping),
        "shipping_tax_amount": Decimal(0),
        "total_amount": Decimal(amount) + Decimal(tax) + Decimal(shipping),
        "currency": currency,
    }
    row = state.add("refunds", order_id=order_id, refunded_at=at, updated_at=at, **{**defaults, **values})
    state.add(
        "refund_items",
        refund_id=row["id"],
        order_item_id=line,
        quantity=1,
        amount=Decimal(amount),
        tax_amount=Decimal(tax),
        updated_at=at,
    )


def ledger(state: State, *events: Seen) -> Ledger:
    return Ledger(state, events, timezone="Europe/Berlin", reporting_currency="EUR", pseudonym_key="key")


def seen(minute: float, name: str, **values: Any) -> Seen:
    defaults = {
        "visitor": "v",
        "order_reference": None,
        "product_id": None,
        "channel": "direct",
        "device": "mobile",
        "is_bot": False,
    }
    at = int(datetime(2026, 3, 10, 12, 0).timestamp() * 1000) + int(minute * MINUTE)
    return Seen(**{"uuid": f"{minute}-{name}", **defaults, "at": at, "name": name, **values})


def test_tax_is_taken_out_of_prices_that_include_it():
    state = shop()
    # 2 × 11.90 with 2.38 off: paid 21.42, of it tax 3.42. Gross 23.80 / 1.19 = 20.00.
    order(
        state,
        ("11.90", 2, "2.38", "3.42"),
        shipping_amount=Decimal("4.00"),
        shipping_tax_amount=Decimal("0.76"),
    )
    row = ledger(state).daily_sales()[(DAY, "web")]
    assert row["gross_sales"] == Decimal("20.00")
    assert row["discounts"] == Decimal("2.00")
    assert row["net_sales"] == Decimal("18.00")
    assert row["tax"] == Decimal("4.18")
    assert row["shipping"] == Decimal("4.00")
    assert row["total_sales"] == Decimal("26.18")
    assert (row["orders"], row["units"]) == (1, 2)


def test_prices_without_tax_stay_and_the_order_discount_is_spread_by_value():
    state = shop()
    # Values 10, 10, 10 share 1.00 as 0.33, 0.33 and the rest 0.34.
    order(state, *[("10.00", 1, "0", "0.00")] * 3, prices_include_tax=0, discount_amount=Decimal("1.00"))
    rows = ledger(state).product_daily()
    assert [rows[(DAY, product)]["discounts"] for product in (1, 2, 3)] == [
        Decimal("0.33"),
        Decimal("0.33"),
        Decimal("0.34"),
    ]
    assert ledger(state).total("net_sales") == Decimal("29.00")


def test_each_line_is_converted_with_the_rate_of_the_orders_day_and_rounded_half_even():
    state = shop()
    # 0.10 × 1.15 = 0.115 → 0.12 and 0.30 × 1.15 = 0.345 → 0.34: half-even, per line.
    order(state, ("0.10", 1, "0", "0"), ("0.30", 1, "0", "0"), currency="GBP", prices_include_tax=0)
    assert ledger(state).total("gross_sales") == Decimal("0.46")


def test_a_missing_rate_is_an_error():
    state = shop()
    order(state, ("1.00", 1, "0", "0"), currency="USD")
    with pytest.raises(LookupError, match="USD → EUR on 2026-03-10"):
        ledger(state).daily_sales()


def test_a_refund_is_booked_on_its_own_day_at_the_rate_of_the_order():
    state = shop()
    order_id = order(
        state,
        ("20.00", 2, "0", "4.00"),
        currency="GBP",
        prices_include_tax=0,
        shipping_amount=Decimal("5.00"),
    )
    refund(state, order_id, 1, "20.00", "2.00", "5.00", datetime(2026, 4, 2, 9, 0))
    rows = ledger(state).daily_sales()
    sold, back = rows[(DAY, "web")], rows[(date(2026, 4, 2), "web")]
    assert (sold["returns"], sold["net_sales"]) == (0, Decimal("46.00"))
    assert (sold["returns_by_order_date"], sold["net_sales_by_order_date"]) == (
        Decimal("23.00"),
        Decimal("23.00"),
    )
    assert (back["orders"], back["returns"], back["net_sales"]) == (0, Decimal("23.00"), Decimal("-23.00"))
    assert (back["tax"], back["shipping"], back["total_sales"]) == (
        Decimal("-2.30"),
        Decimal("-5.75"),
        Decimal("-31.05"),
    )


def test_a_discount_in_yen_is_spread_in_whole_yen():
    state = shop()
    lines = [("1000", 1, "0", "0"), ("999", 1, "0", "0"), ("514", 1, "0", "0")]
    yen = {"currency": "JPY", "prices_include_tax": 0, "discount_amount": Decimal(101)}
    state.add(
        "exchange_rates",
        rate_date=DAY,
        base_currency="JPY",
        quote_currency="EUR",
        rate=Decimal(1),
        updated_at=NOON,
    )
    order(state, *lines, **yen)
    rows = ledger(state).product_daily()
    # 101 × 1000 ÷ 2513 = 40.19, 101 × 999 ÷ 2513 = 40.15, and the rest.
    assert [rows[(DAY, product)]["discounts"] for product in (1, 2, 3)] == [40, 40, 21]


def test_what_no_line_carries_has_a_figure_of_its_own():
    state = shop()
    order_id = order(state, ("20.00", 1, "0", "0"), prices_include_tax=0, total_amount=Decimal("22.50"))
    refund(state, order_id, 1, "5.00", "0", "1.00", NOON, total_amount=Decimal("56.00"))
    row = ledger(state).daily_sales()[(DAY, "web")]
    assert (row["other_charges"], row["returns"], row["refunds_without_goods"]) == (
        Decimal("2.50"),
        Decimal(55),
        Decimal(50),
    )
    assert row["total_sales"] == Decimal("22.50") - Decimal(56)


def test_a_refund_is_converted_with_the_rate_of_its_own_currency():
    state = shop()
    order_id = order(state, ("20.00", 1, "0", "0"), currency="GBP", prices_include_tax=0)
    refund(state, order_id, 1, "10.00", "0", "0", datetime(2026, 4, 2, 9, 0), currency="EUR")
    assert ledger(state).total("returns") == Decimal(10)


def test_an_order_belongs_to_the_local_day():
    state = shop()
    order(state, ("1.00", 1, "0", "0"), placed_at=datetime(2026, 3, 9, 22, 59))  # 23:59 in Berlin
    order(state, ("1.00", 1, "0", "0"), placed_at=datetime(2026, 3, 9, 23, 0))
    order(
        state, ("1.00", 1, "0", "0"), placed_at=datetime(2026, 3, 29, 22, 0)
    )  # midnight after the clocks changed
    assert sorted(day for day, _ in ledger(state).daily_sales()) == [date(2026, 3, 9), DAY, date(2026, 3, 30)]


def test_orders_that_do_not_count_are_counted_with_their_reason():
    state = shop()
    line = ("5.00", 1, "0", "0")
    order(state, line, is_test=1, status="failed")
    order(state, line, customer_id=3)
    order(state, line, status="failed", paid_at=None)
    order(state, line, status="cancelled", paid_at=None)
    order(state, line, status="cancelled")
    row = ledger(state).daily_sales()[(DAY, "web")]
    assert (row["placed_orders"], row["orders"], row["excluded_orders"]) == (3, 1, 4)
    assert (row["excluded_test_orders"], row["excluded_failed_orders"], row["excluded_cancelled_orders"]) == (
        2,
        1,
        1,
    )


def test_a_guest_with_a_customers_address_is_that_customer_the_first_of_them():
    state = shop()
    line = ("5.00", 1, "0", "0")
    order(state, line, customer_id=None, email=" ANN@example.com")
    order(state, line, customer_id=1)
    order(state, line, customer_id=None, email="Guest@Example.com")
    order(state, line, customer_id=None, email=None)
    people = ledger(state).customer_360()
    guest = "g:" + hmac.new(b"key", b"guest@example.com", hashlib.sha256).hexdigest()[:32]
    assert {person: row["orders"] for person, row in people.items()} == {
        "c:1": 2,
        "c:2": 0,
        guest: 1,
        "o:4": 1,
    }
    row = ledger(state).daily_sales()[(DAY, "web")]
    assert (row["new_customers"], row["returning_customers"]) == (3, 1)


def test_a_session_ends_after_more_than_thirty_minutes():
    events = [
        seen(0, "$pageview"),
        seen(30, "$pageview"),
        seen(60.1, "$pageview"),
        seen(1, "$pageview", visitor="w"),
    ]
    assert sorted(len(session) for session in sessions(reversed(events))) == [1, 1, 2]


def test_the_funnel_counts_sessions_not_events_and_only_counted_orders():
    state = shop()
    counted = order(state, ("5.00", 1, "0", "0"))
    failed = order(state, ("5.00", 1, "0", "0"), status="failed", paid_at=None)
    rows = ledger(
        state,
        seen(0, "$pageview", channel="email"),
        seen(1, "Product Viewed", product_id=1),
        seen(2, "Product Viewed", product_id=1),
        seen(3, "Product Added", product_id=1),
        seen(4, "Checkout Started"),
        seen(5, "Order Completed", order_reference=str(counted)),
        seen(0, "Order Completed", order_reference=str(failed), visitor="w", channel="email"),
        seen(0, "Order Completed", order_reference="999", visitor="deleted", channel="email"),
        seen(0, "Product Viewed", product_id=1, visitor="robot", is_bot=True),
    )
    assert rows.funnel_daily() == {
        (DAY, "email", "mobile"): {
            "sessions": 3,
            "product_view_sessions": 1,
            "cart_sessions": 1,
            "checkout_sessions": 1,
            "purchase_sessions": 1,
        }
    }
    product = rows.product_daily()[(DAY, 1)]
    assert (product["views"], product["cart_adds"], product["purchases"]) == (2, 1, 1)


def reports(minute: float, reference: object, **values: Any) -> Seen:
    return seen(minute, "Order Completed", order_reference=str(reference), **values)


def test_an_order_has_one_session_the_first_of_people_to_report_it():
    state = shop()
    first = order(state, ("5.00", 1, "0", "0"))
    order(state, ("7.00", 1, "0", "0"), order_number="#A-2", customer_id=2)
    order(state, ("9.00", 1, "0", "0"))
    book = ledger(
        state,
        reports(1, first, visitor="bot", channel="referral"),
        seen(2, "$pageview", visitor="bot", is_bot=True),
        seen(-5, "$pageview", channel="direct"),  # started before the phone's session, which reports first
        reports(3, first, uuid="reload", channel="direct"),
        reports(2, first, visitor="phone", channel="email"),
        reports(4, "a-2", visitor="phone", channel="email"),  # another customer on the same device
        reports(50, first, visitor="phone", channel="affiliate"),
        reports(60, 999, visitor="phone"),
        reports(61, "#999", visitor="phone"),
    )
    assert {row["purchase_sessions"] for row in book.funnel_daily().values()} == {0, 1}
    assert sum(row["purchase_sessions"] for row in book.funnel_daily().values()) == 1
    (own,) = [row for row in book.sessions().values() if row["orders"]]
    assert (own["channel"], own["orders"], own["order_id"], own["net_amount"]) == (
        *("email", 2, first),
        Decimal("12.00"),
    )
    coverage = book.tracking_coverage().values()
    assert [sum(row[name] for row in coverage) for name in ("tracked_orders", "untracked_orders")] == [2, 1]
    assert sum(row["unknown_purchases"] for row in coverage) == 1
    touched = book.channel_attribution()
    assert touched[(DAY, "email", "linear")]["attributed_orders"] == 2
    assert touched[(DAY, "untracked", "linear")]["attributed_orders"] == 1
    assert book.customer_360()["c:2"]["acquisition_channel"] == "email"
    assert book.product_daily()[(DAY, 1)]["cart_orders"] == 2


@pytest.mark.parametrize(
    ("search", "ordered"), [(-1, 1), (3, 0), (9, 0)], ids=["before", "before the reload", "after"]
)
def test_a_search_is_followed_by_an_orders_first_report(search: int, ordered: int):
    state = shop()
    number = order(state, ("5.00", 1, "0", "0"), placed_at=datetime(2026, 3, 10, 12, 0))
    events = [seen(search, "Products Searched", query="Red  Lamp"), reports(1, number), reports(5, number)]
    rows = ledger(state, *events).search_terms()
    assert rows[(DAY, "red lamp")]["ordered_searches"] == ordered


def test_a_bots_session_views_nothing():
    book = ledger(
        shop(),
        seen(0, "Product Viewed", product_id=1, is_bot=True),
        seen(1, "Product Viewed", product_id=1),
        seen(2, "Product Added", product_id=1),
    )
    assert book.product_daily() == {}


@pytest.mark.parametrize(
    ("moves", "value"),
    [
        ([("Added", 1, "10", "EUR"), *[("Removed", 1, "10", "EUR")] * 2, ("Added", 2, "5", "EUR")], "5.00"),
        ([("Added", 1, "10", "EUR"), ("Added", 2, "5", "EUR"), ("Removed", 1, "12", "EUR")], "5.00"),
        ([("Added", 1, "10", "EUR"), ("Added", 2, "10", "GBP")], "21.50"),
        ([("Added", 1, "10", "EUR"), ("Added", 2, "10", "JPY")], None),
        ([("Added", 1, "10", "EUR"), ("Removed", 1, "10", "EUR")], "0.00"),
        ([("Added", 1, "10", None), ("Added", 2, "10", "GBP")], "23.00"),
    ],
)
def test_a_carts_value_is_what_is_left_in_it(
    moves: list[tuple[str, int, str, str | None]], value: str | None
):
    events = [
        seen(minute, f"Product {name}", product_id=product, price=price, currency=currency, cart_id="a")
        for minute, (name, product, price, currency) in enumerate(moves)
    ]
    row = ledger(shop(), *events).cart_abandonment()["a"]
    assert row["cart_value"] == (value and Decimal(value))


def test_an_unknown_figure_is_a_key_error():
    state = shop()
    order(state, ("5.00", 1, "0", "0"))
    with pytest.raises(KeyError):
        ledger(state).total("profit")
