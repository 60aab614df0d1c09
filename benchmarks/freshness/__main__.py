"""Measure the time from the gateway's receipt of an event to its commit: `python -m benchmarks.freshness`.

It uses its own broker, gateway and stream, with the settings of `make demo`, all on loopback. The time of
receipt is the envelope's `now`, the time in bronze that of the Delta commit that added the event's file.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
import uvloop
from deltalake import DeltaTable
from tenacity import retry, stop_after_delay, wait_fixed

from benchmarks.gateway.__main__ import stack_in
from benchmarks.gateway.load import drive
from contracts.sources.events import CAPTURED
from deploy.processes.stack import Stack
from spark_jobs.lake.tables import Lake

CONNECTIONS = 100
ARRIVE_SECONDS = 120


def main() -> None:
    """Start the servers, send events one by one, wait until bronze has all, print the delays."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.freshness", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of load")
    parser.add_argument("--rate", type=float, default=1_000, help="events per second, one in each request")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stack = stack_in(Path(folder))
        try:
            stack.up(only=("kafka", "gateway", "stream"))
            measured = uvloop.run(drive(stack.settings.gateway_port, 1, CONNECTIONS, args.seconds, args.rate))
            delays = _delays(stack, measured.statuses[200])
        finally:
            stack.delete()
    quantiles = statistics.quantiles(delays, n=100)
    print(
        f"{len(delays):,} events at {measured.events_per_second:,.0f}/s, a trigger every"
        f" {stack.settings.stream_trigger_seconds} s: to bronze p50 {quantiles[49]:.1f} s,"
        f" p95 {quantiles[94]:.1f} s, at most {max(delays):.1f} s, load {os.getloadavg()[0]:.1f}"
    )


@retry(stop=stop_after_delay(ARRIVE_SECONDS), wait=wait_fixed(1), reraise=True)
def _delays(stack: Stack, answered: int) -> list[float]:
    """Return the seconds from receipt to bronze of every event answered with 200."""
    path = Lake(stack.settings.lake_uri).path(CAPTURED)
    found, known = [], set[str]()
    for commit in reversed(DeltaTable(path).history()):
        files = set(DeltaTable(path, version=commit["version"]).file_uris())
        for file in files - known:
            values = pq.ParquetFile(file).read(columns=["value"]).column("value").to_pylist()
            found += [commit["timestamp"] / 1000 - _received_at(value) for value in values]
        known = files
    if len(found) != answered:
        raise RuntimeError(f"{len(found):,} of {answered:,} events are in bronze")
    return found


def _received_at(value: str) -> float:
    return datetime.fromisoformat(json.loads(value)["now"]).timestamp()


if __name__ == "__main__":
    main()
