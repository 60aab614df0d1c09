"""Publish gold to PostgreSQL: changed marts into new tables, then all views of `mart` at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from contracts.model import Layer, Table
from contracts.registry import tables_of
from spark_jobs.errors import UserError, exit_code
from spark_jobs.lake.tables import Lake, LakeTable
from spark_jobs.run.record import run_step
from spark_jobs.settings import settings
from spark_jobs.warehouse.connections import warehouse
from spark_jobs.warehouse.releases import (
    Published,
    drop_unused,
    load,
    newest_release,
    prepare,
    source_of,
    switch,
)

MARTS = tables_of(Layer.GOLD)


def main(argv: Sequence[str] | None = None) -> int:
    """Publish gold as it is now; do nothing when all of it is published."""
    parser = argparse.ArgumentParser(prog="publish_postgres", description=__doc__)
    parser.add_argument("--run-id", required=True, help="the run this step belongs to")
    args = parser.parse_args(argv)
    lake, config = Lake(), settings()
    with run_step("publish_postgres", args.run_id, lake) as step, warehouse(config) as connection:
        with connection, connection.cursor() as cursor:
            prepare(cursor)
            served = newest_release(cursor)
        release: dict[str, Published] = {}
        for table in MARTS:
            with step.timed(table.id) as record, connection, connection.cursor() as cursor:
                gold = gold_table(lake, table)
                before = served.get(table.name)
                if before and before.source == source_of(table, gold):
                    release[table.name] = before
                    record.note = "unchanged"
                else:
                    release[table.name] = load(cursor, table, gold)
                    record.read = record.passed = record.written = release[table.name].rows
        if release != served:
            number = switch(connection, MARTS, release, args.run_id, config.warehouse_reader_user)
            step.details["release_id"] = number
            print(f"release {number} is served")
        drop_unused(connection)
    return 0


def gold_table(lake: Lake, table: Table) -> LakeTable:
    """Return a gold table as it is now.

    Raises:
        UserError: when it has never been built.
    """
    path = lake.path(table)
    if not lake.exists(path):
        raise UserError(f"{table.id} was never built: run build_gold first (./shoplake run does all steps).")
    return lake.open(path)


if __name__ == "__main__":
    sys.exit(exit_code(main))
