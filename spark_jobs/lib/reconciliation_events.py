"""From the topic to silver: is each message an event, a rejected row, or sent again?"""

from __future__ import annotations

from deltalake import DeltaTable

from contracts.registry import table as declared
from contracts.sources.events import CAPTURED
from spark_jobs.lib.archive import archived_rows
from spark_jobs.lib.lake import Lake
from spark_jobs.lib.reconciliation import Comparison
from spark_jobs.lib.reconciliation_tables import LakeTables

EVENTS = declared("silver.events")
_UUID = (
    "coalesce(value ->> '$.uuid',"
    " CASE WHEN json_valid(value ->> '$.data') THEN (value ->> '$.data') ->> '$.uuid' END)"
)


def compare_events(tables: LakeTables) -> list[Comparison]:
    """The messages of bronze, as far as silver has come, against its events, by their position."""
    if not (tables.exists(CAPTURED) and tables.exists(EVENTS)):
        return []
    _find_untaken(tables)
    total = tables.number("SELECT count(*) FROM messages")
    taken = tables.number("SELECT count(*) FROM taken")
    rejected = tables.number("SELECT count(*) FROM untaken WHERE is_rejected")
    again = tables.number(
        f"SELECT count(*) FROM untaken WHERE NOT is_rejected AND json_valid(value)"
        f" AND {_UUID} IN (SELECT event_id FROM {tables.delta(EVENTS.id)})"
    )
    reasons = {"quarantined": rejected, "sent again": again}
    why = {reason: count for reason, count in reasons.items() if count}
    found = [Comparison(EVENTS.id, "messages", "bronze", total, "silver", taken, why)]
    orphans = tables.number(f"SELECT count(*) FROM {tables.delta(EVENTS.id)}") - taken
    if orphans:
        archived = min(orphans, archived_rows(tables.lake, CAPTURED))
        kept = {"message archived": archived} if archived else {}
        found.append(Comparison(EVENTS.id, "rows without a message", "silver", orphans, "bronze", 0, kept))
    return found


def _find_untaken(tables: LakeTables) -> None:
    """Tables `messages`, `taken` (a silver row has come of it) and `untaken`."""
    tables.register("messages", _as_silver_saw_it(tables.lake))
    position = "concat_ws('/', topic, partition, \"offset\")"
    # The same position may be of another topic, so the message must also name the event.
    tables.execute(
        f"CREATE TEMP TABLE taken AS SELECT {position} AS position FROM messages m"
        f" JOIN {tables.delta(EVENTS.id)} s ON s._kafka_partition = m.partition"
        ' AND s._kafka_offset = m."offset" WHERE contains(m.value, s.event_id)'
    )
    is_rejected = "false"
    if tables.lake.exists(tables.lake.quarantine_path(EVENTS)):
        tables.register_quarantine(EVENTS)
        is_rejected = "position IN (SELECT position FROM quarantine)"
    tables.execute(
        f"CREATE TEMP TABLE untaken AS SELECT *, {is_rejected} AS is_rejected FROM"
        f" (SELECT {position} AS position, value FROM messages) ANTI JOIN taken USING (position)"
    )


def _as_silver_saw_it(lake: Lake) -> DeltaTable:
    """Bronze at the version up to which silver has taken it in; the stream has gone on since."""
    path, silver = lake.path(CAPTURED), lake.path(EVENTS)
    now = lake.data_commit(path)
    seen = lake.committed(silver, (lake.commit_metadata(silver) or {}).get("app", ""))
    if now is None or seen is None or now.version == seen:
        return DeltaTable(path)
    return DeltaTable(path, version=seen)
