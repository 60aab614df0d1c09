"""Search terms, and whether searches lead to products and orders."""

from __future__ import annotations

from contracts.metrics import metric
from contracts.model import Check, Column, Layer, OnFailure, Table

SEARCH_TERMS = Table(
    name="search_terms",
    layer=Layer.GOLD,
    inputs=("silver.events", "gold.orders", "gold.sessions"),
    grain="one row per day and term searched for, bots left out",
    doc="Searches with what followed them in the same session. Terms in lower case, blanks made one.",
    key=("search_date", "term"),
    columns=(
        Column("search_date", "date", "Day of the search, in the shop's time zone", required=True),
        Column("term", "string", "What was searched for; only the beginning of a long text", required=True),
        metric("searches"),
        metric("zero_result_searches"),
        metric("clicked_searches"),
        metric("ordered_searches"),
        metric("search_click_rate", required=False),
        Column(
            "is_complete", "boolean", "The day is over and its late-data allowance has passed", required=True
        ),
    ),
    checks=(
        Check(
            "parts_are_searches",
            "greatest(zero_result_searches, clicked_searches, ordered_searches) <= searches",
            OnFailure.FAIL,
        ),
    ),
)
