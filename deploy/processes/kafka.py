"""Kafka: one KRaft broker."""

from __future__ import annotations

import socket
import subprocess
from string import Template

from deploy.errors import DeployError
from deploy.processes import jars
from deploy.processes.server import Home, Server
from deploy.servers.topics import admin, create_topics
from spark_jobs.settings import ROOT

TEMPLATE = ROOT / "kafka" / "server.properties"
# The cluster's id inside its own storage; nothing else uses it.
CLUSTER_ID = "c2hvcGxha2UtbG9jYWwtMQ"


def server(home: Home) -> Server:
    """Return the broker, whose storage is formatted on the first start."""
    settings = home.settings
    data = home.data / "kafka"
    properties = home.run / "kafka.properties"
    log4j = ROOT / "kafka" / "log4j2.properties"
    classpath = jars.folder(home, "kafka") / "*"
    java = (str(home.java), f"-Dlog4j2.configurationFile={log4j}", "-cp", str(classpath))

    def prepare() -> None:
        values = {
            "port": settings.kafka_port,
            "controller_port": settings.kafka_controller_port,
            "data": data,
        }
        home.write_private("kafka.properties", Template(TEMPLATE.read_text()).substitute(values))
        if (data / "meta.properties").exists():
            return
        log = home.logs / "kafka-format.log"
        command = [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(properties)]
        with log.open("w") as output:
            done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise DeployError(
                f"Kafka could not format its storage; see {log}. Next: make clean, then make demo."
            )

    return Server(
        name="kafka",
        command=(
            *(java[0], f"-Xmx{settings.kafka_memory}", f"-Xms{settings.kafka_memory}", "-XX:+UseSerialGC"),
            *("-XX:TieredStopAtLevel=1", *java[1:], "kafka.Kafka", str(properties)),
        ),
        is_ready=lambda: _require_answer(home),
        port=settings.kafka_port,
        directory=home.data,
        prepare=prepare,
        needs=(jars.NAME,),
        after_ready=lambda: create_topics(home.settings),
    )


def _require_answer(home: Home) -> None:
    # The client waits longer after each refusal; a connection attempt costs nothing.
    socket.create_connection(("127.0.0.1", home.settings.kafka_port), timeout=1).close()
    admin(home.settings.kafka_bootstrap_servers).close()
