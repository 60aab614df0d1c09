"""How events are written on the topics: a parser per format, all with the same columns as a result."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from contracts.sources.events import CAPTURED_EVENT, CLICKHOUSE_EVENT
from spark_jobs.lib.parsing import moment, parsed, text

# Fields of a message, of all formats: one reading of the text serves every one of them.
_FIELDS = (
    *("uuid", "event", "timestamp", "distinct_id", "ip", "data", "now"),
    *("properties", "captured_at", "created_at"),
)
_SENT = ("uuid", "event", "distinct_id", "properties", "timestamp")
_MESSAGE, _EVENT = "message", "sent"


def opened(raw: DataFrame) -> DataFrame:
    """Messages with what they say of their event, in whatever format.

    `event_id`, `event_name`, `occurred_at`, `received_at`, `said_id` (null where only the properties
    have it), `ip`, `said_properties` (JSON text) and `_problems`.
    """
    read = parsed(raw, _MESSAGE, "value", _FIELDS)
    inner = F.when(F.col("format") == CAPTURED_EVENT, F.col(f"{_MESSAGE}.data"))
    read = parsed(read, _EVENT, inner, _SENT)
    found = {kind: parser() for kind, parser in PARSERS.items()}
    return read.select("*", *(_of_its_format(name, found) for name in found[CAPTURED_EVENT])).drop(
        _MESSAGE, _EVENT
    )


def captured_event() -> dict[str, Column]:
    """The capture service's envelope, with the event JSON-encoded a second time inside `data`.

    Older senders leave `event` and `timestamp` out of the envelope, so both are looked for inside as well.
    """
    data = _said("data")
    data_is_read = F.coalesce(*(F.col(f"{_EVENT}.{name}") for name in _SENT)).isNotNull()
    return {
        "event_id": F.coalesce(text(_said("uuid")), text("sent.uuid")),
        "event_name": F.coalesce(text(_said("event")), text("sent.event")),
        "occurred_at": F.coalesce(*map(moment, (_said("timestamp"), F.col("sent.timestamp"), _said("now")))),
        "received_at": moment(_said("now")),
        "said_id": F.coalesce(text(_said("distinct_id")), text("sent.distinct_id")),
        "ip": text(_said("ip")),
        "said_properties": F.col("sent.properties"),
        "_problems": _problems(
            {
                "data_is_missing": data.isNull(),
                "data_is_not_json": data.isNotNull() & ~(_is_object(data) & data_is_read),
            }
        ),
    }


def clickhouse_event() -> dict[str, Column]:
    """What PostHog hands to its database: flat, after its own processing, the properties as JSON text.

    Moments are UTC without saying so. The address of the sender is a property here.
    """
    properties = _said("properties")
    return {
        "event_id": text(_said("uuid")),
        "event_name": text(_said("event")),
        "occurred_at": moment(_said("timestamp")),
        "received_at": F.coalesce(moment(_said("captured_at")), moment(_said("created_at"))),
        "said_id": text(_said("distinct_id")),
        "ip": F.lit(None).cast("string"),
        "said_properties": properties,
        "_problems": _problems(
            {
                "properties_are_missing": properties.isNull(),
                "properties_are_not_json": properties.isNotNull()
                & ~(_is_object(properties) & text(properties).endswith("}")),
            }
        ),
    }


PARSERS: Mapping[str, Callable[[], dict[str, Column]]] = {
    CAPTURED_EVENT: captured_event,
    CLICKHOUSE_EVENT: clickhouse_event,
}


def _of_its_format(name: str, found: Mapping[str, dict[str, Column]]) -> Column:
    of_format = (F.when(F.col("format") == kind, columns[name]) for kind, columns in found.items())
    return F.coalesce(*of_format).alias(name)


def _said(name: str) -> Column:
    return F.col(f"{_MESSAGE}.{name}")


def _is_object(json: Column) -> Column:
    return F.coalesce(text(json).startswith("{"), F.lit(False))


def _problems(of_format: Mapping[str, Column]) -> Column:
    """The names of what is wrong; of a message that is no JSON object, only that."""
    is_read = F.coalesce(*(_said(name) for name in _FIELDS)).isNotNull()
    return F.array_compact(
        F.array(
            F.when(~(_is_object(F.col("value")) & is_read), F.lit("value_is_not_json")),
            *(F.when(is_read & wrong, F.lit(name)) for name, wrong in of_format.items()),
        )
    )
