"""The shop's MySQL: products, customers and orders."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncmy
from asyncmy.cursors import DictCursor

from storefront.money import Bill, Coupon, Product, cents
from storefront.settings import StorefrontSettings

PAGE_SIZE = 24
CONNECT_SECONDS = 5
# Above all ids of the simulator, which writes rows to the same tables.
FIRST_ID = 1_000_000_000
METHODS = {"card": "Card", "paypal": "PayPal", "invoice": "Invoice"}
Row = dict[str, Any]

_PRODUCTS = (
    "SELECT p.id, p.sku, p.name, p.brand, c.name AS category, COALESCE(d.name, c.name) AS department,"
    " p.price, p.currency FROM products p LEFT JOIN categories c ON c.id = p.category_id"
    " LEFT JOIN categories d ON d.id = c.parent_id WHERE p.is_active = 1"
)


@dataclass(frozen=True)
class Buyer:
    """The input of the checkout form."""

    email: str
    name: str
    line1: str
    postal_code: str
    city: str
    method: str


class Shop:
    """Queries and orders, each on its own connection."""

    def __init__(self, settings: StorefrontSettings) -> None:
        self.settings = settings

    async def categories(self) -> list[Row]:
        """Return the category tree, departments first."""
        async with self._transaction() as cursor:
            return await _all(
                cursor,
                "SELECT id, parent_id, name, slug FROM categories ORDER BY parent_id IS NOT NULL, name",
            )

    async def products(self, *, slug: str = "", query: str = "", page: int = 1) -> tuple[list[Product], int]:
        """Return a page of products, and the number of products on all pages."""
        where, parameters = "", []
        if slug:
            where, parameters = " AND (c.slug = %s OR d.slug = %s)", [slug, slug]
        for term in query.split():
            where += " AND INSTR(CONCAT_WS(' ', p.name, p.brand, c.name, d.name), %s) > 0"
            parameters.append(term)
        async with self._transaction() as cursor:
            counted = await _all(cursor, f"SELECT COUNT(*) AS n FROM ({_PRODUCTS}{where}) found", parameters)
            found = await _all(
                cursor,
                f"{_PRODUCTS}{where} ORDER BY p.id LIMIT %s OFFSET %s",
                [*parameters, PAGE_SIZE, (page - 1) * PAGE_SIZE],
            )
        return [Product(**row) for row in found], int(counted[0]["n"])

    async def products_by_id(self, ids: Sequence[int]) -> dict[int, Product]:
        """Return those of the products that are on sale, by id."""
        if not ids:
            return {}
        async with self._transaction() as cursor:
            marks = ", ".join(["%s"] * len(ids))
            found = await _all(cursor, f"{_PRODUCTS} AND p.id IN ({marks})", ids)
        return {row["id"]: Product(**row) for row in found}

    async def coupon(self, code: str, currency: str) -> Coupon | None:
        """Return the coupon with this code, if it may be used now."""
        async with self._transaction() as cursor:
            found = await _all(
                cursor,
                "SELECT id, code, kind, value FROM coupons c WHERE code = %s AND COALESCE(currency, %s) = %s"
                " AND COALESCE(valid_from, UTC_TIMESTAMP()) <= UTC_TIMESTAMP()"
                " AND COALESCE(valid_to > UTC_TIMESTAMP(), TRUE) AND COALESCE(usage_limit >"
                " (SELECT COUNT(*) FROM orders o WHERE o.coupon_id = c.id), TRUE) LIMIT 1",
                [code, currency, currency],
            )
        return Coupon(**found[0]) if found else None

    async def customer(self, customer_id: int) -> Row | None:
        """Return an account, or None."""
        async with self._transaction() as cursor:
            found = await _all(
                cursor, "SELECT id, email, first_name, is_test FROM customers WHERE id = %s", [customer_id]
            )
        return found[0] if found else None

    async def log_in(self, email: str, first_name: str) -> int:
        """Return the id of the account with this e-mail address; it is created if there is none."""
        async with self._transaction() as cursor:
            found = await _all(
                cursor, "SELECT MIN(id) AS id FROM customers WHERE LOWER(TRIM(email)) = %s", [email]
            )
            if found[0]["id"] is not None:
                return int(found[0]["id"])
            values = {
                "email": email,
                "first_name": first_name or None,
                "locale": "en-GB",
                "country_code": "DE",
            }
            return await _add(cursor, "customers", _now(), **values)

    async def place(
        self, buyer: Buyer, customer: Row | None, owed: Bill, coupon: Coupon | None
    ) -> tuple[int, str]:
        """Write an order with its address, lines and payment in one transaction; returns id and number."""
        now, account = _now(), customer["id"] if customer else None
        is_paid = buyer.method != "invoice"
        async with self._transaction() as cursor:
            order_id = await _next_id(cursor, "orders")
            number = f"W{order_id - FIRST_ID + 1:07d}"
            address = await _add(
                cursor,
                "addresses",
                now,
                customer_id=account,
                kind="shipping",
                name=buyer.name,
                line1=buyer.line1,
                postal_code=buyer.postal_code,
                city=buyer.city,
                country_code="DE",
            )
            await _add(
                cursor,
                "orders",
                now,
                id=order_id,
                order_number=number,
                customer_id=account,
                email=buyer.email,
                status="paid" if is_paid else "placed",
                currency=owed.currency,
                prices_include_tax=1,
                discount_amount=owed.discount,
                shipping_amount=owed.shipping,
                shipping_tax_amount=owed.shipping_tax,
                tax_amount=owed.tax,
                total_amount=owed.total,
                coupon_id=coupon.id if coupon else None,
                shipping_address_id=address,
                metadata='{"source": "storefront"}',
                placed_at=now,
                paid_at=now if is_paid else None,
            )
            for position, line in enumerate(owed.lines, start=1):
                await _add(
                    cursor,
                    "order_items",
                    now,
                    order_id=order_id,
                    line_number=position,
                    product_id=line.product.id,
                    sku=line.product.sku,
                    product_name=line.product.name,
                    quantity=line.quantity,
                    unit_price=line.product.price,
                    tax_rate=line.tax_rate,
                    tax_amount=line.tax,
                )
            await _add(
                cursor,
                "payments",
                now,
                order_id=order_id,
                method=buyer.method,
                status="captured" if is_paid else "pending",
                amount=owed.total,
                fee_amount=cents(owed.total * 14 / 1000) if is_paid else 0,
                currency=owed.currency,
                provider_reference=f"demo_{secrets.token_hex(8)}" if is_paid else None,
                processed_at=now if is_paid else None,
            )
        return order_id, number

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        settings = self.settings
        connection = await asyncmy.connect(
            host=settings.shop_mysql_host,
            port=settings.shop_mysql_port,
            user=settings.shop_mysql_admin_user,
            password=settings.shop_mysql_admin_password.get_secret_value(),
            db=settings.shop_mysql_database,
            charset="utf8mb4",
            connect_timeout=CONNECT_SECONDS,
        )
        try:
            async with connection.cursor(DictCursor) as cursor:
                await cursor.execute("SET NAMES utf8mb4 COLLATE utf8mb4_general_ci")
                yield cursor
            await connection.commit()
        finally:
            connection.close()  # rolls back what was not committed


async def _all(cursor: Any, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
    await cursor.execute(statement, tuple(parameters) or None)
    return list(await cursor.fetchall())


async def _next_id(cursor: Any, table: str) -> int:
    """Return the next free id. Concurrent callers wait until this transaction ends."""
    found = await _all(
        cursor, f"SELECT GREATEST(COALESCE(MAX(id), 0) + 1, %s) AS id FROM {table} FOR UPDATE", [FIRST_ID]
    )
    return int(found[0]["id"])


async def _add(cursor: Any, table: str, now: datetime, **values: object) -> int:
    row = {
        "id": values.get("id") or await _next_id(cursor, table),
        **values,
        "created_at": now,
        "updated_at": now,
    }
    marks = ", ".join(["%s"] * len(row))
    await cursor.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    return int(str(row["id"]))


def _now() -> datetime:
    """Return the current time as the shop stores it: UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)
