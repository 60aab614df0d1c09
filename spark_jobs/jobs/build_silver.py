"""Bring silver up to date with bronze: each changed table once, several tables in parallel."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from pyspark.sql import DataFrame

from contracts.model import Layer, Table
from contracts.registry import TABLES, tables_of
from contracts.registry import table as declared
from spark_jobs.build import incremental, rejections
from spark_jobs.build.derived import DerivedTables
from spark_jobs.build.fingerprint import code_version, context_of
from spark_jobs.columns.context import Context
from spark_jobs.engine.base import Engine
from spark_jobs.engine.session import in_parallel, open_engine
from spark_jobs.errors import exit_code
from spark_jobs.lake.archive import archived_files, identity
from spark_jobs.lake.tables import Lake
from spark_jobs.run.record import Step, TableRecord, run_step
from spark_jobs.settings import settings
from spark_jobs.silver import CLEAN, DERIVE

CODE = ("contracts", "spark_jobs/columns", "spark_jobs/build", "spark_jobs/silver")


def main(argv: Sequence[str] | None = None) -> int:
    """Refresh every silver table whose input has changed; see `--help`."""
    args = _parse(argv)
    lake, context = Lake(), context_of(settings(), datetime.now(UTC))
    rebuild_id = args.run_id if args.rebuild else None
    code = code_version(*CODE)
    with run_step("build_silver", args.run_id, lake) as step:
        fed = _fed_by_bronze()
        ranges = {t.name: incremental.span_to_do(lake, t, code, rebuild_id) for t in fed}
        for table in fed:
            if ranges[table.name] is None:
                step.table(table.id).note = "unchanged"
        changed = sorted(
            (t for t in fed if ranges[t.name]), key=lambda t: -lake.size(lake.path(declared(t.inputs[0])))
        )
        derived = DerivedTables(
            tables=[table for table in tables_of(Layer.SILVER) if table.name in DERIVE],
            functions=DERIVE,
            lake=lake,
            context=context,
            code=code,
            step=step,
            rebuild_id=rebuild_id,
        )
        if not changed and not derived.any_stale():
            derived.note_unchanged()
            return 0
        with open_engine("build_silver", lake) as engine:

            def work(engine: Engine, table: Table) -> None:
                if span := ranges[table.name]:
                    _refresh(engine, table, span, context, step)

            in_parallel(engine, work, changed)
            derived.build(engine)
    return 0


def _fed_by_bronze() -> list[Table]:
    return [
        table
        for table in tables_of(Layer.SILVER)
        if TABLES[table.inputs[0]].layer in (Layer.SHOP, Layer.EVENTS)
    ]


def _refresh(engine: Engine, table: Table, span: incremental.Span, context: Context, step: Step) -> None:
    lake, source = engine.lake, declared(table.inputs[0])
    with step.timed(table.id) as record:
        if span.after is None:
            raw = _everything(engine, source, span.readable)
        else:
            raw = engine.appended(lake.path(source), span.after, span.until)
        wanted = incremental.messages_for(raw, table)
        if not incremental.has_messages(lake, table):
            wanted = wanted.limit(0)  # the log shows it, so nothing needs to be read
        checked = engine.checkpoint(incremental.checked_rows(CLEAN[table.name], wanted, table, context))
        _take_in(engine, checked, table, span, record, step)


def _everything(engine: Engine, source: Table, version: int) -> DataFrame:
    """Return all rows that bronze ever received: those it has, and those that only the archive has."""
    rows, files = engine.read(engine.lake.path(source), version), archived_files(engine.lake, source)
    if not files:
        return rows
    archived = engine.parquet(files)
    key = identity(source)
    gone = archived.join(rows.select(*key), on=list(key), how="left_anti").select(*archived.columns)
    return rows.unionByName(gone, allowMissingColumns=True).select(*rows.columns)


def _take_in(
    engine: Engine, checked: DataFrame, table: Table, span: incremental.Span, record: TableRecord, step: Step
) -> None:
    found = incremental.count_rows(checked, table)
    record.read, record.quarantined, record.duplicates = found.read, found.quarantined, found.duplicates
    said = {"warned": found.warned, "fatal": found.fatal, "failed": found.failed}
    record.details = {**said, "versions": [span.after, span.until]}
    record.note = "full" if span.after is None else ""
    if not record.read and span.after is not None:
        return
    if record.quarantined:
        incremental.quarantine(engine, checked, table, step.run_id, span.until)
    # A few changes in an hour are judged against the size of their table.
    rows = (
        found.rows if span.after is None else max(found.rows, engine.lake.row_count(engine.lake.path(table)))
    )
    rejections.refuse_fatal(table, found.fatal)
    rejections.refuse(table, checked, found.rejected, rows, found.failed)
    quality = {"read": record.read, "quarantined": record.quarantined, "warned": found.warned}
    quality |= {"rejected": found.rejected, "rows": rows}
    metadata = {"app": span.app, "run_id": step.run_id, "quality": quality}
    incremental.commit(engine, checked, table, span, record, metadata)
    record.assert_law(table.id)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="build_silver", description=__doc__)
    parser.add_argument("--run-id", required=True, help="the run this step belongs to")
    parser.add_argument("--rebuild", action="store_true", help="build every table again from all of bronze")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(exit_code(main))
