"""Captured events, typed by the e-commerce spec."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from contracts.model import CARRIED_COLUMNS
from contracts.silver.events import UNREADABLE
from spark_jobs.columns import claims
from spark_jobs.columns.context import Context
from spark_jobs.columns.identity import COOKIELESS, MAX_DISTINCT_ID, bounded, customer_number, pseudonym
from spark_jobs.columns.json_text import with_characters
from spark_jobs.columns.parsing import text, word
from spark_jobs.columns.timezones import local_date
from spark_jobs.silver.event_formats import opened

_PROPERTIES = (
    *("distinct_id", "$device_id", "$user_id", "$current_url", "$pathname", "$host"),
    *("$referring_domain", "$device_type", "$raw_user_agent"),
    *("product_id", "order_id", "cart_id", "query", "quantity", "currency"),
    *("total", "value", "revenue", "price"),
    *("utm_source", "utm_medium", "utm_campaign", "gclid", "msclkid", "fbclid", "ttclid"),
    *("$anon_distinct_id", "alias", "result_count", "$ip"),
)
# Advertisers' click ids, in order of precedence.
_CLICK_IDS = ("gclid", "msclkid", "fbclid", "ttclid")
_DEVICES = ("desktop", "mobile", "tablet")
_ROBOTS = "bot|crawler|spider|headless"
_URL = r"^[A-Za-z][A-Za-z0-9+.-]*://([^/?#]+)([^?#]*)"


# Precedence if an event states several amounts: what the customer pays, before parts of it.
_MONEY = ("total", "value", "revenue", "price")
# No shop had events before this time: the clock was never set.
_FIRST_TIME = "2000-01-01"


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return one row per message; broken ones have `_problems`.

    An unreadable claim of a sender is null, and its column is named in `unreadable_claims`.
    """
    said = _with_claims(_with_sender(_with_time(opened(raw, _PROPERTIES)), context))
    return said.select(
        bounded(F.col("event_id")).alias("event_id"),
        bounded(F.col("event_name")).alias("event_name"),
        "occurred_at",
        "received_at",
        "distinct_id",
        F.coalesce(bounded(text(_said("$device_id"))), "distinct_id").alias("visitor_id"),
        _merged_id().alias("merged_distinct_id"),
        "claims.customer_id",
        "claims.product_id",
        "claims.order_id",
        _order_reference().alias("order_reference"),
        bounded(text(_said("cart_id"))).alias("cart_id"),
        text(_said("query")).alias("search_query"),
        "claims.search_result_count",
        "claims.quantity",
        "claims.value_amount",
        "claims.currency",
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
        _unreadable().alias("unreadable_claims"),
        with_characters(F.col("said_properties")).alias("properties"),
        F.col("topic").alias("_kafka_topic"),
        F.col("partition").alias("_kafka_partition"),
        F.col("offset").alias("_kafka_offset"),
        *CARRIED_COLUMNS,
        "_problems",
    )


def _with_time(said: DataFrame) -> DataFrame:
    """Add the event's time; an impossible one, years before or a day after receipt, is replaced by receipt.

    The capture service has already replaced times that it could not read or that were far ahead.
    """
    at, received = F.col("occurred_at"), F.col("received_at")
    is_absurd = (at < F.lit(_FIRST_TIME).cast("timestamp")) | (at > received + F.expr("INTERVAL 1 DAY"))
    return said.withColumn(
        "is_absurd", F.coalesce(is_absurd & received.isNotNull(), F.lit(False))
    ).withColumn("occurred_at", F.when(F.col("is_absurd"), received).otherwise(at))


