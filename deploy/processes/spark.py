"""Spark: the warm Connect server that the batch jobs use, and the event stream."""

from __future__ import annotations

import time
from pathlib import Path

import grpc
from pyspark.sql.connect.proto.base_pb2 import AnalyzePlanRequest, UserContext
from pyspark.sql.connect.proto.base_pb2_grpc import SparkConnectServiceStub

from deploy.errors import DeployError
from deploy.processes import jars
from deploy.processes.server import Home, Server
from deploy.servers.spark import CONNECT_JAVA, SPARK_HOME, configuration, connect_command, stream_arguments
from spark_jobs.lake.object_store import lake_configuration


def write_submit_defaults(home: Home) -> None:
    """Write the file from which spark-submit reads a job's settings: the same as the warm server's."""
    defaults = {
        **_configuration(home),
        "spark.driver.memory": home.settings.spark_driver_memory,
        "spark.driver.extraJavaOptions": CONNECT_JAVA,
    }
    folder = submit_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} {value}\n" for name, value in defaults.items()]
    (folder / "spark-defaults.conf").write_text("".join(lines))


def submit_folder(home: Home) -> Path:
    """Return their folder: SPARK_CONF_DIR of a program that submits jobs."""
    return home.run / "spark"


def connect_server(home: Home) -> Server:
    """Return the Spark Connect server."""
    settings = home.settings
    return Server(
        name="spark-connect",
        command=connect_command(
            _configuration(home),
            master=f"local[{settings.spark_cores}]",
            memory=settings.spark_driver_memory,
            class_path=jars.class_path(home, "spark"),
            address="127.0.0.1",
            port=settings.spark_port,
        ),
        is_ready=lambda: _ask_version(settings.spark_port),
        port=settings.spark_port,
        environment={
            **settings.s3_environment(),
            "SPARK_HOME": str(SPARK_HOME),
            "SPARK_LOCAL_IP": "127.0.0.1",
        },
        directory=home.data,
        prepare=lambda: (home.data / "spark").mkdir(parents=True, exist_ok=True),
        needs=(jars.NAME,),
    )


def stream(home: Home) -> Server:
    """Return the event stream, from Kafka to bronze."""
    settings = home.settings
    arguments = stream_arguments(
        _configuration(home),
        memory=settings.stream_driver_memory,
        class_path=jars.class_path(home, "spark", "stream"),
    )
    # Written when the query starts; a start removes the previous one.
    metadata = Path(settings.stream_checkpoints) / "stream_events" / "metadata"
    started_at = 0.0

    def prepare() -> None:
        nonlocal started_at
        started_at = time.time()
        (home.data / "spark").mkdir(parents=True, exist_ok=True)

    def is_ready() -> None:
        if not metadata.exists() or metadata.stat().st_mtime < started_at:
            raise DeployError("the query has not started")

    return Server(
        name="stream",
        command=(str(home.platform / "bin" / "python"), "-m", "spark_jobs.jobs.stream_events"),
        is_ready=is_ready,
        environment={
            **settings.platform_environment(),
            "SPARK_HOME": str(SPARK_HOME),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_SUBMIT_ARGS": arguments,
        },
        directory=home.data,
        prepare=prepare,
        needs=(jars.NAME, "kafka"),
    )


def _configuration(home: Home) -> dict[str, str]:
    scratch, warehouse = home.data / "spark", home.data / "spark-warehouse"
    return configuration(lake_configuration(home.settings), str(scratch), str(warehouse))


def _ask_version(port: int) -> None:
    request = AnalyzePlanRequest(
        session_id="00000000-0000-0000-0000-000000000001",
        user_context=UserContext(user_id="shoplake-health"),
        spark_version=AnalyzePlanRequest.SparkVersion(),
    )
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        SparkConnectServiceStub(channel).AnalyzePlan(request, timeout=5)  # type: ignore[no-untyped-call]
