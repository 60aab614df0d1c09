"""Messages of PostHog's SDKs, kept as samples for the tests of silver.

`RECORD_SDKS=1 python -m pytest tests/integration/gateway/test_sdks.py` records them again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from confluent_kafka import Message

FOLDER = Path(__file__).resolve().parents[2] / "unit" / "silver" / "samples"
# Specific to this machine and irrelevant.
SCRUBBED = (
    (re.compile(r"127\.0\.0\.1:\d+"), "shop.example"),
    (re.compile(r'"ip":"[^"]*"'), '"ip":"203.0.113.7"'),
    (re.compile(r"HeadlessChrome"), "Chrome"),
)


def record(test: str, messages: Sequence[Message]) -> None:
    """One message of each event name, as one JSON line each: the key and the value."""
    kept: dict[str, str] = {}
    for message in messages:
        value = (message.value() or b"").decode()
        for pattern, instead in SCRUBBED:
            value = pattern.sub(instead, value)
        line = json.dumps({"key": (message.key() or b"").decode(), "value": value})
        kept.setdefault(json.loads(value)["event"], line)
    name = re.sub(r"\W+", "_", test.removeprefix("test_")).strip("_")
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in kept.values()))
