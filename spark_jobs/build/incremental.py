"""How a silver table follows its bronze table: new rows are checked, then rejected or merged, atomically."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts.model import SILVER_SYSTEM_COLUMNS, Layer, Table
from contracts.registry import table as declared
from contracts.sources.events import CAPTURED_EVENT
from spark_jobs.build.quality import check_rows, conform, mark_shared_keys, newest_state, only_state
from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import is_business_time, moment, storable
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
    """Which commits of the input a refresh takes in; `after` None means all from the beginning.

    At version `readable` the input holds what it held at `until`. `app` names the table's present life: it
    changes with a rebuild, whose commits would else count as done.
    """

    after: int | None
    until: int
    app: str
    readable: int


def span_to_do(lake: Lake, table: Table, code: str, rebuild_id: str | None = None) -> Span | None:
    """What this silver table has not yet taken in; None when nothing.

    Other code than the table was built with, or a `rebuild_id` it does not know, means all of it again.
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
    """Whether the input holds messages in a format that the table takes; captured events it always has."""
    if not table.formats or CAPTURED_EVENT in table.formats:
        return True
    return any(_posthog_sent(lake, table, format=(kind, kind)) for kind in table.formats)


def _posthog_sent(lake: Lake, table: Table, **wanted: tuple[str, str]) -> bool:
    """Whether the input holds messages of a PostHog's own Kafka, with these values."""
    path = lake.path(declared(table.inputs[0]))
    return lake.holds(path, {"topic": (POSTHOG, f"{POSTHOG}\uffff"), **wanted})


def messages_for(rows: DataFrame, table: Table) -> DataFrame:
    """The rows in a format that the table takes; a bronze from before there were formats has one only."""
    if not table.formats:
        return rows
    said = F.col("format") if "format" in rows.columns else F.lit(None).cast("string")
    known = rows.withColumn("format", F.coalesce(said, F.lit(CAPTURED_EVENT)))
    return known.where(F.col("format").isin(*table.formats))


def with_system_columns(rows: DataFrame, source: Table) -> DataFrame:
    """Bronze rows with what every cleaned row carries: the raw row, its version and where it came from."""
    raw = F.struct(*[F.col(name) for name in rows.columns]).alias("_raw")
    if source.layer is Layer.EVENTS:
        carried = (F.lit("upsert").alias("_op"), F.col("_ingested_at").alias("_version_at"))
        return rows.select("*", *carried, F.lit("").alias("_batch_id"), raw)
    # A change time that no shop can mean says nothing; the snapshot that brought the row does.
    changed = moment("updated_at")
    changed = F.when((F.col("_op") != "delete") & is_business_time(changed), changed)
    version = F.coalesce(changed, F.col("_ingested_at"))
    return rows.select("*", version.alias("_version_at"), raw)


