"""Check that silver may feed gold: every table exists, this run built it, and no check or limit is broken."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from contracts.model import Layer, Table
from contracts.registry import tables_of
from spark_jobs.build.rejections import exceeds_limit
from spark_jobs.errors import UserError, exit_code
from spark_jobs.lake.tables import Lake
from spark_jobs.run.record import Step, read_step, run_step


def main(argv: Sequence[str] | None = None) -> int:
    """Check the latest quality results of silver against the contracts.

    Raises:
        UserError: naming each table and count that stops the run.
    """
    parser = argparse.ArgumentParser(prog="gate", description=__doc__)
    parser.add_argument("--run-id", required=True, help="the run this step belongs to")
    args = parser.parse_args(argv)
    lake = Lake()
    with run_step("gate", args.run_id, lake) as step:
        built = read_step(lake, args.run_id, "build_silver")
        problems = [] if built is None or built.state == "success" else ["build_silver of this run failed"]
        for table in tables_of(Layer.SILVER):
            problems += check(lake, table, built, step)
        if problems:
            raise UserError(
                f"silver may not feed gold: {'; '.join(problems)}. The last release stays."
                " Correct or delete the rows in the shop, then run again."
            )
    return 0


def check(lake: Lake, table: Table, built: Step | None, step: Step) -> list[str]:
    """Describe what makes a silver table unusable for gold."""
    path = lake.path(table)
    if not lake.exists(path):
        return [f"{table.id} was never built"]
    quality = (lake.commit_metadata(path) or {}).get("quality", {})
    record = step.table(table.id)
    record.read, record.quarantined = quality.get("read", 0), quality.get("quarantined", 0)
    record.passed = record.read - record.quarantined
    record.note = ", ".join(f"{name}: {count:,} warned" for name, count in quality.get("warned", {}).items())
    rejected, rows = quality.get("rejected", 0), quality.get("rows", 0)
    problems = []
    if exceeds_limit(table, rejected, rows):
        problems.append(
            f"{rejected:,} of the {rows:,} rows of {table.id} were rejected"
            f" (`./shoplake quarantine show {table.name}` lists them)"
        )
    fatal = built.tables[table.id].details.get("fatal", {}) if built and table.id in built.tables else {}
    problems += [f"{table.id} breaks {name} in {count:,} rows" for name, count in sorted(fatal.items())]
    return problems


if __name__ == "__main__":
    sys.exit(exit_code(main))
