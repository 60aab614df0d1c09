"""Build the marts whose inputs, code or day have changed; a mart is checked before it replaces the last."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from graphlib import TopologicalSorter

from pyspark.sql import SparkSession

from contracts.model import Layer, Table
from contracts.registry import table as declared
from contracts.registry import tables_of
from spark_jobs.build.breaches import breaches, without_rates
from spark_jobs.build.fingerprint import code_version, context_of, fingerprint
from spark_jobs.build.quality import conform, violations, warnings
from spark_jobs.columns.context import Context
from spark_jobs.engine.session import checkpoint, in_parallel, spark_session
from spark_jobs.errors import TransientError, UserError, exit_code
from spark_jobs.gold import BUILD
from spark_jobs.gold.missing_rates import BROKEN_WITHOUT_RATE, missing_rates
from spark_jobs.lake.tables import DataCommit, Lake
from spark_jobs.run.record import Step, run_step
from spark_jobs.settings import settings

CODE = ("contracts", "spark_jobs/lib", "spark_jobs/gold")


def main(argv: Sequence[str] | None = None) -> int:
    """Bring gold up to date with silver; see `--help`."""
    args = _parse(argv)
    lake, context = Lake(), context_of(settings(), args.now)
    with run_step("build_gold", args.run_id, lake) as step:
        _refuse_missing_inputs(lake)
        marts = tables_of(Layer.GOLD)
        if not args.rebuild and not any(_stale(lake, mart, context) for mart in marts):
            for mart in marts:
                step.table(mart.id).note = "unchanged"
            return 0
        with spark_session("build_gold") as spark:

            def work(session: SparkSession, mart: Table) -> None:
                _build(session, lake, mart, context, step, args.rebuild)

            order = TopologicalSorter({mart.id: _gold_inputs(mart) for mart in marts})
            order.prepare()
            while order.is_active():
                ready = order.get_ready()
                in_parallel(spark, work, [declared(name) for name in ready])
                order.done(*ready)
    return 0


def _gold_inputs(mart: Table) -> list[str]:
    return [name for name in mart.inputs if declared(name).layer is Layer.GOLD]


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


def _inputs(lake: Lake, mart: Table) -> dict[str, DataCommit]:
    found = {name: lake.data_commit(lake.path(declared(name))) for name in mart.inputs}
    return {name: commit for name, commit in found.items() if commit}


def _state(inputs: Mapping[str, DataCommit], context: Context) -> str:
    versions = {name: commit.version for name, commit in inputs.items()}
    return fingerprint(code_version(*CODE), context, versions)


def _stale(lake: Lake, mart: Table, context: Context) -> bool:
    kept = lake.commit_metadata(lake.path(mart)) or {}
    return kept.get("built_from") != _state(_inputs(lake, mart), context)


def _build(spark: SparkSession, lake: Lake, mart: Table, context: Context, step: Step, rebuild: bool) -> None:
    if not rebuild and not _stale(lake, mart, context):
        step.table(mart.id).note = "unchanged"
        return
    with step.timed(mart.id) as record:
        inputs = _inputs(lake, mart)
        rows = {
            name.replace(".", "_"): lake.read(spark, lake.path(declared(name)), commit.readable)
            for name, commit in inputs.items()
        }
        built = checkpoint(conform(BUILD[mart.name](**rows, context=context), mart))
        broken = violations(built, mart)
        if broken:
            cause = None
            if BROKEN_WITHOUT_RATE.get(mart.name) in broken:
                missing = missing_rates(mart.name, built, rows, context)
                cause = without_rates(missing, mart, context.reporting_currency)
            raise UserError(cause or breaches(built, mart, broken))
        record.details = {"warned": warnings(built, mart)}
        record.note = ", ".join(
            f"{name}: {count:,} warned" for name, count in record.details["warned"].items()
        )
        versions = {name: commit.version for name, commit in inputs.items()}
        metadata = {"built_from": _state(inputs, context), "inputs": versions, "run_id": step.run_id}
        lake.overwrite(built, lake.path(mart), None, metadata)
        record.written = record.passed = record.read = lake.row_count(lake.path(mart))


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
