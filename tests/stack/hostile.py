"""A small shop with known figures, and everything odd that a shop or a visitor may send beside it.

The odd rows are derived from the contracts: one for each column and each value that a column of its kind may
have. They belong to a test order, so that a row that is repaired rather than rejected changes no figure.
"""

from __future__ import annotations

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from contracts.model import Column, Layer, Table
from contracts.registry import tables_of
from tests.integration.servers import Shop

GOOD_ORDERS = 300
TEST_ORDER = 900_001
FIRST_ODD_ID = 1_000_000
USD_RATE = Decimal("0.90000000")
# One unit of order 5 is returned on the day of the order.
REFUNDED_ORDER, REFUNDED = 5, Decimal("5.35")
FIRST_DAY = date(2026, 3, 1)
# A day with odd rows only.
ODD_DAY = "2026-07-01"
LONG = "x" * 10_000
TEXTS = ("Floor lamp\0 red", LONG, "träge 🛒 \\N \\. \"quoted\", 'single'\r\nnext\tline", "\ufffe\u202e", "")
MOMENTS = (
    "0000-00-00 00:00:00",
    "0000-01-01 00:00:00",
    "0001-01-01 00:00:00",
    "1677-09-20 00:00:00",
    "2262-04-12 00:00:00",
    "9999-12-31 23:59:59.999999",
    "2026-02-00 00:00:00",
)
DAYS = tuple(moment[:10] for moment in MOMENTS)
# References of odd rows, so that they affect no good row.
PARENTS = {
    "order_id": TEST_ORDER,
    "order_item_id": TEST_ORDER,
    "refund_id": TEST_ORDER,
    "product_id": 1,
    "customer_id": 1,
    "category_id": 1,
}


def add_good_orders(shop: Shop) -> dict[date, Decimal]:
    """Insert the shop; returns what its orders come to without tax, in EUR, per day (all at noon UTC)."""
    shop.insert("categories", id=1, parent_id=None, name="Lamps", slug="lamps")
    shop.insert("customers", id=1, email="one@shop.example", is_test=0, country_code="DE")
    for number in range(1, 11):
        shop.insert("products", id=number, sku=f"SKU-{number}", name=f"Lamp {number}", category_id=1)
    expected: dict[date, Decimal] = defaultdict(Decimal)
    for number in range(1, GOOD_ORDERS + 1):
        day = FIRST_DAY + timedelta(days=number % 10)
        currency = "USD" if number % 3 == 0 else "EUR"
        price, quantity = Decimal(number) + Decimal("0.35"), number % 4 + 1
        net = price * quantity
        tax = (net * Decimal("0.2")).quantize(Decimal("0.01"))
        add_order(
            shop,
            number,
            currency=currency,
            placed_at=f"{day} 12:00:00",
            tax_amount=tax,
            total_amount=net + tax,
            is_test=0,
        )
        shop.insert(
            "order_items",
            id=number,
            order_id=number,
            line_number=1,
            product_id=number % 10 + 1,
            quantity=quantity,
            unit_price=price,
            discount_amount=0,
            tax_rate=Decimal("0.2"),
            tax_amount=tax,
        )
        rate = USD_RATE if currency == "USD" else 1
        expected[day] += round(net * rate, 2)
    for offset in range(10):
        rate_date = FIRST_DAY + timedelta(days=offset)
        shop.insert(
            "exchange_rates", rate_date=rate_date, base_currency="USD", quote_currency="EUR", rate=USD_RATE
        )
    expected[add_refund(shop)] -= REFUNDED
    add_order(shop, TEST_ORDER, placed_at=f"{ODD_DAY} 12:00:00", is_test=1)
    shop.insert("order_items", id=TEST_ORDER, order_id=TEST_ORDER, product_id=1, quantity=1)
    shop.insert("refunds", id=TEST_ORDER, order_id=TEST_ORDER, refunded_at=f"{ODD_DAY} 13:00:00")
    return dict(expected)


