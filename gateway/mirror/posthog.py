"""Send events to PostHog's `/batch/` until it has accepted or refused each one."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import httpx
import msgspec
import structlog

from gateway.mirror.metrics import RETRIES

log = structlog.get_logger("mirror")

SECONDS = 30.0
LONGEST_WAIT = 60.0
# The events themselves are at fault. Any other status is temporary or up to whoever runs PostHog.
REFUSALS = frozenset((400, 413, 422))


class Refusal(NamedTuple):
    """An event that PostHog refuses for good: its place among those sent, and the status."""

    place: int
    status: int


class Interrupted(Exception):
    """The mirror must stop. Events that were not accepted are sent again after the next start."""


class PostHog:
    """A project in a real PostHog. `wait` waits the given seconds; it returns False to stop."""

    def __init__(self, host: str, token: str, wait: Callable[[float], bool], client: httpx.Client) -> None:
        self._url, self._token = f"{host.rstrip('/')}/batch/", token
        self._wait, self._client = wait, client

    def send(self, events: Sequence[dict[str, Any]], is_historical: bool) -> list[Refusal]:
        """Send events, retrying until PostHog answers; returns those that it refuses.

        Raises:
            Interrupted: if `wait` returns False.
        """
        if not events:
            return []
        status = self._until_answered(events, is_historical)
        if status not in REFUSALS:
            return []
        if len(events) == 1:
            return [Refusal(0, status)]
        # One bad event makes PostHog refuse all of them. Halving finds it in a few steps.
        middle = len(events) // 2
        second = self.send(events[middle:], is_historical)
        return self.send(events[:middle], is_historical) + [
            Refusal(middle + refusal.place, refusal.status) for refusal in second
        ]

    def _until_answered(self, events: Sequence[dict[str, Any]], is_historical: bool) -> int:
        body = gzip.compress(
            msgspec.json.encode(
                {"api_key": self._token, "historical_migration": is_historical, "batch": events}
            ),
            compresslevel=3,
        )
        seconds = 1.0
        while True:
            try:
                answer = self._client.post(self._url, content=body, headers=_HEADERS, timeout=SECONDS)
            except httpx.HTTPError as error:
                reason, asked = type(error).__name__, None
            else:
                if answer.is_success or answer.status_code in REFUSALS:
                    return answer.status_code
                reason, asked = str(answer.status_code), answer.headers.get("retry-after")
            RETRIES.inc()
            log.warning("posthog_did_not_accept", reason=reason, events=len(events), host=self._url)
            stated = min(float(asked), LONGEST_WAIT) if asked and asked.isdigit() else 0.0
            if not self._wait(max(stated, seconds * random.uniform(0.5, 1.0))):  # noqa: S311
                raise Interrupted
            seconds = min(seconds * 2, LONGEST_WAIT)


_HEADERS = {"content-type": "application/json", "content-encoding": "gzip", "user-agent": "shoplake-mirror"}
