"""Create missing topics of the platform: `python -m deploy.container.topics`."""

from __future__ import annotations

import sys

from kafka.errors import KafkaError
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from deploy.servers.topics import create_topics
from gateway.settings import GatewaySettings


@retry(retry=retry_if_exception_type(KafkaError), stop=stop_after_delay(60), wait=wait_fixed(1), reraise=True)
def _create(settings: GatewaySettings) -> None:
    create_topics(settings)


def main() -> int:
    """Create missing topics; returns 0, or 1 after printing the error."""
    settings = GatewaySettings()
    servers, topic = settings.kafka_bootstrap_servers, settings.kafka_events_topic
    try:
        _create(settings)
    except KafkaError as error:
        reason = f"{error or type(error).__name__}"
        print(f"Kafka at {servers}: {reason}. Next: check KAFKA_BOOTSTRAP_SERVERS in .env, then make up.")
        return 1
    print(f"topics of {servers} are there, events come to {topic}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
