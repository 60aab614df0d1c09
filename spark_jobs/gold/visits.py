"""Events and the sessions they belong to."""

from __future__ import annotations

from pyspark.sql import DataFrame


def in_visits(events: DataFrame, sessions: DataFrame, *columns: str) -> DataFrame:
    """Add `session_id` and these columns of their session to events; bot sessions are left out.

    Sessions of one visitor do not overlap, so an event has one.
    """
    people = sessions.where("NOT is_bot").select(
        "visitor_id", "session_id", "started_at", "ended_at", *columns
    )
    same = (
        (events["visitor_id"] == people["visitor_id"])
        & (events["occurred_at"] >= people["started_at"])
        & (events["occurred_at"] <= people["ended_at"])
    )
    return events.join(people, on=same, how="inner").select(  # many to one
        *(events[name] for name in events.columns), *(people[name] for name in ("session_id", *columns))
    )
