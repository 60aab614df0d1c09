"""Rows of orders and their lines that tests share."""

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
