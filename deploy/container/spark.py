"""Start Spark in a container: `python -m deploy.container.spark connect|stream|master|worker`.

Java replaces this process, so that signals reach it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from contracts.settings import default
from deploy.servers import spark
from deploy.servers.spark import SPARK_HOME
from spark_jobs.lake.object_store import spark_configuration

JARS = "/opt/jars/spark/*"
S3_JARS = "/opt/jars/s3/*"
STREAM_JARS = "/opt/jars/stream/*"
SCRATCH = "/data/scratch"
CONNECT_PORT = 15002
MASTER_PORT, MASTER_PAGE, WORKER_PAGE = 7077, 8081, 8082


def configuration(environment: Mapping[str, str]) -> dict[str, str]:
    """Return Spark's configuration for a driver in a container."""
    found = spark.configuration(lake_configuration(environment), SCRATCH, "/tmp/spark-warehouse")  # noqa: S108
    if environment.get("SPARK_MASTER", "").startswith("spark://"):
        # Executors in other containers reach the driver by its service's name.
        found |= {
            "spark.driver.host": "spark",
            "spark.driver.bindAddress": "0.0.0.0",  # noqa: S104
            "spark.executor.extraClassPath": class_path(environment, JARS),
            "spark.executor.memory": environment.get("SPARK_EXECUTOR_MEMORY")
            or default("SPARK_EXECUTOR_MEMORY"),
        }
    return found


def class_path(environment: Mapping[str, str], *folders: str) -> str:
    """Return Java's class path, with S3's jars only if the lake is in S3."""
    return ":".join((*folders, S3_JARS) if lake_configuration(environment) else folders)


def lake_configuration(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the configuration of a lake in S3; empty for the volume."""
    region = environment.get("AWS_REGION") or default("AWS_REGION")
    return spark_configuration(
        environment.get("LAKE_URI", ""), region, environment.get("AWS_ENDPOINT_URL", "")
    )


def connect(environment: Mapping[str, str]) -> list[str]:
    """Return the command of the Connect server."""
    command = spark.connect_command(
        configuration(environment),
        master=environment["SPARK_MASTER"],
        memory=environment["SPARK_DRIVER_MEMORY"],
        class_path=class_path(environment, JARS),
        address="0.0.0.0",  # noqa: S104 - the Compose network; no port is published
        port=CONNECT_PORT,
    )
    return list(command)


def stream(environment: Mapping[str, str]) -> list[str]:
    """Return the command of the event stream."""
    os.environ["PYSPARK_SUBMIT_ARGS"] = spark.stream_arguments(
        configuration({**environment, "SPARK_MASTER": "local[1]"}),
        memory=environment["STREAM_DRIVER_MEMORY"],
        class_path=class_path(environment, JARS, STREAM_JARS),
    )
    return [sys.executable, "-m", "spark_jobs.jobs.stream_events"]


def master(environment: Mapping[str, str]) -> list[str]:
    """Return the command of a cluster's master."""
    address = ["--host", "spark-master", "--port", str(MASTER_PORT), "--webui-port", str(MASTER_PAGE)]
    return [_spark_class(), "org.apache.spark.deploy.master.Master", *address]


def worker(environment: Mapping[str, str]) -> list[str]:
    """Return the command of a cluster's worker; its executors spill to disk, not to their memory."""
    os.environ["SPARK_LOCAL_DIRS"] = SCRATCH
    size = ["--cores", environment["SPARK_WORKER_CORES"], "--memory", environment["SPARK_WORKER_MEMORY"]]
    place = ["--webui-port", str(WORKER_PAGE), "--work-dir", "/tmp/work"]  # noqa: S108
    return [
        _spark_class(),
        "org.apache.spark.deploy.worker.Worker",
        *size,
        *place,
        f"spark://spark-master:{MASTER_PORT}",
    ]


def _spark_class() -> str:
    return str(SPARK_HOME / "bin" / "spark-class")


COMMANDS = {"connect": connect, "stream": stream, "master": master, "worker": worker}

if __name__ == "__main__":
    command = COMMANDS[sys.argv[1]](os.environ)
    os.execvp(command[0], command)  # noqa: S606
