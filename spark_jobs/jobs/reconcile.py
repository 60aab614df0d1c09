"""Counts and sums of money in MySQL, bronze, silver, gold and PostgreSQL; each difference has a reason.

DuckDB computes them, so the figures are also checked by another engine than the one that made them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from spark_jobs.lib.errors import UserError, exit_code
from spark_jobs.lib.lake import Lake
from spark_jobs.lib.reconciliation import Comparison, print_differences
from spark_jobs.lib.reconciliation_events import compare_events
from spark_jobs.lib.reconciliation_gold import compare_gold, compare_warehouse
from spark_jobs.lib.reconciliation_shop import compare_silver, compare_source
from spark_jobs.lib.reconciliation_tables import LakeTables
from spark_jobs.lib.runs import Step, newest_steps, read_step, run_step
from spark_jobs.lib.settings import settings
from spark_jobs.lib.warehouse import warehouse


def main(argv: Sequence[str] | None = None) -> int:
    """Compare every layer with the next.

    Raises:
        UserError: naming each difference that no reason explains.
    """
    parser = argparse.ArgumentParser(prog="reconcile", description=__doc__)
    parser.add_argument("--run-id", required=True, help="the run this step belongs to")
    args = parser.parse_args(argv)
    lake = Lake()
    with run_step("reconcile", args.run_id, lake) as step:
        ingest = _ingest_of(lake, args.run_id)
        tables = LakeTables(lake)
        found = _timed(step, "MySQL and bronze", lambda: compare_source(tables, ingest))
        found += _timed(step, "bronze and silver", lambda: compare_silver(tables))
        found += _timed(step, "messages and events", lambda: compare_events(tables))
        found += _timed(step, "silver and gold", lambda: compare_gold(tables, settings().reporting_currency))
        with warehouse(settings()) as connection:
            found += _timed(step, "gold and PostgreSQL", lambda: compare_warehouse(tables, connection))
        step.details["comparisons"] = [each.as_record() for each in found]
        print_differences(found)
        unexplained = [each.in_words() for each in found if each.unexplained]
        if unexplained:
            raise UserError(f"differences without a reason: {'; '.join(unexplained)}")
    return 0


def _ingest_of(lake: Lake, run_id: str) -> Step:
    """The ingest whose snapshot the layers stand on: this run's, or else the newest that succeeded."""
    own = read_step(lake, run_id, "ingest_mysql")
    known = [own] if own else newest_steps(lake, "ingest_mysql")
    for step in known:
        if step.state == "success":
            return step
    raise UserError("nothing was ingested yet: run ingest_mysql first (./shoplake run does all steps).")


def _timed(step: Step, places: str, compare: Callable[[], list[Comparison]]) -> list[Comparison]:
    with step.timed(places) as record:
        found = compare()
        record.read = len(found)
        record.passed = sum(1 for each in found if not each.unexplained)
        record.note = f"{record.read - record.passed} unexplained" if record.read != record.passed else ""
    return found


if __name__ == "__main__":
    sys.exit(exit_code(main))
