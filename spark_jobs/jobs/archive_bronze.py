"""Move bronze rows older than their retention to Parquet with a manifest; delete them once verified."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from contracts.model import Layer
from contracts.registry import tables_of
from spark_jobs.errors import exit_code
from spark_jobs.lake.archive import archive_table
from spark_jobs.lake.tables import Lake
from spark_jobs.run.record import run_step
from spark_jobs.settings import settings


def main(argv: Sequence[str] | None = None) -> int:
    """Archive old events and superseded versions of shop rows; current rows stay."""
    parser = argparse.ArgumentParser(prog="archive_bronze", description=__doc__)
    parser.add_argument("--run-id", required=True, help="the run this step belongs to")
    parser.add_argument(
        "--older-than",
        type=float,
        metavar="DAYS",
        default=settings().bronze_retention_days,
        help="age by ingestion from which rows are archived (default: BRONZE_RETENTION_DAYS)",
    )
    args = parser.parse_args(argv)
    lake, before = Lake(), datetime.now(UTC) - timedelta(days=args.older_than)
    with run_step("archive_bronze", args.run_id, lake) as step:
        step.details["before"] = before.isoformat()
        for table in (*tables_of(Layer.SHOP), *tables_of(Layer.EVENTS)):
            if lake.exists(lake.path(table)):
                with step.timed(table.id) as record:
                    done = archive_table(lake, table, before)
                    record.read = record.passed = done.removed
                    record.written = done.archived
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
