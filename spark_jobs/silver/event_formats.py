"""Formats of events on the topics: a parser per format, all with the same result columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from contracts.sources.events import CAPTURED_EVENT, CLICKHOUSE_EVENT
from spark_jobs.columns.json_text import with_object
from spark_jobs.columns.parsing import moment, text

# Fields of messages in all formats, so that one pass over the text serves all of them.
_FIELDS = (
    *("uuid", "event", "timestamp", "distinct_id", "ip", "data", "now"),
    *("properties", "captured_at", "created_at"),
)
_SENT = ("uuid", "event", "distinct_id", "properties", "timestamp")
_MESSAGE, _EVENT = "message", "sent"


def opened(raw: DataFrame, properties: tuple[str, ...]) -> DataFrame:
    """Parse messages of any format into the fields of their event.

    Adds `event_id`, `event_name`, `occurred_at`, `received_at`, `said_id` (null where only the properties
    have it), `ip`, `said_properties` (JSON text), `p` (the named properties, a struct of texts) and
    `_problems`.
    """
    read = with_object(raw, _MESSAGE, F.when(is_whole_text(raw), F.col("value")), _FIELDS)
    inner = F.when(F.col("format") == CAPTURED_EVENT, F.col(f"{_MESSAGE}.data"))
    read = with_object(read, _EVENT, inner, _SENT)
    said = F.when(F.col("format") == CAPTURED_EVENT, F.col(f"{_EVENT}.properties"))
    read = with_object(read, "p", F.coalesce(said, F.col(f"{_MESSAGE}.properties")), properties)
    found = {kind: parser() for kind, parser in PARSERS.items()}
    of_format = [_of_its_format(name, found) for name in found[CAPTURED_EVENT] if name != "_problems"]
    return read.select("*", *of_format, _problems(raw, found)).drop(_MESSAGE, _EVENT)


def is_whole_text(raw: DataFrame) -> Column:
    """Return whether a message is text. Bronze keeps other bytes as base64, in older rows unchanged."""
    value = F.col("value")
    is_utf8 = value.cast("binary") == F.encode(value, "UTF-8")
    return is_utf8 & F.col("value_encoding").isNull() if "value_encoding" in raw.columns else is_utf8


def captured_event() -> dict[str, Column]:
    """Parse the capture service's envelope, with the event JSON-encoded a second time inside `data`.

    Older senders leave `event` and `timestamp` out of the envelope, so both are also read from `data`.
    """
    data = _said("data")
    data_is_read = F.coalesce(*(F.col(f"{_EVENT}.{name}") for name in _SENT)).isNotNull()
    properties = F.col(f"{_EVENT}.properties")
    return {
        "event_id": F.coalesce(text(_said("uuid")), text("sent.uuid")),
        "event_name": F.coalesce(text(_said("event")), text("sent.event")),
        "occurred_at": F.coalesce(*map(moment, (_said("timestamp"), F.col("sent.timestamp"), _said("now")))),
        "received_at": moment(_said("now")),
        "said_id": F.coalesce(text(_said("distinct_id")), text("sent.distinct_id")),
        "ip": text(_said("ip")),
        "said_properties": properties,
        "_problems": _named(
            {
                "data_is_missing": data.isNull(),
                **_unread("data", data, data_is_read, _EVENT),
                **_unread("properties", properties, F.col("p").isNotNull(), "p"),
            }
        ),
    }


def clickhouse_event() -> dict[str, Column]:
    """Parse PostHog's messages to its database: flat, already processed, the properties as JSON text.

    Times are in UTC without an offset. The sender's address is a property here.
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
        "_problems": _named(
            {
                "properties_are_missing": properties.isNull(),
                **_unread("properties", properties, F.col("p").isNotNull(), "p"),
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


def _unread(part: str, json: Column, is_read: Column, name: str) -> dict[str, Column]:
    """Return why a part that should be a JSON object is not."""
    is_many, exceeds = part.endswith("s"), F.col(f"{name}_exceeds")
    return {
        f"{part}_{'exceed' if is_many else 'exceeds'}_json_limits": exceeds,
        f"{part}_{'are' if is_many else 'is'}_not_json": json.isNotNull() & ~is_read & ~exceeds,
    }


def _problems(raw: DataFrame, found: Mapping[str, dict[str, Column]]) -> Column:
    """Return the names of a message's problems; only one if the message is not a JSON object."""
    value = F.col("value")
    is_read = F.coalesce(*(_said(name) for name in _FIELDS)).isNotNull()
    whole = {"value_is_not_utf8": value.isNotNull() & ~is_whole_text(raw)}
    return (
        F.when(whole["value_is_not_utf8"], _named(whole))
        .when(is_read, _of_its_format("_problems", found))
        .otherwise(_named(_unread("value", F.coalesce(value, F.lit("")), F.lit(False), _MESSAGE)))
        .alias("_problems")
    )


def _named(problems: Mapping[str, Column]) -> Column:
    return F.array_compact(F.array(*(F.when(wrong, F.lit(name)) for name, wrong in problems.items())))