def checked_rows(
    clean: Callable[[DataFrame, Context], DataFrame], raw: DataFrame, table: Table, context: Context
) -> DataFrame:
    """Bronze rows cleaned and checked; the raw row is kept where a check failed.

    The caller makes them a checkpoint before use: a filter on the checks would else be pushed down to the
    source with every expression behind it written out, thousands of them, which Spark's optimizer does not
    survive. A cache would do, too, but Spark first compiles a columnar form of each table for it.
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
    """What the checks said of a batch of versions, and of how many rows these are."""

    read: int
    quarantined: int
    duplicates: int
    warned: dict[str, int]
    fatal: dict[str, int]
    failed: dict[str, int]
    rejected: int  # rows whose newest version is unfit
    rows: int


def count_rows(checked: DataFrame, table: Table) -> Quality:
    """Count the checked rows, by name where they break a check.

    A row of the shop is rejected when its newest version is: one that was mended since is none. Events are
    counted one by one.
    """
    passed = F.size("_failed") == 0
    counts = checked.agg(
        F.count(F.lit(1)).alias("read"),
        F.count_if(passed).alias("passed"),
        F.count_distinct(F.when(passed, F.struct(*table.key))).alias("keys"),
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
    duplicates = counts["passed"] - counts["keys"]
    return Quality(counts["read"], unfit, duplicates, warned, fatal, failed, rejected, rows)


def names_of(checked: DataFrame, kind: str) -> dict[str, int]:
    """How many rows break each check of a kind: `_failed`, `_warned` or `_fatal`."""
    counts = checked.select(F.explode(kind).alias("name")).groupBy("name").count().collect()
    return dict(sorted(((row[0], row[1]) for row in counts), key=lambda each: (-each[1], each[0])))


def quarantine(
    spark: SparkSession, lake: Lake, checked: DataFrame, table: Table, run_id: str, until: int
) -> None:
    """Set rejected rows aside with their reasons; a row that is already there is not added again."""
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
    path = lake.quarantine_path(table)
    lake.create(spark, path, QUARANTINE_COLUMNS)
    lake.merge(
        spark,
        rejected.dropDuplicates(["row_id"]),
        path,
        "t.row_id = s.row_id",
        "WHEN NOT MATCHED THEN INSERT *",
        Txn(f"{APP}.{run_id}", until),
    )


def commit(
    spark: SparkSession,
    lake: Lake,
    checked: DataFrame,
    table: Table,
    span: Span,
    record: TableRecord,
    metadata: Mapping[str, Any],
) -> None:
    """Bring the passed rows into the silver table, in one commit that also says how far it has come."""
    names = [*table.column_names]
    is_event = declared(table.inputs[0]).layer is Layer.EVENTS
    if not is_event:
        names += [column.name for column in SILVER_SYSTEM_COLUMNS]
    passed = checked.where(F.size("_failed") == 0)
    newest = newest_state(passed, table) if record.duplicates else only_state(passed, table)
    path, txn = lake.path(table), Txn(span.app, span.until)
    if span.after is None:
        rows = newest if is_event else newest.where("NOT _is_delete_only")
        lake.overwrite(rows.select(*names), path, txn, metadata)
        record.written = lake.row_count(path)
        record.passed = record.read - record.quarantined - record.duplicates
        return
    record.passed = newest.count()
    counts = lake.merge(
        spark,
        newest,
        path,
        " AND ".join(f"t.{name} = s.{name}" for name in table.key),
        _first_wins(names, _posthog_sent(lake, table)) if is_event else _upsert(names),
        txn,
        metadata,
    )
    record.written = sum(counts.get(f"num_{kind}_rows", 0) for kind in ("inserted", "updated"))
    if is_event:
        again = record.passed - counts.get("num_inserted_rows", record.passed)
        record.passed, record.duplicates = record.passed - again, record.duplicates + again


def _first_wins(names: list[str], has_foreign: bool) -> str:
    """As `newest_state` chooses among all: our own topic's message before a PostHog's, then the first.

    Without a PostHog nothing is ever updated, and Delta need not look for what it would rewrite.
    """
    columns = ", ".join(names)
    insert = f"WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({', '.join(f's.{name}' for name in names)})"
    if not has_foreign:
        return insert
    is_better = f"startswith(t._kafka_topic, '{POSTHOG}') AND NOT startswith(s._kafka_topic, '{POSTHOG}')"
    values = ", ".join(f"{name} = s.{name}" for name in names)
    return f"WHEN MATCHED AND {is_better} THEN UPDATE SET {values} {insert}"


def _upsert(names: list[str]) -> str:
    values = ", ".join(f"{name} = s.{name}" for name in names)
    deletion = ", ".join(
        f"{name} = s.{name}" for name in ("is_deleted", "_version_at", "_ingested_at", "_batch_id")
    )
    newer = "s._ingested_at >= t._ingested_at"
    return (
        f"WHEN MATCHED AND s._is_delete_only AND s._ingested_at > t._ingested_at THEN UPDATE SET {deletion} "
        f"WHEN MATCHED AND NOT s._is_delete_only AND {newer} THEN UPDATE SET {values} "
        f"WHEN NOT MATCHED AND NOT s._is_delete_only THEN INSERT ({', '.join(names)})"
        f" VALUES ({', '.join(f's.{name}' for name in names)})"
    )
