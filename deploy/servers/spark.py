"""Spark: configuration and command lines of the warm Connect server and of the event stream."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyspark

SPARK_HOME = Path(pyspark.__file__).parent
LOGGING = Path(__file__).with_name("stream-log4j2.properties")
# Small tables on a small machine: few partitions, no web page, every address on loopback.
CONFIGURATION = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.databricks.delta.snapshotPartitions": "1",
    # Spark's 100 are fewer than the queries of one run, which would compile the same code repeatedly.
    "spark.sql.codegen.cache.maxEntries": "5000",
    # A query's plan is rendered even for the disabled web page; the formatted form took a tenth of a run.
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.enabled": "false",
    # At INFO a Connect server logs every plan it receives.
    "spark.log.level": "WARN",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}

# A run over a small shop ends before Java's second compiler pays off: it took a third of all CPU time. With
# twenty times its thresholds it still compiles what a large shop does for minutes.
CONNECT_JAVA = (
    "-XX:+UseParallelGC -XX:MaxMetaspaceSize=512m -Duser.timezone=UTC"
    " -XX:Tier4InvocationThreshold=100000 -XX:Tier4MinInvocationThreshold=12000"
    " -XX:Tier4CompileThreshold=300000 -XX:Tier4BackEdgeThreshold=800000"
)
# The stream's batches are small: Java's second compiler would save less than it costs at each start.
STREAM_JAVA = (
    f"-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Duser.timezone=UTC -Dlog4j.configurationFile={LOGGING}"
)


def configuration(lake: Mapping[str, str], scratch: str, warehouse: str) -> dict[str, str]:
    """Return every driver's configuration: `lake` is the lake's configuration, the others are folders."""
    return {**CONFIGURATION, **lake, "spark.local.dir": scratch, "spark.sql.warehouse.dir": warehouse}


def connect_command(
    conf: Mapping[str, str], *, master: str, memory: str, class_path: str, address: str, port: int
) -> tuple[str, ...]:
    """Return the command of the Connect server. It starts from resolved jars, without the network."""
    binding = {
        "spark.connect.grpc.binding.address": address,
        "spark.connect.grpc.binding.port": str(port),
    }
    return (
        *(str(SPARK_HOME / "bin" / "spark-submit"), "--name", "shoplake"),
        *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
        *("--master", master, "--driver-memory", memory, "--driver-java-options", CONNECT_JAVA),
        # On the class path rather than as --jars, which each start would copy.
        *("--driver-class-path", class_path),
        *(part for name, value in {**conf, **binding}.items() for part in ("--conf", f"{name}={value}")),
        "spark-internal",
    )


def stream_arguments(conf: Mapping[str, str], *, memory: str, class_path: str) -> str:
    """Return PYSPARK_SUBMIT_ARGS of the event stream, a separate driver: Spark Connect cannot run it."""
    # log4j's file sets the level, from the first line on.
    told = " ".join(f"--conf {name}={value}" for name, value in conf.items() if name != "spark.log.level")
    return (
        f"--master local[1] --driver-memory {memory} --driver-java-options '{STREAM_JAVA}' {told}"
        f" --driver-class-path {class_path} pyspark-shell"
    )
