"""Bring silver up to date with bronze: each changed table once, tables side by side."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from graphlib import TopologicalSorter

from pyspark.sql import DataFrame, SparkSession

from contracts.model import Layer, Table
from contracts.registry import TABLES, tables_of
from contracts.registry import table as declared
from spark_jobs.build import incremental as refresh
from spark_jobs.build import rejections
from spark_jobs.build.fingerprint import code_version, context_of, fingerprint
from spark_jobs.build.quality import conform, warnings, within_limits
from spark_jobs.columns.context import Context
from spark_jobs.engine.session import checkpoint, in_parallel, spark_session
from spark_jobs.errors import exit_code
from spark_jobs.lake.archive import archived_files, identity
from spark_jobs.lake.tables import Lake
from spark_jobs.run.record import Step, TableRecord, run_step
from spark_jobs.settings import settings
from spark_jobs.silver import CLEAN, DERIVE

CODE = ("contracts", "spark_jobs/lib", "spark_jobs/silver")


def main(argv: Sequence[str] | None = None) -> int:
    """Refresh every silver table whose input has changed; see `--help`."""
    args = _parse(argv)
    lake, context = Lake(), context_of(settings(), datetime.now(UTC))
    rebuild_id = args.run_id if args.rebuild else None
    code = fingerprint(code_version(*CODE), None, {})
    with run_step("build_silver", args.run_id, lake) as step:
        fed, derived = _fed_by_bronze(), [t for t in tables_of(Layer.SILVER) if t.name in DERIVE]
        spans = {t.name: refresh.span_to_do(lake, t, code, rebuild_id) for t in fed}
        for table in fed:
            if spans[table.name] is None:
                step.table(table.id).note = "unchanged"
        changed = sorted(
            (t for t in fed if spans[t.name]), key=lambda t: -lake.size(lake.path(declared(t.inputs[0])))
        )
        if not changed and not any(_stale(lake, t, code, context, rebuild_id) for t in derived):
            for table in derived:
                step.table(table.id).note = "unchanged"
            return 0
        with spark_session("build_silver") as spark:

            def work(session: SparkSession, table: Table) -> None:
                _refresh(session, lake, table, spans[table.name], context, step)

            def derive(session: SparkSession, table: Table) -> None:
                _derive(session, lake, table, code, context, step, rebuild_id)

            in_parallel(spark, work, changed)
            names = {table.id for table in derived}
            order = TopologicalSorter({t.id: [i for i in t.inputs if i in names] for t in derived})
            order.prepare()
            while order.is_active():
                ready = order.get_ready()
                in_parallel(spark, derive, [declared(name) for name in ready])
                order.done(*ready)
    return 0


def _fed_by_bronze() -> list[Table]:
    return [
        table
        for table in tables_of(Layer.SILVER)
        if TABLES[table.inputs[0]].layer in (Layer.SHOP, Layer.EVENTS)
    ]


def _refresh(
    spark: SparkSession, lake: Lake, table: Table, span: refresh.Span | None, context: Context, step: Step
) -> None:
    if span is None:
        return
    source = declared(table.inputs[0])
    with step.timed(table.id) as record:
        if span.after is None:
            raw = _everything(spark, lake, source, span.readable)
        else:
            raw = lake.appended(spark, lake.path(source), span.after, span.until)
        wanted = refresh.messages_for(raw, table)
        if not refresh.has_messages(lake, table):
            wanted = wanted.limit(0)  # the log says so: nothing needs to be read
        checked = refresh.checked_rows(CLEAN[table.name], wanted, table, context)
        checked = checkpoint(checked)
        _take_in(spark, lake, checked, table, span, record, step)


def _everything(spark: SparkSession, lake: Lake, source: Table, version: int) -> DataFrame:
    """All rows that bronze ever got: those it has, and those that only the archive has."""
    rows, files = lake.read(spark, lake.path(source), version), archived_files(lake, source)
    if not files:
        return rows
    archived = spark.read.option("mergeSchema", "true").parquet(*files)
    key = identity(source)
    gone = archived.join(rows.select(*key), on=list(key), how="left_anti").select(*archived.columns)
    return rows.unionByName(gone, allowMissingColumns=True).select(*rows.columns)


def _take_in(
    spark: SparkSession,
    lake: Lake,
    checked: DataFrame,
    table: Table,
    span: refresh.Span,
    record: TableRecord,
    step: Step,
) -> None:
    found = refresh.count_rows(checked, table)
    record.read, record.quarantined, record.duplicates = found.read, found.quarantined, found.duplicates
    said = {"warned": found.warned, "fatal": found.fatal, "failed": found.failed}
    record.details = {**said, "versions": [span.after, span.until]}
    record.note = "full" if span.after is None else ""
    if not record.read and span.after is not None:
        return
    if record.quarantined:
        refresh.quarantine(spark, lake, checked, table, step.run_id, span.until)
    # An hour's few changes are judged by the table they belong to.
    rows = found.rows if span.after is None else max(found.rows, lake.row_count(lake.path(table)))
    rejections.refuse_fatal(table, found.fatal)
    rejections.refuse(table, checked, found.rejected, rows, found.failed)
    quality = {"read": record.read, "quarantined": record.quarantined, "warned": found.warned}
    quality |= {"rejected": found.rejected, "rows": rows}
    metadata = {"app": span.app, "run_id": step.run_id, "quality": quality}
    refresh.commit(spark, lake, checked, table, span, record, metadata)
    record.assert_law(table.id)


def _state(lake: Lake, table: Table, code: str, context: Context, rebuild_id: str | None) -> str:
    inputs = {name: lake.data_version(lake.path(declared(name))) or 0 for name in table.inputs}
    return fingerprint(code + (rebuild_id or ""), context, inputs)


def _stale(lake: Lake, table: Table, code: str, context: Context, rebuild_id: str | None) -> bool:
    if any(not lake.exists(lake.path(declared(name))) for name in table.inputs):
        return False
    built_from = (lake.commit_metadata(lake.path(table)) or {}).get("built_from")
    return built_from != _state(lake, table, code, context, rebuild_id)


def _derive(
    spark: SparkSession,
    lake: Lake,
    table: Table,
    code: str,
    context: Context,
    step: Step,
    rebuild_id: str | None,
) -> None:
    if not _stale(lake, table, code, context, rebuild_id):
        step.table(table.id).note = "unchanged"
        return
    with step.timed(table.id) as record:
        state = _state(lake, table, code, context, rebuild_id)
        inputs = {
            name.replace(".", "_"): lake.read(spark, lake.path(declared(name))) for name in table.inputs
        }
        derived = DERIVE[table.name](**inputs, context=context)
        built = within_limits(conform(derived, table), table)
        warned = warnings(built, table)
        metadata = {"built_from": state, "run_id": step.run_id, "quality": {"warned": warned}}
        lake.overwrite(built, lake.path(table), None, metadata)
        record.written = lake.row_count(lake.path(table))
        record.details = {"warned": warned}
        record.note = "derived"


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="build_silver", description=__doc__)
    parser.add_argument("--run-id", required=True, help="the run this step belongs to")
    parser.add_argument("--rebuild", action="store_true", help="build every table again from all of bronze")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(exit_code(main))
