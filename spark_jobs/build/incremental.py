"""Incremental refresh of a silver table: new bronze rows are checked, then rejected or merged, atomically."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from contracts.model import SILVER_SYSTEM_COLUMNS, Layer, Table
from contracts.registry import table as declared
from contracts.sources.events import CAPTURED_EVENT
from spark_jobs.build.quality import check_rows, conform, mark_shared_keys, newest_state, only_state
from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import is_business_time, moment, storable
from spark_jobs.engine.base import Engine, Merge, Update
from spark_jobs.lake.tables import Lake, Txn
from spark_jobs.run.record import TableRecord
from spark_jobs.sources.event_topics import POSTHOG

APP = "build_silver"

QUARANTINE_COLUMNS = {
    "row_id": "string",
    "failed_checks": "array<string>",
    "raw": "string",
    "batch_id": "string",
    "position": "string",
    "ingested_at": "timestamp",
    "quarantined_at": "timestamp",
    "run_id": "string",
}


@dataclass(frozen=True)
class Span:
    """The range of input commits that a refresh reads; `after` None means from the beginning.

    Version `readable` of the input has the same data as `until`. `app` identifies the current build of the
    table: it changes with a rebuild, whose commits would otherwise count as done.
    """

    after: int | None
    until: int
    app: str
    readable: int


def span_to_do(lake: Lake, table: Table, code: str, rebuild_id: str | None = None) -> Span | None:
    """Return the commits this silver table has not read yet; None when there are none.

    If the code differs from the one the table was built with, or the `rebuild_id` is new, that is all of
    them.
    """
    target = lake.path(table)
    source = lake.data_commit(lake.path(declared(table.inputs[0])))
    if source is None:
        return None
    until, readable = source.version, source.readable
    fresh = ":".join(part for part in (APP, code, rebuild_id) if part)
    life = (lake.commit_metadata(target) or {}).get("app", "")
    if (rebuild_id and life != fresh) or not life.startswith(f"{APP}:{code}"):
        return Span(None, until, fresh, readable)
    done = lake.committed(target, life)
    if done is None or done > until:
        return Span(None, until, fresh, readable)
    return Span(done, until, life, readable) if until > done and has_messages(lake, table) else None


def has_messages(lake: Lake, table: Table) -> bool:
    """Return whether the input has messages that the table can read; captured events always count."""
    if not table.formats or CAPTURED_EVENT in table.formats:
        return True
    return any(_posthog_sent(lake, table, format=(kind, kind)) for kind in table.formats)


def _posthog_sent(lake: Lake, table: Table, **wanted: tuple[str, str]) -> bool:
    """Return whether the input has messages from PostHog's own Kafka with these values."""
    path = lake.path(declared(table.inputs[0]))
    return lake.holds(path, {"topic": (POSTHOG, f"{POSTHOG}\uffff"), **wanted})


def messages_for(rows: DataFrame, table: Table) -> DataFrame:
    """Return the rows in a format that the table reads; a bronze table without formats has only one."""
    if not table.formats:
        return rows
    said = F.col("format") if "format" in rows.columns else F.lit(None).cast("string")
    known = rows.withColumn("format", F.coalesce(said, F.lit(CAPTURED_EVENT)))
    return known.where(F.col("format").isin(*table.formats))


def with_system_columns(rows: DataFrame, source: Table) -> DataFrame:
    """Add what every cleaned row carries to bronze rows: the raw row, its version and its origin."""
    raw = F.struct(*[F.col(name) for name in rows.columns]).alias("_raw")
    if source.layer is Layer.EVENTS:
        carried = (F.lit("upsert").alias("_op"), F.col("_ingested_at").alias("_version_at"))
        return rows.select("*", *carried, F.lit("").alias("_batch_id"), raw)
    # An implausible change time is ignored; the time of the snapshot that brought the row is used instead.
    changed = moment("updated_at")
    changed = F.when((F.col("_op") != "delete") & is_business_time(changed), changed)
    version = F.coalesce(changed, F.col("_ingested_at"))
    return rows.select("*", version.alias("_version_at"), raw)


def checked_rows(
    clean: Callable[[DataFrame, Context], DataFrame], raw: DataFrame, table: Table, context: Context
) -> DataFrame:
    """Return bronze rows, cleaned and checked; the raw row is kept where a check failed.

    The caller must checkpoint them before use: otherwise a filter on the checks is pushed down to the source
    with every expression behind it expanded, thousands of them, which Spark's optimizer does not survive. A
    cache would do, too, but for it Spark first compiles a columnar form of each table.
    """
    source = declared(table.inputs[0])
    cleaned = clean(with_system_columns(raw, source), context)
    checked = mark_shared_keys(check_rows(conform(cleaned, table), table), table, source)
    position = [F.col(f"_raw.{name}").cast("string") for name in source.key]
    if source.layer is Layer.SHOP:
        position = [F.lit(source.name), *(storable(part) for part in position)]
    return checked.withColumn("_position", F.concat_ws("/", *position)).withColumn(
        "_raw", F.when(F.size("_failed") > 0, F.col("_raw"))
    )


@dataclass(frozen=True)
class Quality:
    """The check results of a batch of versions, and the number of rows they belong to."""

    read: int
    quarantined: int
    duplicates: int
    warned: dict[str, int]
    fatal: dict[str, int]
    failed: dict[str, int]
    rejected: int  # rows whose newest version is invalid
    rows: int


