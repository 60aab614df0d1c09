"""The engines that silver and gold must agree on: Apache Spark decides, Sail is the second opinion."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

# Each test has its own plans, which end before Java's second compiler pays off: it took half of all time.
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@pytest.fixture(scope="session", params=["spark", "sail"])
def spark(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A session of each engine in turn."""
    if request.param == "sail":
        yield from _sail(tmp_path_factory.mktemp("sail"))
    elif remote := os.environ.get("SPARK_REMOTE"):
        session = _session(remote)
        yield session
        session.stop()  # otherwise it would stay active, even for frames of the next engine
    else:
        yield from _apache_spark(tmp_path_factory.mktemp("spark"))


def _sail(folder: Path) -> Iterator[SparkSession]:
    os.environ["SAIL_EXECUTION__CHECKPOINT__PATH"] = folder.as_uri()
    server = SparkConnectServer(port=0)
    server.start(background=True)
    session = _session(f"sc://127.0.0.1:{server.listening_address[1]}")
    yield session
    session.stop()
    server.stop()


def _apache_spark(folder: Path) -> Iterator[SparkSession]:
    port = _free_port()
    options = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": 1,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": folder / "warehouse",
    }
    command = [
        *(Path(sys.executable).with_name("spark-submit"), "--master", "local[2]", "--driver-memory", "1g"),
        *("--driver-java-options", JAVA_OPTIONS),
        *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
        *(part for name, value in options.items() for part in ("--conf", f"{name}={value}")),
        "spark-internal",
    ]
    log = folder / "server.log"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK_", "PYSPARK_"))}
    # spark-submit finds Spark through the first `python3` on PATH.
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    with log.open("w") as output:
        server = subprocess.Popen(
            list(map(str, command)), cwd=folder, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
    try:
        _wait_for_port(port, server, log)
        session = _session(f"sc://127.0.0.1:{port}")
        yield session
        session.stop()
    finally:
        server.terminate()
        server.wait(30)


def _session(remote: str) -> SparkSession:
    session: SparkSession = SparkSession.builder.remote(remote).create()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return session


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@retry(retry=retry_if_exception_type(OSError), stop=stop_after_delay(90), wait=wait_fixed(0.3), reraise=True)
def _wait_for_port(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    if server.poll() is not None:
        pytest.exit(f"Apache Spark did not start:\n{log.read_text()[-3000:]}")
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        pass
