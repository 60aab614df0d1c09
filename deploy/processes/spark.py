"""Spark: the warm Connect server that the batch jobs use, and the event stream."""

from __future__ import annotations

import time
from pathlib import Path

import grpc
from pyspark.sql.connect.proto.base_pb2 import AnalyzePlanRequest, UserContext
from pyspark.sql.connect.proto.base_pb2_grpc import SparkConnectServiceStub

from deploy.processes import jars
from deploy.processes.server import Home, Server
from deploy.processes.settings import LocalError
from spark_jobs.lib.object_store import lake_configuration
from spark_jobs.lib.settings import ROOT

# Small tables on a small machine: few partitions, no web page, every address on loopback.
CONFIGURATION = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.databricks.delta.properties.defaults.enableDeletionVectors": "false",
    # Least and greatest value of the first column only, a key: for each of 32 columns code would be compiled.
    "spark.databricks.delta.properties.defaults.dataSkippingNumIndexedCols": "1",
    # Spark's 100 are fewer than the queries of one run, which would compile the same code again and again.
    "spark.sql.codegen.cache.maxEntries": "5000",
    # A query's plan is written out for the page that is off; the formatted form took a tenth of a run.
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.enabled": "false",
    # At INFO a Connect server writes every plan it is given into its log.
    "spark.log.level": "WARN",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}

# A run over a small shop ends before Java's second compiler pays: it took a third of all processor time.
# Twenty times its thresholds still let it have what a large shop does for minutes.
JAVA_OPTIONS = (
    "-XX:+UseParallelGC -XX:MaxMetaspaceSize=512m -Duser.timezone=UTC"
    " -XX:Tier4InvocationThreshold=100000 -XX:Tier4MinInvocationThreshold=12000"
    " -XX:Tier4CompileThreshold=300000 -XX:Tier4BackEdgeThreshold=800000"
)


def write_submit_defaults(home: Home) -> None:
    """What spark-submit takes a job's settings from: the same as the warm server's."""
    configuration = {
        **CONFIGURATION,
        **lake_configuration(home.settings),
        "spark.sql.warehouse.dir": str(home.data / "spark-warehouse"),
        "spark.local.dir": str(home.data / "spark"),
        "spark.driver.memory": home.settings.spark_driver_memory,
        "spark.driver.extraJavaOptions": JAVA_OPTIONS,
    }
    folder = submit_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} {value}\n" for name, value in configuration.items()]
    (folder / "spark-defaults.conf").write_text("".join(lines))


def submit_folder(home: Home) -> Path:
    """Where they are: SPARK_CONF_DIR of a program that submits jobs."""
    return home.run / "spark"


def connect_server(home: Home) -> Server:
    """The Spark Connect server. It starts from resolved jars, without the network."""
    settings = home.settings
    configuration = {
        **CONFIGURATION,
        **lake_configuration(settings),
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(settings.spark_port),
        "spark.sql.warehouse.dir": str(home.data / "spark-warehouse"),
        "spark.local.dir": str(home.data / "spark"),
    }
    arguments = [
        argument for name, value in configuration.items() for argument in ("--conf", f"{name}={value}")
    ]
    return Server(
        name="spark-connect",
        command=(
            *(str(jars.SPARK_HOME / "bin" / "spark-submit"), "--name", "shoplake"),
            *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
            *("--master", f"local[{settings.spark_cores}]", "--driver-memory", settings.spark_driver_memory),
            *("--driver-java-options", JAVA_OPTIONS),
            # On the class path rather than as --jars, which every start would copy.
            *("--driver-class-path", jars.class_path(home, "spark")),
            *(*arguments, "spark-internal"),
        ),
        is_ready=lambda: _ask_version(settings.spark_port),
        port=settings.spark_port,
        environment={
            **settings.s3_environment(),
            "SPARK_HOME": str(jars.SPARK_HOME),
            "SPARK_LOCAL_IP": "127.0.0.1",
        },
        directory=home.data,
        prepare=lambda: (home.data / "spark").mkdir(parents=True, exist_ok=True),
        needs=(jars.NAME,),
    )


def stream(home: Home) -> Server:
    """The event stream, from Kafka to bronze: a driver of its own, as it needs more than Spark Connect."""
    settings = home.settings
    configuration = {
        **CONFIGURATION,
        **lake_configuration(settings),
        "spark.local.dir": str(home.data / "spark"),
    }
    del configuration["spark.log.level"]  # log4j's file says it, from the first line on
    arguments = " ".join(f"--conf {name}={value}" for name, value in configuration.items())
    classpath = f"--driver-class-path {jars.class_path(home, 'spark', 'stream')}"
    memory = f"--driver-memory {settings.stream_driver_memory}"
    logging = f"-Dlog4j.configurationFile={ROOT / 'local' / 'log4j2.properties'}"
    java = f"--driver-java-options '-XX:+UseSerialGC -Duser.timezone=UTC {logging}'"
    # Written when the query starts; a start removes the one before.
    metadata = Path(settings.stream_checkpoints) / "stream_events" / "metadata"
    started_at = 0.0

    def prepare() -> None:
        nonlocal started_at
        started_at = time.time()
        (home.data / "spark").mkdir(parents=True, exist_ok=True)

    def is_ready() -> None:
        if not metadata.exists() or metadata.stat().st_mtime < started_at:
            raise LocalError("the query has not started")

    return Server(
        name="stream",
        command=(str(home.platform / "bin" / "python"), "-m", "spark_jobs.jobs.stream_events"),
        is_ready=is_ready,
        environment={
            **settings.platform_environment(),
            "SPARK_HOME": str(jars.SPARK_HOME),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_SUBMIT_ARGS": f"--master local[1] {memory} {java} {arguments} {classpath} pyspark-shell",
        },
        directory=home.data,
        prepare=prepare,
        needs=(jars.NAME, "kafka"),
    )


def _ask_version(port: int) -> None:
    request = AnalyzePlanRequest(
        session_id="00000000-0000-0000-0000-000000000001",
        user_context=UserContext(user_id="shoplake-health"),
        spark_version=AnalyzePlanRequest.SparkVersion(),
    )
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        SparkConnectServiceStub(channel).AnalyzePlan(request, timeout=5)  # type: ignore[no-untyped-call]
