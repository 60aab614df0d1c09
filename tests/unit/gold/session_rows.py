"""Rows of sessions, events and orders, with only the columns a test is about."""

from __future__ import annotations

from typing import Any


def session(name: str, start: str, end: str | None = None, **more: Any) -> dict[str, Any]:
    """A session of the visitor `v` on 2 May 2026; moments are `hour:minute`, or whole."""
    first = _moment(start)
    last = _moment(end) if end else first
    return {
        "session_id": name,
        "visitor_id": "v",
        "person_id": "c:1",
        "started_at": first,
        "ended_at": last,
        **more,
    }


def event(name: str, at: str, **more: Any) -> dict[str, Any]:
    """An event of the visitor `v` on 2 May 2026."""
    said = {"event_name": name, "visitor_id": "v", "occurred_at": _moment(at), **more}
    return {"event_id": f"{at}-{name}", **said}


def counted(number: int, at: str, **more: Any) -> dict[str, Any]:
    """A counted order of 2 May 2026."""
    moment = _moment(at)
    return {
        "order_id": number,
        "placed_at": moment,
        "order_date": moment[:10],
        "is_counted": True,
        "exclusion_reason": None,
        "person_id": "c:1",
        "sales_channel": "web",
        **more,
    }


def _moment(text: str) -> str:
    return text if "-" in text else f"2026-05-02 {text}:00"


def placed(number: int, at: str, **more: Any) -> dict[str, Any]:
    """An order of silver, of 2 May 2026, by the guest `o:` and its number."""
    said = {
        "order_id": number,
        "order_number": f"SL{number:07d}",
        "placed_at": _moment(at),
        "currency": "EUR",
    }
    return {**said, **more}


def report(at: str, order: int | str | None, **more: Any) -> dict[str, Any]:
    """An Order Completed event that names an order by its id, or with a text by its number."""
    named = {"order_id": order if isinstance(order, int) else None, "order_reference": order and str(order)}
    return event("Order Completed", at, **{"event_id": f"{at}-{order}", **named, **more})