def add_order(shop: Shop, number: int, **values: Any) -> None:
    """An order of customer 1, paid at once, without discount and shipping."""
    known = {
        "order_number": f"R{number}",
        "customer_id": 1,
        "status": "paid",
        "sales_channel": "web",
        "currency": "EUR",
        "prices_include_tax": 0,
        "discount_amount": 0,
        "shipping_amount": 0,
        "shipping_tax_amount": 0,
        "paid_at": values["placed_at"],
    }
    shop.insert("orders", id=number, **(known | values))


def add_refund(shop: Shop) -> date:
    """A refund of a line, tax included; returns its day."""
    day, tax = FIRST_DAY + timedelta(days=REFUNDED_ORDER % 10), REFUNDED * Decimal("0.2")
    shop.insert(
        "refunds",
        id=1,
        order_id=REFUNDED_ORDER,
        shipping_amount=0,
        shipping_tax_amount=0,
        total_amount=REFUNDED + tax,
        currency="EUR",
        refunded_at=f"{day} 15:00:00",
    )
    shop.insert(
        "refund_items",
        id=1,
        refund_id=1,
        order_item_id=REFUNDED_ORDER,
        quantity=1,
        amount=REFUNDED,
        tax_amount=tax,
    )
    return day


def odd_rows() -> Iterator[tuple[Table, dict[str, Any]]]:
    """Every odd row: its table and the columns that matter, its key included."""
    number = FIRST_ODD_ID
    for table in tables_of(Layer.SHOP):
        for column in table.columns:
            for value in _values(table, column):
                number += 1
                yield table, _base(table, number) | {column.name: value}


def _values(table: Table, column: Column) -> tuple[Any, ...]:
    kind, is_key = column.type, column.name in table.key
    if column.name == "id" or column.name in PARENTS:
        return ()
    by_kind: dict[str, tuple[Any, ...]] = {
        "datetime": MOMENTS,
        "date": DAYS,
        "varchar": ("A\0B", " depot", "DEPOT") if is_key else TEXTS,
        "json": TEXTS,
        "char": ("\0\0A", " a", "eur"),
        "enum": ("",),
        "decimal": _extremes(kind),
        "int": (4_294_967_295,),
    }
    return by_kind.get(re.split(r"[( ]", kind)[0], ())


def _extremes(kind: str) -> tuple[Decimal, ...]:
    match = re.match(r"decimal\((\d+),(\d+)\)", kind)
    if not match:
        return ()
    digits, scale = int(match[1]), int(match[2])
    most = Decimal(10) ** (digits - scale) - Decimal(1).scaleb(-scale)
    return most, -most


def _base(table: Table, number: int) -> dict[str, Any]:
    """A row that is right, of the test order and on the odd day."""
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.name in PARENTS:
            row[column.name] = PARENTS[column.name]
        elif column.type.startswith("datetime"):
            row[column.name] = f"{ODD_DAY} 12:00:00"
        elif column.type == "date":
            row[column.name] = ODD_DAY
        elif column.name == "is_test":
            row[column.name] = 1
    if table.key == ("id",):
        row["id"] = number
    unique = {"orders": "order_number", "products": "sku", "coupons": "code"}.get(table.name)
    if unique:
        row[unique] = f"ODD-{number}"
    if table.name == "inventory_levels":
        row |= {"product_id": number, "location": "depot"}
    if table.name == "exchange_rates":
        row |= {"base_currency": "USD", "quote_currency": f"{number % 1000:03}"}
    return row


def widen_texts(shop: Shop) -> None:
    """Let every text outside a key take anything: a shop's own columns are longer than the demo's."""
    rows = shop.execute(
        "SELECT DISTINCT table_name, index_name FROM information_schema.statistics"
        " WHERE table_schema = %s AND index_name <> 'PRIMARY'",
        (shop.name,),
    )
    for table, index in rows:
        shop.execute(f"ALTER TABLE {table} DROP INDEX {index}")
    for table in tables_of(Layer.SHOP):
        for column in table.columns:
            if column.type.startswith(("varchar", "json")) and column.name not in table.key:
                null = "NOT NULL" if column.required else "NULL"
                shop.execute(f"ALTER TABLE {table.name} MODIFY `{column.name}` MEDIUMTEXT {null}")
    shop.columns.clear()


