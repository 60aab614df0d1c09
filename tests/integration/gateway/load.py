"""Requests without pause from several threads; those answered with 200 are recorded."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.integration.gateway.processes import TOKEN, Service

THREADS = 6
EVENTS = 4


class Load:
    """What was answered: the uuids of each 200, and how often each status came; 0 is a lost connection."""

    def __init__(self) -> None:
        self.accepted: set[str] = set()
        self.statuses: Counter[int] = Counter()
        self._stopping = threading.Event()
        self._lock = threading.Lock()

    def run(self, service: Service) -> None:
        with httpx.Client(base_url=service.url, timeout=30) as client:
            while not self._stopping.is_set():
                uuids = [str(uuid.uuid4()) for _ in range(EVENTS)]
                events = [{"event": "a", "distinct_id": each[:8], "uuid": each} for each in uuids]
                try:
                    status = client.post("/batch/", json={"api_key": TOKEN, "batch": events}).status_code
                except httpx.HTTPError:
                    status = 0
                    self._stopping.wait(0.02)
                with self._lock:
                    self.statuses[status] += 1
                    if status == 200:
                        self.accepted.update(uuids)

    def stop(self) -> None:
        self._stopping.set()

    def accepted_more_than(self, count: int) -> None:
        assert len(self.accepted) > count


@contextmanager
def load(service: Service) -> Iterator[Load]:
    running = Load()
    threads = [threading.Thread(target=running.run, args=(service,)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield running
    finally:
        running.stop()
        for thread in threads:
            thread.join(60)
