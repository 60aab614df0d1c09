"""Funnel from session to order, per day, channel and device."""

from __future__ import annotations

from contracts.metrics import COUNT, metric
from contracts.model import Check, Column, Layer, OnFailure, Table
from contracts.silver.sessions import CHANNELS, DEVICES

_STEPS = ("sessions", "product_view_sessions", "cart_sessions", "checkout_sessions", "purchase_sessions")
_BEFORE = (("week_before", "7 days before"), ("year_before", "364 days before, the same weekday"))

FUNNEL_DAILY = Table(
    name="funnel_daily",
    layer=Layer.GOLD,
    inputs=("silver.sessions", "gold.orders"),
    grain=(
        "one row per day, channel and device with a session on that day, or a week or a year before it,"
        " up to the last day with sessions"
    ),
    doc="Sessions by how far they went. A session belongs to the day of its first event.",
    key=("session_date", "channel", "device"),
    columns=(
        Column(
            "session_date", "date", "Day of the session's first event, in the shop's time zone", required=True
        ),
        Column("channel", "string", "Where the visit came from", required=True, allowed=CHANNELS),
        Column("device", "string", "desktop, mobile, tablet or unknown", required=True, allowed=DEVICES),
        *(metric(step) for step in _STEPS),
        metric("conversion_rate", required=False),
        *(
            Column(f"{step}_{suffix}", COUNT, f"{step} {words}", required=True)
            for suffix, words in _BEFORE
            for step in _STEPS
        ),
        Column(
            "is_complete", "boolean", "The day is over and its late-data allowance has passed", required=True
        ),
    ),
    checks=(Check("purchases_are_sessions", "purchase_sessions <= sessions", OnFailure.FAIL),),
)
