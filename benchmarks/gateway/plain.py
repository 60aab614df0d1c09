"""The baseline: a plain FastAPI handler that only writes to Kafka. It guarantees nothing: no answer waits."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import uvicorn
from confluent_kafka import Producer
from fastapi import FastAPI, Request

TOPIC = os.environ["KAFKA_EVENTS_TOPIC"]
producer = Producer(
    {"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"], "compression.type": "lz4", "linger.ms": 5}
)
app = FastAPI()


@app.get("/_readiness")
async def ready() -> str:
    """Answer that it runs."""
    return "ok"


@app.post("/batch/")
async def capture(request: Request) -> dict[str, str]:
    """Write each event of the batch as a message."""
    body: dict[str, Any] = await request.json()
    for event in body["batch"]:
        producer.produce(TOPIC, json.dumps(event), event["properties"]["distinct_id"])
    producer.poll(0)
    return {"status": "Ok"}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")
