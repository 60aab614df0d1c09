"""Maintain the Delta tables: compact small files, delete files that no version needs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from contracts.model import Layer
from contracts.registry import TABLES
from spark_jobs.errors import exit_code
from spark_jobs.lake.tables import Lake
from spark_jobs.run.record import run_step
from spark_jobs.settings import settings


def main(argv: Sequence[str] | None = None) -> int:
    """Compact and vacuum every table; a table that needs neither gets no commit."""
    parser = argparse.ArgumentParser(prog="maintain_lake", description=__doc__)
    parser.add_argument("--run-id", required=True, help="the run this step belongs to")
    args = parser.parse_args(argv)
    lake, hours = Lake(), settings().lake_history_hours
    with run_step("maintain_lake", args.run_id, lake) as step:
        for name, path in _paths(lake).items():
            with step.timed(name) as record:
                delta = lake.open(path)
                # Gold is rewritten as a whole each time, so it has no small files.
                if not name.startswith(Layer.GOLD):
                    removed = delta.optimize.compact(commit_properties=lake.upkeep(path))["numFilesRemoved"]
                    record.note = f"{removed} files compacted" if removed else ""
                unneeded = delta.vacuum(retention_hours=hours, dry_run=True)
                if unneeded:
                    delta.vacuum(hours, dry_run=False, commit_properties=lake.upkeep(path))
                    record.note += f" {len(unneeded)} files deleted"
    return 0


def _paths(lake: Lake) -> dict[str, str]:
    paths = {table.id: lake.path(table) for table in TABLES.values()}
    paths |= {
        f"quarantine.{table.name}": lake.quarantine_path(table)
        for table in TABLES.values()
        if table.layer is Layer.SILVER
    }
    return {name: path for name, path in paths.items() if lake.exists(path)}


if __name__ == "__main__":
    sys.exit(exit_code(main))