def count_rows(checked: DataFrame, table: Table) -> Quality:
    """Count the checked rows, by name where they break a check.

    A shop row counts as rejected when its newest version is; one that was corrected since does not. Events
    are counted individually.
    """
    passed = F.size("_failed") == 0
    counts = checked.agg(
        F.count(F.lit(1)).alias("read"),
        F.count_if(passed).alias("passed"),
        F.count_if(F.size("_warned") + F.size("_fatal") > 0).alias("marked"),
    ).collect()[0]
    unfit = counts["read"] - counts["passed"]
    warned, fatal = (names_of(checked, kind) if counts["marked"] else {} for kind in ("_warned", "_fatal"))
    failed = names_of(checked, "_failed") if unfit else {}
    rejected, rows = unfit, counts["read"]
    if unfit and table.source_layer is Layer.SHOP:
        newest = F.max_by(~passed, F.struct("_ingested_at", "_version_at"))
        per_row = checked.groupBy("_position").agg(newest.alias("is_rejected"))
        rejected, rows = per_row.agg(F.count_if("is_rejected"), F.count(F.lit(1))).collect()[0]
    # In a separate query: within the one above, Sail would hold every key as an object.
    duplicates = counts["passed"] - checked.where(passed).select(*table.key).distinct().count()
    return Quality(counts["read"], unfit, duplicates, warned, fatal, failed, rejected, rows)


def names_of(checked: DataFrame, kind: str) -> dict[str, int]:
    """Count the rows that break each check of a kind: `_failed`, `_warned` or `_fatal`."""
    counts = checked.select(F.explode(kind).alias("name")).groupBy("name").count().collect()
    return dict(sorted(((row[0], row[1]) for row in counts), key=lambda each: (-each[1], each[0])))


def quarantine(engine: Engine, checked: DataFrame, table: Table, run_id: str, until: int) -> None:
    """Write rejected rows to quarantine with their reasons; a row already there is not added again."""
    raw = F.to_json("_raw", {"ignoreNullFields": "false"})
    rejected = checked.where(F.size("_failed") > 0).select(
        F.sha2(F.concat_ws("|", raw, "_batch_id", F.col("_ingested_at").cast("string")), 256).alias("row_id"),
        F.col("_failed").alias("failed_checks"),
        raw.alias("raw"),
        F.col("_batch_id").alias("batch_id"),
        F.col("_position").alias("position"),
        F.col("_ingested_at").alias("ingested_at"),
        F.lit(datetime.now(UTC)).cast("timestamp").alias("quarantined_at"),
        F.lit(run_id).alias("run_id"),
    )
    path = engine.lake.quarantine_path(table)
    engine.create(path, QUARANTINE_COLUMNS)
    merge = Merge("t.row_id = s.row_id", {name: f"s.{name}" for name in QUARANTINE_COLUMNS})
    engine.merge(rejected.dropDuplicates(["row_id"]), path, merge, Txn(f"{APP}.{run_id}", until))


def commit(
    engine: Engine,
    checked: DataFrame,
    table: Table,
    span: Span,
    record: TableRecord,
    metadata: Mapping[str, Any],
) -> None:
    """Merge the passed rows into the silver table, in one commit that also records its progress."""
    names = [*table.column_names]
    is_event = declared(table.inputs[0]).layer is Layer.EVENTS
    if not is_event:
        names += [column.name for column in SILVER_SYSTEM_COLUMNS]
    passed = checked.where(F.size("_failed") == 0)
    newest = newest_state(passed, table) if record.duplicates else only_state(passed, table)
    lake = engine.lake
    path, txn = lake.path(table), Txn(span.app, span.until)
    if span.after is None:
        rows = newest if is_event else newest.where("NOT _is_delete_only")
        engine.overwrite(rows.select(*names), path, metadata, txn)
        record.written = lake.row_count(path)
        record.passed = record.read - record.quarantined - record.duplicates
        return
    record.passed = newest.count()
    keys = " AND ".join(f"t.{name} = s.{name}" for name in table.key)
    merge = _first_wins(keys, names, _posthog_sent(lake, table)) if is_event else _upsert(keys, names)
    counts = engine.merge(newest, path, merge, txn, metadata)
    record.written = sum(counts.values())
    if is_event:
        again = record.passed - counts.get("inserted", record.passed)
        record.passed, record.duplicates = record.passed - again, record.duplicates + again


def _first_wins(keys: str, names: list[str], has_foreign: bool) -> Merge:
    """Order messages as `newest_state` does: our own topic before PostHog's, then the first to arrive.

    Without a PostHog nothing is ever updated, and Delta need not search for files to rewrite.
    """
    values = {name: f"s.{name}" for name in names}
    if not has_foreign:
        return Merge(keys, values)
    is_better = f"t._kafka_topic LIKE '{POSTHOG}%' AND s._kafka_topic NOT LIKE '{POSTHOG}%'"
    return Merge(keys, values, updates=(Update(values, is_better),))


def _upsert(keys: str, names: list[str]) -> Merge:
    values = {name: f"s.{name}" for name in names}
    deletion = {name: values[name] for name in ("is_deleted", "_version_at", "_ingested_at", "_batch_id")}
    return Merge(
        keys,
        values,
        "NOT s._is_delete_only",
        (
            Update(deletion, "s._is_delete_only AND s._ingested_at > t._ingested_at"),
            Update(values, "NOT s._is_delete_only AND s._ingested_at >= t._ingested_at"),
        ),
    )
