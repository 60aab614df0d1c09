"""Replay merge requests of many ids on Spark's workers: `python -m benchmarks.identity --ids 10000000`.

Of five ids, two are customers and three devices. Every hundredth device is an alias of its neighbour, each
logs in once, and every fiftieth a second time with another customer, which is refused. Every id has one more
event. The events are written as Parquet first; that is not measured.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from contracts.registry import TABLES
from spark_jobs.columns.context import Context
from spark_jobs.silver import identity_map, identity_merges

ROWS_PER_FILE = 1_000_000
START = np.datetime64("2026-01-01T00:00:00", "us")


def main() -> None:
    """Write the events, derive both tables, print one line for each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.identity", description=__doc__)
    parser.add_argument("--ids", type=int, default=1_000_000)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--memory", default="5g", help="of the Spark driver, which computes here too")
    args = parser.parse_args()
    os.environ["PYSPARK_PYTHON"] = sys.executable  # the workers replay, with pandas
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"--driver-memory {args.memory} pyspark-shell"
    with tempfile.TemporaryDirectory() as folder:
        requests = _write_events(Path(folder) / "events", args.ids)
        spark = _session(args.cores, Path(folder))
        print(f"{args.ids:,} ids, {requests:,} requests, {args.cores} cores", flush=True)
        _derive(spark, Path(folder))
        spark.stop()


def _derive(spark: SparkSession, folder: Path) -> None:
    context: Context = None  # type: ignore[assignment]  # identity knows no settings
    events = spark.read.parquet(str(folder / "events"))
    said = ", ".join(f"{each.name} {each.type}" for each in TABLES["silver.person_distinct_ids"].columns)
    statements = spark.createDataFrame([], said)  # without a PostHog
    merges = _timed(
        "identity_merges", lambda: identity_merges.derive(events, statements, context), spark, folder
    )
    ids = _timed("identity_map", lambda: identity_map.derive(events, merges, context), spark, folder)
    outcomes = {row["outcome"]: row["count"] for row in merges.groupBy("outcome").count().collect()}
    print(f"{outcomes}, {ids.select('person_id').distinct().count():,} persons")


def _timed(name: str, derive: Callable[[], DataFrame], spark: SparkSession, folder: Path) -> DataFrame:
    began = time.monotonic()
    derive().write.parquet(str(folder / name))
    took = time.monotonic() - began
    written = spark.read.parquet(str(folder / name))
    print(f"{name}: {written.count():,} rows in {took:.0f} s", flush=True)
    return written


def _session(cores: int, folder: Path) -> SparkSession:
    builder = SparkSession.builder.master(f"local[{cores}]").appName("identity")
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(folder / "spark"),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _write_events(folder: Path, ids: int) -> int:
    folder.mkdir()
    customers, devices = ids * 2 // 5, ids * 3 // 5
    device = np.arange(devices)
    again, chained = device[::50], device[1::100]
    owners = (device * 7919) % customers + 1
    groups = [
        ("$create_alias", _devices(chained - 1), _devices(chained)),
        ("$identify", _customers(owners), _devices(device)),
        ("$identify", _customers((again * 104_729 + 1) % customers + 1), _devices(again)),
        ("$pageview", _devices(device), None),
        ("$pageview", _customers(np.arange(customers) + 1), None),
    ]
    written = 0
    for name, senders, others in groups:
        for first in range(0, len(senders), ROWS_PER_FILE):
            part = slice(first, first + ROWS_PER_FILE)
            _write(folder, name, senders[part], None if others is None else others[part], written)
            written += len(senders[part])
    return written - ids


def _write(folder: Path, name: str, senders: pa.Array, others: pa.Array | None, first: int) -> None:
    count, numbers = len(senders), np.arange(first, first + len(senders))
    wanted = {
        "event_id": pa.array([f"{number:032x}" for number in numbers]),
        "event_name": pa.array([name] * count),
        "occurred_at": pa.array(START + numbers.astype("timedelta64[ms]"), pa.timestamp("us", "UTC")),
        "distinct_id": senders,
        "merged_distinct_id": pa.nulls(count, pa.string()) if others is None else others,
    }
    assert set(wanted) <= set(TABLES["silver.events"].column_names)  # noqa: S101 - a benchmark of real tables
    pq.write_table(pa.table(wanted), folder / f"{first:012}.parquet")


def _customers(numbers: np.ndarray) -> pa.Array:
    return pa.array(numbers.astype(str))


def _devices(numbers: np.ndarray) -> pa.Array:
    return pa.array(np.char.add("0190d8a5-7f3e-7000-8000-", np.char.zfill(numbers.astype(str), 12)))


if __name__ == "__main__":
    main()
