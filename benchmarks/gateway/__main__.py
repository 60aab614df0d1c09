"""Load one core of the gateway, then a plain handler in the same way: `python -m benchmarks.gateway`.

It uses its own broker, all on loopback. The server has one core to itself (`taskset`), broker and load share
the others. Besides the throughput in wall time it prints that of one full core, by the CPU time the server
used: on a busy machine only that is comparable.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import uvloop
from tenacity import retry, stop_after_delay, wait_fixed

from benchmarks.gateway.load import BATCH, TOKEN, Measured, drive
from deploy.processes.stack import Stack

CORE = 0
SINGLES, BATCHES = "single events", f"batches of {BATCH}"
# Half of the target: 2,000 single events and 20,000 in batches.
HALF = {SINGLES: 1_000.0, BATCHES: 10_000.0}
CONNECTIONS = {SINGLES: 32, BATCHES: 8}
EVENTS = {SINGLES: 1, BATCHES: BATCH}


def main() -> None:
    """Start the broker, measure both servers in turns, print a line for each load."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="of each load")
    parser.add_argument("--rounds", type=int, default=2, help="of both servers, in turns")
    args = parser.parse_args()
    os.sched_setaffinity(0, os.sched_getaffinity(0) - {CORE} or {CORE})
    with tempfile.TemporaryDirectory() as folder:
        stack = stack_in(Path(folder))
        try:
            stack.up(only=("kafka",))
            for _ in range(args.rounds):
                for name in ("gateway", "plain"):
                    _measure(name, stack, args.seconds)
        finally:
            stack.delete()


def stack_in(folder: Path) -> Stack:
    """Return a separate stack below a folder, on free ports."""
    names = ("SHOP_MYSQL_PORT", "WAREHOUSE_PORT", "KAFKA_CONTROLLER_PORT", "AIRFLOW_PORT", "GATEWAY_PORT")
    kafka, spark, *ports = free_ports(2 + len(names))
    overrides = dict(zip(names, map(str, ports), strict=True)) | {
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{kafka}",
        "SPARK_REMOTE": f"sc://127.0.0.1:{spark}",
        "LAKE_URI": str(folder / "lake"),
        "GATEWAY_TOKENS": TOKEN.decode(),
    }
    return Stack(folder / "state", folder / ".env", overrides)


def free_ports(count: int) -> list[int]:
    """Return ports that are free now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _measure(name: str, stack: Stack, seconds: float) -> None:
    port = stack.settings.gateway_port
    with server(name, stack) as process:
        uvloop.run(drive(port, BATCH, 4, 2, None))  # warm
        for load in (SINGLES, BATCHES):
            for rate in (None, HALF[load]):
                before = _cpu_seconds(process)
                measured = uvloop.run(_load(port, load, seconds, rate))
                _say(name, load, rate, measured, _cpu_seconds(process) - before)
        peak = psutil.Process(process.pid).memory_info().rss
        print(f"{name:8} resident {peak / 2**20:.0f} MiB", flush=True)


async def _load(port: int, load: str, seconds: float, rate: float | None) -> Measured:
    events = EVENTS[load]
    # At half the load a connection is always free, so that only the server causes delays.
    connections = CONNECTIONS[load] if rate is None else 100
    return await drive(port, events, connections, seconds, rate / events if rate else None)


def _say(name: str, load: str, rate: float | None, measured: Measured, cpu: float) -> None:
    wanted = "as fast as it can" if rate is None else f"at {rate:,.0f}/s"
    whole_core = measured.statuses[200] * measured.events / cpu
    others = sum(measured.statuses.values()) - measured.statuses[200]
    print(
        f"{name:8} {load:14} {wanted:17} {measured.events_per_second:8,.0f} events/s, "
        f"{whole_core:8,.0f} per second of the core, "
        f"p50 {measured.quantile(50) * 1000:6.1f} ms, p99 {measured.quantile(99) * 1000:6.1f} ms, "
        f"{others} not 200, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def _cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)


@contextmanager
def server(name: str, stack: Stack) -> Iterator[subprocess.Popen[bytes]]:
    """Yield the gateway or the plain handler on its own core, answering."""
    port = stack.settings.gateway_port
    module = ("gateway",) if name == "gateway" else ("benchmarks.gateway.plain", str(port))
    process = subprocess.Popen(
        ["taskset", "-c", str(CORE), sys.executable, "-m", *module],
        env=os.environ | stack.program_environment(),
    )
    try:
        retry(stop=stop_after_delay(60), wait=wait_fixed(0.2), reraise=True)(
            lambda: httpx.get(f"http://127.0.0.1:{port}/_readiness", timeout=5).raise_for_status()
        )()
        yield process
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    main()
