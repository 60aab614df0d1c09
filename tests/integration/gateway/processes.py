"""A gateway in its own process, with its own topics, and their messages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from tenacity import retry, stop_after_delay, wait_fixed

from gateway.settings import GatewaySettings
from tests.deploy.processes.test_stack import free_ports

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "phc_sdk_test"
TOPICS = (
    "kafka_events_topic",
    "kafka_historical_topic",
    "kafka_dead_letter_topic",
    "mirror_dead_letter_topic",
)
MODULES = {"gateway": "gateway", "mirror": "gateway.mirror"}


@dataclass
class Service:
    """Settings of one gateway and its mirror; processes are started and ended by hand."""

    settings: GatewaySettings
    log: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.gateway_port}"

    def start(self, name: str = "gateway") -> None:
        values = {
            key.upper(): ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            for key, value in self.settings
        }
        with self.log.open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", MODULES[name]],
                cwd=ROOT,
                env=os.environ | values,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if name == "gateway":
            wait_until(self.is_ready)

    def is_ready(self) -> None:
        answer = httpx.get(f"{self.url}/_readiness", timeout=5)
        assert answer.status_code == 200, answer.text

    def end(self, how: int = signal.SIGTERM, name: str = "gateway") -> int:
        """End a process; returns its exit code."""
        process = self.running.pop(name)
        process.send_signal(how)
        return process.wait(40)

    def messages(self, *topics: str) -> list[Message]:
        """Everything on the topics of events, or on these."""
        names = topics or (self.settings.kafka_events_topic, self.settings.kafka_historical_topic)
        return list(read_topics(self.settings.kafka_bootstrap_servers, names))

    def envelopes(self, *topics: str) -> list[dict[str, Any]]:
        return [json.loads(message.value() or b"") for message in self.messages(*topics)]

    def uuids(self) -> Counter[str]:
        return Counter(envelope["uuid"] for envelope in self.envelopes())


def wait_until(is_true: Callable[[], object], seconds: float = 30) -> None:
    retry(stop=stop_after_delay(seconds), wait=wait_fixed(0.1), reraise=True)(is_true)()


@contextmanager
def service(brokers: str, folder: Path, **settings: Any) -> Iterator[Service]:
    """A gateway that runs, with topics that nobody else writes."""
    mark = uuid.uuid4().hex[:8]
    names = {topic: f"test_{topic.split('_')[1]}_{mark}" for topic in TOPICS}
    names["mirror_dead_letter_topic"] = f"test_mirror_dead_{mark}"
    gateway_port, mirror_port = free_ports(2)
    config = GatewaySettings(
        _env_file=None,  # type: ignore[call-arg]
        **{
            "gateway_tokens": TOKEN,
            "gateway_port": gateway_port,
            "mirror_metrics_port": mirror_port,
            "mirror_group": f"mirror_{mark}",
            "kafka_bootstrap_servers": brokers,
            **names,
            **settings,
        },
    )
    admin = AdminClient({"bootstrap.servers": brokers})
    topics = sorted(set(names.values()))
    for made in admin.create_topics([NewTopic(name, 2, 1) for name in topics]).values():
        made.result(30)
    running = Service(config, folder / "gateway.log")
    try:
        running.start()
        yield running
    finally:
        for name in list(running.running):
            running.end(signal.SIGKILL, name)
        admin.delete_topics(topics)


def read_topics(brokers: str, names: Iterable[str]) -> Iterator[Message]:
    """Every message of the topics, from the first to the one that is the last now."""
    options = {
        "bootstrap.servers": brokers,
        "group.id": f"reader_{uuid.uuid4().hex}",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
    }
    with closing(Consumer(options)) as consumer:
        left: dict[tuple[str, int], int] = {}
        for name in names:
            for number in consumer.list_topics(name, 10).topics[name].partitions:
                low, high = consumer.get_watermark_offsets(TopicPartition(name, number), 10)
                if high > low:
                    left[name, number] = high
        consumer.assign([TopicPartition(name, number, 0) for name, number in left])
        while left:
            for message in consumer.consume(1_000, 0.5):
                assert message.error() is None, message.error()
                place = (str(message.topic()), int(message.partition() or 0))
                if place in left:
                    yield message
                    if int(message.offset() or 0) + 1 >= left[place]:
                        del left[place]