def delete_odd_rows(shop: Shop) -> None:
    for table in tables_of(Layer.SHOP):
        if table.key == ("id",):
            shop.execute(f"DELETE FROM {table.name} WHERE id > {FIRST_ODD_ID}")
    shop.execute("DELETE FROM inventory_levels")
    shop.execute(f"DELETE FROM exchange_rates WHERE rate_date > '{FIRST_DAY + timedelta(days=9)}'")
    shop.execute(f"DELETE FROM exchange_rates WHERE rate_date < '{FIRST_DAY}'")


def event(name: str, **properties: Any) -> dict[str, Any]:
    """An event of a session of its own."""
    return {
        "uuid": str(uuid.uuid4()),
        "event": name,
        "distinct_id": str(uuid.uuid4()),
        "timestamp": f"{FIRST_DAY}T12:00:00Z",
        "properties": properties,
    }


def good_events() -> list[dict[str, Any]]:
    """A session of three events for each good order of the first day."""
    found = []
    for number in range(10, GOOD_ORDERS + 1, 10):
        device = str(uuid.uuid4())
        for name in ("Product Viewed", "Product Added", "Order Completed"):
            sent = event(name, product_id=str(number % 10 + 1), **{"$device_id": device})
            if name == "Order Completed":
                sent["properties"] |= {"order_id": str(number)}
            found.append(sent)
    return found


def odd_bodies(token: str) -> Iterator[bytes]:
    """Request bodies that the gateway accepts or refuses; nobody knows which, nothing may break."""
    for sent in _odd_events():
        yield json.dumps({"api_key": token, "batch": [sent]}).encode()
    for text in _odd_properties():
        head = json.dumps({**event("Product Viewed"), "properties": "@"})
        sent_text = head.replace('"@"', text)
        yield f'{{"api_key": "{token}", "batch": [{sent_text}]}}'.encode()


def _odd_events() -> Iterator[dict[str, Any]]:
    for text in ("a\0b", LONG, "\ud800", "'; DROP TABLE x; --", "\u202e", ""):
        for name in ("query", "cart_id", "$pathname", "utm_source", "$device_id", "currency", "product_id"):
            yield event("Products Searched", **{name: text})
        yield event(text or "x", query="lamp")
        yield event("$identify", **{"$anon_distinct_id": text})
        yield event("lamp") | {"distinct_id": text or "x"}
    for moment in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1677-01-01T00:00:00Z", "+275760-09-13"):
        yield event("Product Viewed", product_id="1") | {"timestamp": moment}
    for number in ("1e999999999", "1e-999999999", "9" * 1200, "NaN", "7.0", -1, 10**30, 1e308, [1], {"a": 1}):
        for name in ("product_id", "quantity", "price", "total", "order_id", "result_count", "$user_id"):
            yield event("Product Added", **{name: number})
    for products in ([], [None], "not a list", [{"product_id": "8\0"}], [{"quantity": 10**40}] * 3):
        yield event("Product Added", products=products)


def _odd_properties() -> Iterator[str]:
    yield '{"product_id": 1, "load": NaN}'
    yield '{"product_id": 1, "product_id": 2}'
    yield '{"product_id": ' + "9" * 1200 + "}"
    yield '{"price": 1E-999999999}'
    yield '{"price": 1E999999999}'
    yield '{"query": "\\ud800"}'
    yield '{"query": "\\u0000"}'
    yield '{"deep": ' + "[" * 1500 + "]" * 1500 + "}"
    yield '{"' + "n" * 60_000 + '": 1, "product_id": 1}'


def odd_messages() -> list[bytes | None]:
    """Values as foreign producers write them straight to the topic."""
    envelope = json.dumps(
        {"uuid": str(uuid.uuid4()), "distinct_id": "d", "now": f"{FIRST_DAY}T12:00:00Z", "data": "caf@"}
    )
    return [
        envelope.encode().replace(b"@", b"\xe9"),
        b"\x00\x00\x00\x00\x05\x0e\xc3\x28",
        b"",
        None,
        b"null",
        b"[]",
        b'"text"',
        b"\xff" * 2_000,
        json.dumps({"uuid": "u", "data": '{"event": "\\u0000"}', "now": "0001-01-01T00:00:00Z"}).encode(),
    ]
