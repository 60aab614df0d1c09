"""Kafka: one KRaft broker, and the topics of the platform."""

from __future__ import annotations

import socket
import subprocess
from string import Template

from kafka.admin import KafkaAdminClient, NewTopic

from local import jars
from local.server import Home, Server
from local.settings import LocalError
from spark_jobs.lib.settings import ROOT

TEMPLATE = ROOT / "kafka" / "server.properties"
EVENT_PARTITIONS = 3
DEAD_LETTER_TOPIC = "events_dead_letter"
# Names the cluster inside its own storage; nothing else meets it.
CLUSTER_ID = "c2hvcGxha2UtbG9jYWwtMQ"


def server(home: Home) -> Server:
    """The broker, with its storage formatted on the first start."""
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
            raise LocalError(
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
        after_ready=lambda: create_topics(
            home.settings.kafka_bootstrap_servers, home.settings.kafka_events_topic
        ),
    )


def _require_answer(home: Home) -> None:
    # The client waits ever longer after each refusal; knocking costs nothing.
    socket.create_connection(("127.0.0.1", home.settings.kafka_port), timeout=1).close()
    _admin(home.settings.kafka_bootstrap_servers).close()


def _admin(servers: str) -> KafkaAdminClient:
    # Connecting fetches the cluster's metadata, so a client that exists is a broker that answers.
    return KafkaAdminClient(bootstrap_servers=servers.split(","), request_timeout_ms=5000)


def create_topics(servers: str, events_topic: str) -> None:
    """Create the platform's topics where they are missing; those that are there stay as they are."""
    admin = _admin(servers)
    try:
        present = set(admin.list_topics())
        wanted = {events_topic: EVENT_PARTITIONS, DEAD_LETTER_TOPIC: 1}
        missing = [
            NewTopic(name=name, num_partitions=partitions, replication_factor=1)
            for name, partitions in wanted.items()
            if name not in present
        ]
        if missing:
            admin.create_topics(missing)
    finally:
        admin.close()
