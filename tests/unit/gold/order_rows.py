"""Rows of orders, their lines and categories, with only the columns a test is about."""

from __future__ import annotations

from typing import Any

MAY = "2026-05-04 10:00:00"
RATES = [
    {"rate_date": "2026-05-04", "base_currency": "USD", "quote_currency": "EUR", "rate": "0.9"},
    {"rate_date": "2026-05-05", "base_currency": "USD", "quote_currency": "EUR", "rate": "0.5"},
    {"rate_date": "2026-05-04", "base_currency": "USD", "quote_currency": "GBP", "rate": "0.7"},
]


def order(number: int, **given_columns: Any) -> dict[str, Any]:
    return {"order_id": number, "placed_at": MAY, **given_columns}


def line(number: int, of: int, price: str, **given_columns: Any) -> dict[str, Any]:
    return {
        "order_line_id": number,
        "order_id": of,
        "line_number": number,
        "quantity": 1,
        "unit_price_amount": price,
        **given_columns,
    }


def gold_order(number: int, day: str, **given_columns: Any) -> dict[str, Any]:
    """An order of gold, counted unless the given columns exclude it."""
    counted = {"is_counted": "exclusion_reason" not in given_columns, "exclusion_reason": None}
    placed = {"order_date": day, "placed_at": f"{day} 10:00:00", "person_id": "c:1", "sales_channel": "web"}
    return {"order_id": number, **counted, **placed, **given_columns}


def category_version(category_id: int, day: str, name: str, parent: int | None = None) -> dict[str, Any]:
    at = f"2026-{day} 00:00:00"
    return {"category_id": category_id, "valid_from": at, "name": name, "parent_category_id": parent}
