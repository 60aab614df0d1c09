"""From the topics to silver: each message is a row, a rejected row or a duplicate."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from contracts.model import Table
from contracts.registry import table as declared
from contracts.sources.events import CAPTURED, CAPTURED_EVENT
from spark_jobs.columns.identity import MAX_DISTINCT_ID, PSEUDONYM_LENGTH
from spark_jobs.lake.archive import archived_rows
from spark_jobs.lake.tables import Lake, LakeTable
from spark_jobs.reconcile.comparison import Amount, Comparison
from spark_jobs.reconcile.tables import LakeTables

EVENTS, STATEMENTS = declared("silver.events"), declared("silver.person_distinct_ids")
# A text as JSON; null where it is not JSON or cannot be read as text at all.
_FIELD = "try({text} ->> '$.{name}')"
_UUID_IN_TEXT = """regexp_extract({text}, '"uuid"\\s*:\\s*"([^"\\\\]+)"', 1)"""


def _field(name: str, text: str = "value") -> str:
    return _FIELD.format(text=text, name=name)


# An event's id as silver has it. In a value that this engine cannot read, it is searched for.
_LOOKED_FOR = f"nullif({_UUID_IN_TEXT.format(text='value')}, '')"
_STATED = f"coalesce({_field('uuid')}, {_field('uuid', _field('data'))}, {_LOOKED_FOR})"
_KEPT = MAX_DISTINCT_ID - PSEUDONYM_LENGTH - 1
_UUID = (
    f"CASE WHEN length({_STATED}) > {MAX_DISTINCT_ID}"
    f" THEN concat(left({_STATED}, {_KEPT}), '~', left(sha256({_STATED}), {PSEUDONYM_LENGTH}))"
    f" ELSE trim({_STATED}) END"
)
# Identifies messages that repeat another one: the key, as text.
_KEY_OF_MESSAGE = {
    EVENTS.id: _UUID,
    STATEMENTS.id: f"concat_ws('/', {_field('team_id')}, {_field('distinct_id')}, {_field('version')})",
}
_KEY_OF_ROW = {EVENTS.id: "event_id", STATEMENTS.id: "concat_ws('/', team_id, distinct_id, version)"}


def compare_events(tables: LakeTables) -> list[Comparison]:
    """Compare the messages of bronze, as far as silver has read them, with silver's rows, by position."""
    return [each for table in (EVENTS, STATEMENTS) for each in _compare(tables, table)]


def _compare(tables: LakeTables, silver: Table) -> list[Comparison]:
    if not (tables.exists(CAPTURED) and tables.exists(silver)):
        return []
    _find_untaken(tables, silver)
    total = tables.number("SELECT count(*) FROM messages")
    rows = tables.number(f"SELECT count(*) FROM {tables.delta(silver.id)}")
    if not total and not rows:
        return []
    taken = tables.number("SELECT count(*) FROM taken")
    rejected = tables.number("SELECT count(*) FROM untaken WHERE is_rejected")
    again = _count_again(tables, silver)
    reasons = {"quarantined": rejected, "sent again": again}
    why = {reason: count for reason, count in reasons.items() if count}
    found = [Comparison(silver.id, "messages", "bronze", total, "silver", taken, why)]
    if orphans := rows - taken:
        archived = min(orphans, archived_rows(tables.lake, CAPTURED))
        kept = {"message archived": archived} if archived else {}
        found.append(Comparison(silver.id, "rows without a message", "silver", orphans, "bronze", 0, kept))
    return found


def _count_again(tables: LakeTables, silver: Table) -> Amount:
    """Count the messages, neither a row nor rejected, that repeat a row of silver.

    Only their values are read, and as bytes: older bronze tables have some that are not UTF-8.
    """
    if not tables.number("SELECT count(*) FROM untaken WHERE NOT is_rejected"):
        return 0
    position = ("topic", "partition", "offset")
    as_bytes = {name: pc.field(name) for name in position} | {"value": pc.field("value").cast(pa.binary())}
    bronze = _as_silver_saw_it(tables.lake, silver).rows()
    tables.register_rows("all_values", bronze.scanner(columns=as_bytes).to_reader())
    tables.execute(
        "CREATE OR REPLACE TEMP TABLE said_again AS SELECT coalesce(try(decode(v.value)), '') AS value"
        ' FROM all_values v JOIN untaken u USING (topic, partition, "offset") WHERE NOT u.is_rejected'
    )
    return tables.number(
        f"SELECT count(*) FROM said_again WHERE {_KEY_OF_MESSAGE[silver.id]} IN"
        f" (SELECT {_KEY_OF_ROW[silver.id]} FROM {tables.delta(silver.id)})"
    )


def _find_untaken(tables: LakeTables, silver: Table) -> None:
    """Create the tables `messages`, `taken` (messages that became a silver row) and `untaken`."""
    bronze = _as_silver_saw_it(tables.lake, silver)
    tables.register("all_messages", bronze)
    known = "format" in {field.name for field in bronze.schema().fields}
    said = f"coalesce(format, '{CAPTURED_EVENT}')" if known else f"'{CAPTURED_EVENT}'"
    formats = ", ".join(f"'{each}'" for each in silver.formats)
    position = "concat_ws('/', topic, partition, \"offset\") AS position"
    tables.execute(
        f'CREATE OR REPLACE TEMP VIEW messages AS SELECT topic, partition, "offset", {position}'
        " FROM all_messages"
        f" WHERE {said} IN ({formats})"
    )
    tables.execute(
        "CREATE OR REPLACE TEMP TABLE taken AS SELECT position FROM messages m"
        f" JOIN {tables.delta(silver.id)} s ON s._kafka_topic = m.topic"
        ' AND s._kafka_partition = m.partition AND s._kafka_offset = m."offset"'
    )
    is_rejected = "false"
    if tables.lake.exists(tables.lake.quarantine_path(silver)):
        tables.register_quarantine(silver)
        is_rejected = "position IN (SELECT position FROM quarantine)"
    tables.execute(
        f'CREATE OR REPLACE TEMP TABLE untaken AS SELECT topic, partition, "offset",'
        f" {is_rejected} AS is_rejected FROM messages ANTI JOIN taken USING (position)"
    )


def _as_silver_saw_it(lake: Lake, silver: Table) -> LakeTable:
    """Return bronze at the version up to which silver has read it; the stream has continued since."""
    path, target = lake.path(CAPTURED), lake.path(silver)
    now = lake.data_commit(path)
    seen = lake.committed(target, (lake.commit_metadata(target) or {}).get("app", ""))
    if now is None or seen is None or now.version == seen:
        return lake.open(path)
    return lake.open(path, seen)
