"""Build the marts whose inputs, code or day have changed; each is checked before it replaces the old one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from pyspark.sql import DataFrame

from contracts.model import Layer, Table
from contracts.registry import table as declared
from contracts.registry import tables_of
from spark_jobs.build.breaches import breaches, without_rates
from spark_jobs.build.derived import DerivedTables
from spark_jobs.build.fingerprint import code_version, context_of
from spark_jobs.build.quality import violations
from spark_jobs.columns.context import Context
from spark_jobs.engine.session import open_engine
from spark_jobs.errors import TransientError, UserError, exit_code
from spark_jobs.gold import BUILD
from spark_jobs.gold.missing_rates import BROKEN_WITHOUT_RATE, missing_rates
from spark_jobs.lake.tables import Lake
from spark_jobs.run.record import run_step
from spark_jobs.settings import settings

CODE = ("contracts", "spark_jobs/columns", "spark_jobs/build", "spark_jobs/gold")


def main(argv: Sequence[str] | None = None) -> int:
    """Bring gold up to date with silver; see `--help`."""
    args = _parse(argv)
    lake, context = Lake(), context_of(settings(), args.now)
    with run_step("build_gold", args.run_id, lake) as step:
        _refuse_missing_inputs(lake)
        marts = DerivedTables(
            tables=tables_of(Layer.GOLD),
            functions=BUILD,
            lake=lake,
            context=context,
            code=code_version(*CODE),
            step=step,
            rebuild_id=args.run_id if args.rebuild else None,
            gate=lambda built, mart, inputs: _refuse_broken(built, mart, inputs, context),
        )
        if not marts.any_stale():
            marts.note_unchanged()
            return 0
        with open_engine("build_gold", lake) as engine:
            marts.build(engine)
    return 0


def _refuse_missing_inputs(lake: Lake) -> None:
    wanted = {
        name for mart in tables_of(Layer.GOLD) for name in mart.inputs if declared(name).layer is Layer.SILVER
    }
    missing = sorted(name for name in wanted if not lake.exists(lake.path(declared(name))))
    if missing:
        raise TransientError(
            f"Silver lacks {', '.join(missing)}: build_silver has not run, or their bronze tables are empty"
            " (is the stream running? `./shoplake status`)."
        )


def _refuse_broken(built: DataFrame, mart: Table, inputs: Mapping[str, DataFrame], context: Context) -> None:
    """Keep the previous mart if rows break a check that must hold.

    Raises:
        UserError: naming the checks and rows, or the exchange rates that are missing.
    """
    broken = violations(built, mart)
    if not broken:
        return
    cause = None
    if BROKEN_WITHOUT_RATE.get(mart.name) in broken:
        missing = missing_rates(mart.name, built, inputs, context)
        cause = without_rates(missing, mart, context.reporting_currency)
    raise UserError(cause or breaches(built, mart, broken))


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="build_gold", description=__doc__)
    parser.add_argument("--run-id", required=True, help="the run this step belongs to")
    parser.add_argument("--rebuild", action="store_true", help="build every mart, changed or not")
    parser.add_argument(
        "--now",
        type=lambda text: datetime.fromisoformat(text).astimezone(UTC),
        default=datetime.now(UTC),
        help="the moment the marts speak of, ISO 8601 with offset; now unless given",
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(exit_code(main))
