"""Read the shop's MySQL into bronze: one consistent snapshot, then one commit per changed table.

The first run reads everything. Later runs read what `updated_at` shows as changed and compare the keys of
source and bronze: a missing row becomes a `delete`, a row that no window showed is fetched. A table's rows
and its watermark (the newest `_ingested_at`) are one commit, so the next run completes what a killed one
left.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from contracts.model import BRONZE_SYSTEM_COLUMNS, Layer, Table
from contracts.registry import tables_of
from spark_jobs.engine.base import Engine
from spark_jobs.engine.session import in_parallel, open_engine
from spark_jobs.errors import UserError, exit_code
from spark_jobs.lake.bronze_state import EMPTY, BronzeState, add_columns, bronze_state
from spark_jobs.lake.tables import Lake, Txn
from spark_jobs.run.record import Step, run_step
from spark_jobs.settings import Settings, settings
from spark_jobs.sources import mysql_snapshot as mysql
from spark_jobs.sources.checksums import last_compared, note_compared
from spark_jobs.sources.ingest import read_tables, usable_columns
from spark_jobs.sources.schema_drift import drift, refuse_breaking
from spark_jobs.sources.staging import Batch, TableIngest

APP_ID = "ingest_mysql"
STAGING = "staging/ingest_mysql"
SHOP_TABLES = tables_of(Layer.SHOP)
# The number of values bronze cannot hold that the run record and its note list.
LEFT_OUT_NAMED, LEFT_OUT_SHOWN = 100, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Ingest one snapshot."""
    args = parse_args(argv)
    lake = Lake()
    with run_step("ingest_mysql", args.run_id, lake) as step:
        states = {table.name: _state(lake, table) for table in SHOP_TABLES}
        lake.storage.delete_folder(STAGING)
        tables, batch = asyncio.run(_read(states, lake, settings(), step))
        record(step, tables)
        refuse_losses(tables, settings().ingest_max_lost_share, accepted=args.accept_loss)
        widen(tables, lake)
        commit([each for each in tables if each.files or not each.state.columns], batch, lake, step)
        lake.storage.delete_folder(STAGING)
        checked = {each.table.name: batch.taken_at for each in tables if each.checksums_compared}
        note_compared(lake, last_compared(lake) | checked)
    return 0


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="ingest_mysql", description=__doc__)
    parser.add_argument("--run-id", required=True, help="the run this step belongs to")
    parser.add_argument(
        "--accept-loss",
        action="append",
        default=[],
        metavar="TABLE",
        choices=[table.name for table in SHOP_TABLES],
        help="take it as right that this table is empty or lost many rows",
    )
    return parser.parse_args(argv)


def _state(lake: Lake, table: Table) -> BronzeState:
    return bronze_state(lake, table) if lake.exists(lake.path(table)) else EMPTY


async def _read(
    states: dict[str, BronzeState], lake: Lake, limits: Settings, step: Step
) -> tuple[list[TableIngest], Batch]:
    async with mysql.snapshot(limits) as moment:
        source = await mysql.columns(moment.connections[0], limits.shop_mysql_database)
        found = drift(SHOP_TABLES, source)
        refuse_breaking(found)
        batch = Batch(f"{moment.taken_at:%Y%m%dT%H%M%S%f}Z", moment.taken_at, lake, STAGING)
        step.details.update(
            snapshot_at=moment.taken_at.isoformat(),
            batch_id=batch.id,
            connections=len(moment.connections),
            note=moment.note,
            new_columns=found.new,
        )
        tables = [usable_columns(table, source[table.name], states[table.name]) for table in SHOP_TABLES]
        await read_tables(moment, tables, batch, limits)
    return tables, batch


def record(step: Step, tables: Sequence[TableIngest]) -> None:
    """Put the rows read into the run record; `money` is that of the whole table in the snapshot."""
    for each in tables:
        kept = step.table(each.table.id)
        kept.read, kept.passed = each.read, each.staged
        kept.duplicates = each.read - each.staged
        kept.details = {
            "source_rows": each.source_rows,
            "found": each.counts,  # rows read, by how they were found
            "deleted": each.deleted,
            "left_out": each.left_out[:LEFT_OUT_NAMED],  # values that bronze cannot hold, by name
            "checksums_compared": each.checksums_compared,
            "is_complete": each.is_full or each.keys_compared,  # bronze now has exactly the snapshot's rows
            "money": each.money,
        }
        notes = [f"{each.deleted} deleted"] if each.deleted else []
        if each.left_out:
            notes.append(
                f"{len(each.left_out):,} values left out: {'; '.join(each.left_out[:LEFT_OUT_SHOWN])}"
            )
            for value in each.left_out[:LEFT_OUT_NAMED]:
                print(f"warning: {value}. Correct it in the shop, then run again.")
        kept.note = "; ".join([*notes, *each.notes])


def refuse_losses(tables: Sequence[TableIngest], max_lost_share: float, accepted: Sequence[str]) -> None:
    """Stop before anything is committed if a table lost implausibly many rows.

    Raises:
        UserError: with the counts and how to accept them.
    """
    losses = []
    for each in tables:
        before = len(each.state.live_keys)
        lost = max(each.deleted, before - each.source_rows)
        if (
            before
            and each.table.name not in accepted
            and (each.source_rows == 0 or lost / before > max_lost_share)
        ):
            losses.append(f"{each.table.name} lost {lost:,} of {before:,} rows (has {each.source_rows:,})")
    if losses:
        flags = " ".join(f"--accept-loss {loss.split()[0]}" for loss in losses)
        raise UserError(
            f"{'; '.join(losses)}: more than INGEST_MAX_LOST_SHARE={max_lost_share:g} allows. "
            "Nothing was ingested. If that is right: "
            f"python -m spark_jobs.jobs.ingest_mysql --run-id accept-loss {flags}"
        )


def widen(tables: Sequence[TableIngest], lake: Lake) -> None:
    """Add the shop's new columns to bronze tables without changed rows."""
    for each in tables:
        known = {name.lower() for name in each.state.columns}
        new = {
            column.bronze_name: column.arrow_type
            for column in each.columns
            if column.bronze_name.lower() not in known
        }
        if new and known and not each.files:
            add_columns(lake, each.table, new)


def commit(tables: Sequence[TableIngest], batch: Batch, lake: Lake, step: Step) -> None:
    """Append the staged rows of each table to bronze, one commit each."""
    if not tables:
        return

    def append(engine: Engine, each: TableIngest) -> None:
        path = lake.path(each.table)
        with step.timed(each.table.id) as kept:
            if each.files:
                done = lake.committed(path, APP_ID)
                staged = f"{lake.uri}/{batch.folder}/{each.table.name}"
                metadata = {"batch_id": batch.id, "snapshot_at": batch.taken_at.isoformat()}
                engine.append_files(staged, path, Txn(APP_ID, 0 if done is None else done + 1), metadata)
            else:
                columns = {column.bronze_name: column.spark_type for column in each.columns}
                system = {column.name: column.type for column in BRONZE_SYSTEM_COLUMNS}
                engine.create_bronze(path, columns | system)
            kept.written = each.staged + each.deleted

    with open_engine("ingest_mysql", lake) as engine:
        in_parallel(engine, append, tables)


if __name__ == "__main__":
    sys.exit(exit_code(main))
