"""Captured events, typed by the e-commerce spec."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.lib.context import Context
from spark_jobs.lib.identity import COOKIELESS, pseudonym
from spark_jobs.lib.parsing import code, integer, parsed, text, word
from spark_jobs.lib.quality import SYSTEM
from spark_jobs.lib.timezones import local_date
from spark_jobs.silver.event_formats import opened

_PROPERTIES = (
    *("distinct_id", "$device_id", "$user_id", "$current_url", "$pathname", "$host"),
    *("$referring_domain", "$device_type", "$raw_user_agent"),
    *("product_id", "order_id", "cart_id", "query", "quantity", "currency"),
    *("total", "value", "revenue", "price"),
    *("utm_source", "utm_medium", "utm_campaign", "gclid", "msclkid", "fbclid", "ttclid"),
    *("$anon_distinct_id", "alias", "result_count", "$ip"),
)
# Advertisers' click ids, the one that decides first.
_CLICK_IDS = ("gclid", "msclkid", "fbclid", "ttclid")
_DEVICES = ("desktop", "mobile", "tablet")
_LONGEST_ID = 200
_ROBOTS = "bot|crawler|spider|headless"
_URL = r"^[A-Za-z][A-Za-z0-9+.-]*://([^/?#]+)([^?#]*)"


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """One row per message, broken ones with `_problems`."""
    said = parsed(opened(raw), "p", "said_properties", _PROPERTIES)
    return _with_sender(said, context).select(
        "event_id",
        "event_name",
        "occurred_at",
        "received_at",
        "distinct_id",
        F.coalesce(text(_said("$device_id")), "distinct_id").alias("visitor_id"),
        _merged_id().alias("merged_distinct_id"),
        F.coalesce(integer(text(_said("$user_id"))), integer("distinct_id")).alias("customer_id"),
        integer(text(_said("product_id"))).alias("product_id"),
        integer(text(_said("order_id"))).alias("order_id"),
        text(_said("order_id")).alias("order_reference"),
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
        F.col("said_properties").alias("properties"),
        F.col("topic").alias("_kafka_topic"),
        F.col("partition").alias("_kafka_partition"),
        F.col("offset").alias("_kafka_offset"),
        *SYSTEM,
        "_problems",
    )


# Where an event states several amounts: what the customer pays, before parts of it.
_MONEY = ("total", "value", "revenue", "price")


def _with_sender(said: DataFrame, context: Context) -> DataFrame:
    """Whose the event is.

    Senders without cookies all say the same id. They are told apart by address and browser, for one day and
    only with our key; one that says neither stands alone.
    """
    whole = said.withColumn("said_id", F.coalesce("said_id", text(_said("distinct_id"))))
    day = local_date("occurred_at", context).cast("string")
    address = F.coalesce("ip", text(_said("$ip")))
    seen = F.concat_ws("|", day, address, _said("$raw_user_agent"), _said("$host"))
    of_the_day = F.coalesce(F.when(address.isNotNull(), pseudonym(seen, context.pseudonym_key)), "event_id")
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
