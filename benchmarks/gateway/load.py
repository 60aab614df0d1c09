"""Load on loopback: prepared requests, written to raw sockets, so that one core can load another."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

TOKEN = b"phc_benchmark"
BATCH = 50
# Properties that posthog-js sends for a product page, about 900 bytes.
_PROPERTIES = (
    b'"$os":"Mac OS X","$browser":"Chrome","$browser_version":131,"$device_type":"Desktop",'
    b'"$current_url":"https://shop.example/p/trail-shoe-7?utm_source=news&utm_medium=email",'
    b'"$host":"shop.example","$pathname":"/p/trail-shoe-7","$referrer":"https://www.google.com/",'
    b'"$referring_domain":"www.google.com","$screen_height":1117,"$screen_width":1728,"$lib":"web",'
    b'"$lib_version":"1.449.2","$raw_user_agent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)",'
    b'"$session_id":"01a206f0-d9af-7cc3-9d3e-1f6d0a7f2b11","$window_id":"01a206f0-d9af-7cc3-9d3e-1f6e1a",'
    b'"product_id":"7","sku":"TRAIL-7","name":"Trail shoe","brand":"Ridge","price":"89.90",'
    b'"currency":"EUR","$process_person_profile":false,"token":"phc_benchmark"'
)
_HEAD = (
    b"POST /batch/ HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)


def requests(events: int) -> Iterator[bytes]:
    """Return requests with this many events each, every event with its own uuid and time of sending."""
    run = time.time_ns() & 0xFFFFFFFFFFFF
    for number in itertools.count():
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").encode()
        batch = b",".join(
            b'{"uuid":"01a206f0-%04x-7%03x-8000-%012x","event":"Product Viewed","timestamp":"%s",'
            b'"properties":{"distinct_id":"visitor-%d",%s}}'
            % (part & 0xFFFF, number & 0xFFF, run + number, moment, number % 5000, _PROPERTIES)
            for part in range(events)
        )
        body = b'{"api_key":"%s","batch":[%s],"sent_at":"%s"}' % (TOKEN, batch, moment)
        yield _HEAD % len(body) + body


@dataclass
class Measured:
    """The result of one load. Latencies are in seconds, from the time at which a request was due."""

    events: int
    seconds: float = 0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def events_per_second(self) -> float:
        """Return the rate of events answered with 200."""
        return self.statuses[200] * self.events / self.seconds

    def quantile(self, percent: int) -> float:
        """Return a percentile of the latencies."""
        return statistics.quantiles(self.latencies, n=100)[percent - 1]


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    transport: asyncio.WriteTransport

    def __init__(self, answered: Callable[[Connection, int], None]) -> None:
        self._answered, self._read = answered, b""
        self.due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the open transport."""
        self.transport = cast(asyncio.WriteTransport, transport)

    def send(self, request: bytes, due: float) -> None:
        """Write a request that was due at this time of the monotonic clock."""
        self.due = due
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Receive part of an answer, or all of it."""
        self._read += data
        head, gap, body = self._read.partition(b"\r\n\r\n")
        if gap:
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            if len(body) >= length:
                self._read = b""
                self._answered(self, int(head[9:12]))


async def drive(port: int, events: int, connections: int, seconds: float, rate: float | None) -> Measured:
    """Send requests of this many events: at `rate` requests per second, or as fast as answers arrive."""
    loop, measured, made = asyncio.get_running_loop(), Measured(events), requests(events)
    # In turns, as the server closes a connection that is idle for seconds.
    free: deque[Connection] = deque()
    due: deque[float] = deque()
    began = loop.time()
    end = began + seconds

    def answered(connection: Connection, status: int) -> None:
        now = loop.time()
        measured.statuses[status] += 1
        measured.latencies.append(now - connection.due)
        if rate is None and now < end:
            connection.send(next(made), now)
        elif due:
            connection.send(next(made), due.popleft())
        else:
            free.append(connection)

    for _ in range(connections):
        _, connection = await loop.create_connection(lambda: Connection(answered), "127.0.0.1", port)
        free.append(connection)
    opened = list(free)
    if rate is None:
        free.clear()
        for connection in opened:
            connection.send(next(made), loop.time())
        await asyncio.sleep(seconds)
    else:
        for number in range(round(seconds * rate)):
            moment = began + number / rate
            if (wait := moment - loop.time()) > 0:
                await asyncio.sleep(wait)
            if free:
                free.popleft().send(next(made), moment)
            else:
                due.append(moment)
    while len(free) < connections:
        await asyncio.sleep(0.005)
    measured.seconds = max(loop.time() - began, seconds)
    for connection in opened:
        connection.transport.close()
    return measured