def _with_claims(said: DataFrame) -> DataFrame:
    """Add `claims`, a struct of the values that could be read, and `claimed`, the texts they were read from.

    Arrays of one, exploded, so that no claim is read twice. Of several amounts, the first one claimed counts,
    readable or not; likewise `$user_id` precedes the sender's own id.
    """
    user = claims.said(_said("$user_id"))
    claimed_amount = F.coalesce(*(claims.said(_said(name)) for name in _MONEY))
    currency = F.upper(claims.said(_said("currency")))
    claimed = F.struct(
        user.alias("customer_id"),
        claims.said(_said("product_id")).alias("product_id"),
        claims.said(_said("order_id")).alias("order_id"),
        claims.said(_said("result_count")).alias("search_result_count"),
        claims.said(_said("quantity")).alias("quantity"),
        claimed_amount.alias("value_amount"),
        currency.alias("currency"),
        claims.is_text(F.col("said_properties"), *_MONEY).alias("is_text"),
    )
    with_claimed = said.select("*", F.explode(F.array(claimed)).alias("claimed"))
    return with_claimed.select("*", F.explode(F.array(_read())).alias("claims"))


def _read() -> Column:
    def claimed(name: str) -> Column:
        return F.col(f"claimed.{name}")

    own_id = F.when(claimed("customer_id").isNull(), customer_number("distinct_id"))
    currency = claims.currency_code(claimed("currency"))
    return F.struct(
        F.coalesce(claims.whole(claimed("customer_id")), own_id).alias("customer_id"),
        claims.whole(claimed("product_id")).alias("product_id"),
        claims.whole(claimed("order_id")).alias("order_id"),
        claims.count_of(claimed("search_result_count"), claims.COUNT_DIGITS).alias("search_result_count"),
        claims.count_of(claimed("quantity")).alias("quantity"),
        claims.amount(claimed("value_amount"), claimed("is_text"), claimed("currency")).alias("value_amount"),
        currency.alias("currency"),
    )


def _unreadable() -> Column:
    """Return the columns with an unreadable claim, and the time column if the time was impossible."""
    unread = (
        F.when(F.col(f"claimed.{name}").isNotNull() & F.col(f"claims.{name}").isNull(), F.lit(name))
        for name in UNREADABLE
        if name != "occurred_at"
    )
    return F.array_compact(F.array(F.when(F.col("is_absurd"), F.lit("occurred_at")), *unread))


def _order_reference() -> Column:
    """Return the order's id or number as sent; a number that SDKs write as `9.0` is `9`."""
    claim, number = F.col("claimed.order_id"), F.col("claims.order_id")
    is_plain = claim.rlike("^[0-9]+$")
    return bounded(F.when(number.isNotNull() & ~is_plain, number.cast("string")).otherwise(claim))


def _with_sender(said: DataFrame, context: Context) -> DataFrame:
    """Add the sender of the event.

    All senders without cookies send the same id. They are distinguished by address and browser, for one day
    and only with our key; each event with neither stands alone.
    """
    whole = said.withColumn("said_id", F.coalesce("said_id", text(_said("distinct_id"))))
    own_id = F.substring("said_id", 1, MAX_DISTINCT_ID)
    day = local_date("occurred_at", context).cast("string")
    address = F.coalesce("ip", text(_said("$ip")))
    seen = F.concat_ws("|", day, address, _said("$raw_user_agent"), _said("$host"))
    of_the_day = F.coalesce(F.when(address.isNotNull(), pseudonym(seen, context.pseudonym_key)), "event_id")
    is_cookieless = F.col("said_id") == COOKIELESS
    return whole.withColumn(
        "distinct_id",
        F.when(is_cookieless, F.concat(F.lit("cookieless_"), of_the_day)).otherwise(own_id),
    )


def _merged_id() -> Column:
    """Return the other id of a merge request; ids are cut as the capture service cuts the sender's own."""
    alias = F.when(F.col("event_name").isin("$create_alias", "$merge_dangerously"), text(_said("alias")))
    before = F.when(F.col("event_name") == "$identify", text(_said("$anon_distinct_id")))
    return F.substring(F.coalesce(alias, before), 1, MAX_DISTINCT_ID)


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
    """Return whether a bot sent the event. Servers send no user agent at all: absent is not empty."""
    agent = F.lower(_said("$raw_user_agent"))
    return F.coalesce((F.trim(agent) == "") | agent.rlike(_ROBOTS), F.lit(False))
