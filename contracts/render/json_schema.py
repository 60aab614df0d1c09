"""Events as JSON Schema: the envelope on the topic, and the properties of each event that we rely on."""

from __future__ import annotations

import json
import re
from typing import Any

from contracts.sources.ecommerce import COMMON, Event, Property

FOLDER = "docs/events"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"

_ENVELOPE = {
    "uuid": ("string", "Given by the sender; the same event sent again carries the same one"),
    "distinct_id": ("string", "Who sent it, as known then"),
    "ip": ("string", "Address of the sender"),
    "data": ("string", "The event, JSON-encoded a second time"),
    "now": ("string", "When it was captured, ISO 8601"),
    "sent_at": ("string", "When the sender sent it, by its own clock, ISO 8601"),
    "token": ("string", "Project token"),
    "event": ("string", "Name of the event; older senders leave it out"),
    "timestamp": (
        "string",
        "When it happened, corrected for the sender's clock, ISO 8601; older senders leave it out",
    ),
}


def captured_event() -> str:
    """Return the schema of a message on the topic."""
    data = {
        "type": "object",
        "required": ["event", "properties"],
        "properties": {
            "uuid": {"type": "string"},
            "event": {"type": "string"},
            "timestamp": {"type": "string", "description": "By the sender's clock, ISO 8601"},
            "properties": _properties(COMMON),
        },
    }
    properties: dict[str, Any] = {
        name: {"type": kind, "description": doc} for name, (kind, doc) in _ENVELOPE.items()
    }
    properties["data"] |= {"contentMediaType": "application/json", "contentSchema": data}
    return _document(
        "CapturedEvent",
        "A message on the event topic, as PostHog's capture service writes it.",
        {
            "type": "object",
            "required": ["uuid", "distinct_id", "data", "now", "token"],
            "properties": properties,
        },
    )


def event(declared: Event) -> str:
    """Return the schema of an event's `properties`."""
    return _document(declared.name, declared.doc, _properties((*declared.properties, *COMMON)))


def file_name(name: str) -> str:
    """`Product Viewed` → `product_viewed.schema.json`."""
    return re.sub(r"[^a-z]+", "_", name.lower()).strip("_") + ".schema.json"


def _properties(properties: tuple[Property, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [each.name for each in properties if each.required],
        "properties": {
            each.name: {
                "type": _types(each),
                "description": each.doc,
            }
            for each in properties
        },
    }


def _types(declared: Property) -> str | list[str]:
    names = [declared.type] if isinstance(declared.type, str) else list(declared.type)
    if not declared.required:
        names.append("null")
    return names if len(names) > 1 else names[0]


def _document(title: str, doc: str, schema: dict[str, Any]) -> str:
    document = {"$schema": _DRAFT, "title": title, "description": doc, **schema}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
