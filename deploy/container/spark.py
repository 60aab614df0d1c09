"""Start Spark in a container: `python -m deploy.container.spark connect|stream|master|worker`.

The configuration is local mode's; only addresses and folders differ. Java takes this process's place, so that
signals reach it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from deploy.processes.jars import SPARK_HOME
from deploy.processes.spark import CONFIGURATION, JAVA_OPTIONS
from spark_jobs.lib.object_store import spark_configuration
from spark_jobs.lib.settings import ROOT

JARS = "/opt/jars/spark/*"
S3_JARS = "/opt/jars/s3/*"
STREAM_JARS = "/opt/jars/stream/*"
SCRATCH = "/data/scratch"
LOGGING = f"-Dlog4j.configurationFile={ROOT / 'local' / 'log4j2.properties'}"
STREAM_JAVA = f"-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Duser.timezone=UTC {LOGGING}"
CONNECT_PORT = 15002
MASTER_PORT, MASTER_PAGE, WORKER_PAGE = 7077, 8081, 8082


def configuration(environment: Mapping[str, str]) -> dict[str, str]:
    """Spark's configuration for a driver in a container."""
    found = {**CONFIGURATION, "spark.local.dir": SCRATCH, "spark.sql.warehouse.dir": "/tmp/spark-warehouse"}  # noqa: S108
    found |= lake_configuration(environment)
    if environment.get("SPARK_MASTER", "").startswith("spark://"):
        # Executors in other containers call the driver by its service's name.
        found |= {
            "spark.driver.host": environment.get("SPARK_DRIVER_HOST", "spark"),
            "spark.driver.bindAddress": "0.0.0.0",  # noqa: S104
            "spark.executor.extraClassPath": class_path(environment, JARS),
            "spark.executor.memory": environment.get("SPARK_EXECUTOR_MEMORY", "1g"),
        }
    return found


def class_path(environment: Mapping[str, str], *folders: str) -> str:
    """Java's class path; of S3's jars only when the lake is there."""
    return ":".join((*folders, S3_JARS) if lake_configuration(environment) else folders)


def lake_configuration(environment: Mapping[str, str]) -> dict[str, str]:
    """Of a lake in S3; nothing for the volume."""
    region = environment.get("AWS_REGION") or "us-east-1"
    return spark_configuration(
        environment.get("LAKE_URI", ""), region, environment.get("AWS_ENDPOINT_URL", "")
    )


def connect(environment: Mapping[str, str]) -> list[str]:
    """The command of the Connect server."""
    conf = configuration(environment) | {
        "spark.connect.grpc.binding.address": "0.0.0.0",  # noqa: S104 - the Compose network; no port is published
        "spark.connect.grpc.binding.port": str(CONNECT_PORT),
    }
    return [
        *(str(SPARK_HOME / "bin" / "spark-submit"), "--name", "shoplake"),
        *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
        *("--master", environment["SPARK_MASTER"], "--driver-memory", environment["SPARK_DRIVER_MEMORY"]),
        *("--driver-java-options", JAVA_OPTIONS),
        *("--driver-class-path", class_path(environment, JARS)),
        *(argument for name, value in conf.items() for argument in ("--conf", f"{name}={value}")),
        "spark-internal",
    ]


def stream(environment: Mapping[str, str]) -> list[str]:
    """The command of the event stream, a driver of its own.

    Its batches are small: what Java's second compiler would save them is less than it costs at each start.
    """
    conf = configuration({**environment, "SPARK_MASTER": "local[1]"})
    del conf["spark.log.level"]  # log4j's file says it, from the first line on
    arguments = " ".join(f"--conf {name}={value}" for name, value in conf.items())
    os.environ["PYSPARK_SUBMIT_ARGS"] = (
        f"--master local[1] --driver-memory {environment['STREAM_DRIVER_MEMORY']}"
        f" --driver-java-options '{STREAM_JAVA}' {arguments}"
        f" --driver-class-path {class_path(environment, JARS, STREAM_JARS)} pyspark-shell"
    )
    return [sys.executable, "-m", "spark_jobs.jobs.stream_events"]


def master(environment: Mapping[str, str]) -> list[str]:
    """The command of a cluster's master."""
    address = ["--host", "spark-master", "--port", str(MASTER_PORT), "--webui-port", str(MASTER_PAGE)]
    return [_spark_class(), "org.apache.spark.deploy.master.Master", *address]


def worker(environment: Mapping[str, str]) -> list[str]:
    """The command of a cluster's worker; what its executors spill goes to the disk, not to their memory."""
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
