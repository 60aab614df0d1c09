"""Compare counts and sums of money in MySQL, bronze, silver, gold and PostgreSQL; explain each difference.

DuckDB computes them, so the figures are checked by a different engine from the one that built them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from spark_jobs.errors import TransientError, UserError, exit_code
from spark_jobs.lake.tables import Lake
from spark_jobs.reconcile.amount_report import amount_totals, print_amount_totals
from spark_jobs.reconcile.changed_rows import Shop
from spark_jobs.reconcile.comparison import Comparison, print_differences
from spark_jobs.reconcile.events import compare_events
from spark_jobs.reconcile.gold import compare_gold, compare_warehouse
from spark_jobs.reconcile.shop import compare_silver, compare_source
from spark_jobs.reconcile.tables import LakeTables
from spark_jobs.run.record import Step, newest_steps, read_step, run_step
from spark_jobs.settings import settings
from spark_jobs.sources.checksums import forget_compared
from spark_jobs.warehouse.connections import warehouse

TOLD = 10  # differences named in the message; the table and the run record list all


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
        tables, shop = LakeTables(lake), Shop(settings(), _snapshot_of(ingest))
        currency = settings().reporting_currency
        found, problems = _compare_all(
            step,
            {
                "MySQL and bronze": lambda: _compare_shop(tables, ingest, shop),
                "bronze and silver": lambda: compare_silver(tables),
                "messages and events": lambda: compare_events(tables),
                "silver and gold": lambda: compare_gold(tables, currency),
                "gold and PostgreSQL": lambda: _compare_served(tables),
            },
        )
        step.details["comparisons"] = [each.as_record() for each in found]
        print_differences(found)
        totals = amount_totals(tables)
        step.details["amount_differences"] = [each.as_record() for each in totals]
        print_amount_totals(totals)
        _refuse(found, problems)
    return 0


def _compare_all(
    step: Step, places: Mapping[str, Callable[[], list[Comparison]]]
) -> tuple[list[Comparison], list[UserError]]:
    """Make every comparison, and collect the errors of those that failed: one failure hides no other."""
    found: list[Comparison] = []
    problems: list[UserError] = []
    for name, compare in places.items():
        try:
            found += _timed(step, name, compare)
        except UserError as error:
            problems.append(error)
            step.table(name).note = "not compared"
    return found, problems


def _compare_shop(tables: LakeTables, ingest: Step, shop: Shop) -> list[Comparison]:
    found = compare_source(tables, ingest, shop)
    # Rows that changed without a new change time cause a difference: the next ingest finds them.
    wrong = {each.table.removeprefix("shop.") for each in found if each.unexplained}
    forget_compared(tables.lake, wrong)
    return found


def _compare_served(tables: LakeTables) -> list[Comparison]:
    with warehouse(settings()) as connection:
        return compare_warehouse(tables, connection)


def _refuse(found: list[Comparison], problems: list[UserError]) -> None:
    """Stop if a difference has no reason or a comparison failed.

    Raises:
        TransientError: when the only cause is a server that does not answer.
        UserError: for any other cause.
    """
    unexplained = [each.in_words() for each in found if each.unexplained]
    rest = len(unexplained) - TOLD
    more = [f"and {rest} more in the table above"] if rest > 0 else []
    told = [str(problem) for problem in problems]
    if unexplained:
        told.append(f"differences without a reason: {'; '.join([*unexplained[:TOLD], *more])}")
    if not told:
        return
    is_transient = not unexplained and all(isinstance(problem, TransientError) for problem in problems)
    raise (TransientError if is_transient else UserError)(" ".join(told))


def _snapshot_of(ingest: Step) -> datetime:
    """Return the time of an ingest's snapshot; its start, where an older record does not have it."""
    return datetime.fromisoformat(ingest.details.get("snapshot_at") or ingest.started_at)


def _ingest_of(lake: Lake, run_id: str) -> Step:
    """Return the ingest whose snapshot the layers stand on: this run's, or else the latest successful one."""
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
