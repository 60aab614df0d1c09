"""Captured events, typed by the e-commerce spec."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.lib.context import Context
from spark_jobs.lib.identity import COOKIELESS, pseudonym
from spark_jobs.lib.parsing import code, integer, moment, text, word
from spark_jobs.lib.quality import SYSTEM
from spark_jobs.lib.timezones import local_date

_ENVELOPE = ("uuid", "distinct_id", "data", "now", "event", "timestamp", "ip")
_EVENT = ("uuid", "event", "distinct_id", "properties", "timestamp")
_PROPERTIES = (
    *("distinct_id", "$device_id", "$user_id", "$current_url", "$pathname", "$host"),
    *("$referring_domain", "$device_type", "$raw_user_agent"),
    *("product_id", "order_id", "cart_id", "query", "quantity", "currency"),
    *("total", "value", "revenue", "price"),
    *("utm_source", "utm_medium", "utm_campaign", "gclid", "msclkid", "fbclid", "ttclid"),
    *("$anon_distinct_id", "alias", "result_count"),
)
# Advertisers' click ids, the one that decides first.
_CLICK_IDS = ("gclid", "msclkid", "fbclid", "ttclid")
_DEVICES = ("desktop", "mobile", "tablet")
_LONGEST_ID = 200
_ROBOTS = "bot|crawler|spider|headless"
_URL = r"^[A-Za-z][A-Za-z0-9+.-]*://([^/?#]+)([^?#]*)"


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """One row per message, broken ones with `_problems`.

    PostHog encodes the event a second time inside `data`. Older senders leave `event` and `timestamp` out of
    the envelope, so both are looked for inside as well.
    """
    opened = _parsed(raw, "envelope", "value", _ENVELOPE)
    opened = _parsed(opened, "sent", "envelope.data", _EVENT)
    opened = _parsed(opened, "p", "sent.properties", _PROPERTIES)
    opened = _with_sender(opened, context)
    return opened.select(
        "event_id",
        "event_name",
        "occurred_at",
        moment("envelope.now").alias("received_at"),
        "distinct_id",
        F.coalesce(text(_said("$device_id")), "distinct_id").alias("visitor_id"),
        _merged_id().alias("merged_distinct_id"),
        F.coalesce(integer(text(_said("$user_id"))), integer("distinct_id")).alias("customer_id"),
        integer(text(_said("product_id"))).alias("product_id"),
        integer(text(_said("order_id"))).alias("order_id"),
        text(_said("cart_id")).alias("cart_id"),
        text(_said("query")).alias("search_query"),
        integer(text(_said("result_count"))).alias("search_result_count"),
        integer(text(_said("quantity"))).alias("quantity"),
        F.coalesce(*(_said(name).try_cast("decimal(18,2)") for name in _MONEY)).alias("value_amount"),
        code(_said("currency")).alias("currency"),
        F.coalesce(text(_said("$pathname")), _url_part(2)).alias("page_path"),
        F.lower(F.coalesce(text(_said("$host")), _url_part(1))).alias("page_host"),
        _referring_domain().alias("referring_domain"),
        text(_said("utm_source")).alias("utm_source"),
        word(_said("utm_medium")).alias("utm_medium"),
        text(_said("utm_campaign")).alias("utm_campaign"),
        F.coalesce(*(F.when(text(_said(name)).isNotNull(), F.lit(name)) for name in _CLICK_IDS)).alias(
            "click_id_kind"
        ),
        _device().alias("device"),
        _is_bot().alias("is_bot"),
        F.col("sent.properties").alias("properties"),
        F.col("partition").alias("_kafka_partition"),
        F.col("offset").alias("_kafka_offset"),
        *SYSTEM,
        _problems().alias("_problems"),
    )


# Where an event states several amounts: what the customer pays, before parts of it.
_MONEY = ("total", "value", "revenue", "price")


def _parsed(df: DataFrame, name: str, source: str, fields: tuple[str, ...]) -> DataFrame:
    """`df` with the named fields of a JSON text as a struct of texts, each null where it is not to be had.

    An array of one struct, exploded: engines would otherwise parse the text again for every field used.
    """
    schema = ", ".join(f"`{field}` string" for field in fields)
    return df.select("*", F.explode(F.array(F.from_json(source, schema))).alias(name))


def _with_sender(opened: DataFrame, context: Context) -> DataFrame:
    """Which event it is, when it happened and whose it is.

    Senders without cookies all say the same id. They are told apart by address and browser, for one day and
    only with our key; one that says neither stands alone.
    """
    said = F.coalesce(text("envelope.distinct_id"), text("sent.distinct_id"), text(_said("distinct_id")))
    whole = opened.select(
        "*",
        F.coalesce(text("envelope.uuid"), text("sent.uuid")).alias("event_id"),
        F.coalesce(text("envelope.event"), text("sent.event")).alias("event_name"),
        F.coalesce(*map(moment, ("envelope.timestamp", "sent.timestamp", "envelope.now"))).alias(
            "occurred_at"
        ),
        said.alias("said_id"),
    )
    day = local_date("occurred_at", context).cast("string")
    seen = F.concat_ws("|", day, "envelope.ip", _said("$raw_user_agent"), _said("$host"))
    of_the_day = F.coalesce(
        F.when(text("envelope.ip").isNotNull(), pseudonym(seen, context.pseudonym_key)), "event_id"
    )
    is_cookieless = F.col("said_id") == COOKIELESS
    return whole.withColumn(
        "distinct_id",
        F.when(is_cookieless, F.concat(F.lit("cookieless_"), of_the_day)).otherwise(F.col("said_id")),
    )


def _merged_id() -> Column:
    """The other id of a request to unite two; ids are cut as the capture service cuts the sender's own."""
    alias = F.when(F.col("event_name").isin("$create_alias", "$merge_dangerously"), text(_said("alias")))
    before = F.when(F.col("event_name") == "$identify", text(_said("$anon_distinct_id")))
    return F.substring(F.coalesce(alias, before), 1, _LONGEST_ID)


def _said(name: str) -> Column:
    return F.col("p").getField(name)


def _url_part(group: int) -> Column:
    return text(F.regexp_extract(_said("$current_url"), _URL, group))


def _referring_domain() -> Column:
    domain = word(_said("$referring_domain"))
    return F.when(domain != "$direct", domain)


def _device() -> Column:
    device = word(_said("$device_type"))
    return F.when(device.isin(*_DEVICES), device).otherwise(F.lit("unknown"))


def _is_bot() -> Column:
    """Servers send no user agent at all: absent is not empty."""
    agent = F.lower(_said("$raw_user_agent"))
    return F.coalesce((F.trim(agent) == "") | agent.rlike(_ROBOTS), F.lit(False))


def _problems() -> Column:
    def is_object(source: str) -> Column:
        return F.coalesce(F.trim(F.col(source)).startswith("{"), F.lit(False))

    value_is_read = F.coalesce(*(F.col(f"envelope.{name}") for name in _ENVELOPE)).isNotNull()
    data_is_read = F.coalesce(*(F.col(f"sent.{name}") for name in _EVENT)).isNotNull()
    has_data = F.col("envelope.data").isNotNull()
    return F.array_compact(
        F.array(
            F.when(~(is_object("value") & value_is_read), F.lit("value_is_not_json")),
            F.when(value_is_read & ~has_data, F.lit("data_is_missing")),
            F.when(has_data & ~(is_object("envelope.data") & data_is_read), F.lit("data_is_not_json")),
        )
    )
