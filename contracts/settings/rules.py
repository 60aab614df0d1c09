"""Rules: the values a setting accepts."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import cache
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from contracts.currencies import CURRENCIES

# A rule returns the error of a value, as the end of the sentence "NAME=value is …", or nothing.
Rule = Callable[[str], str]

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
_HOST_AND_PORT = re.compile(rf"({_HOST}):(\d{{1,5}})")
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_ADDRESS = re.compile(r"[^@\s,<>\"]+@[^@\s,<>\"]+")
_PORTS = range(1, 65536)
# Zones in the database that Java or PostgreSQL does not know.
_NOT_ZONES = frozenset({"Factory", "localtime"})
_BOOLEANS = frozenset({"true", "false", "1", "0", "yes", "no", "on", "off", "t", "f", "y", "n"})


def text(value: str) -> str:
    """Accept any text."""
    return ""


def secret(value: str) -> str:
    """Accept any text; no message repeats it."""
    return ""


def time_zone(value: str) -> str:
    """Accept a name of the IANA time zone database."""
    known = _zones()
    if not known or value in known:
        return ""
    return f"not an IANA time zone{did_you_mean(value, known)}"


def currency(value: str) -> str:
    """Accept an ISO 4217 code."""
    if value in CURRENCIES:
        return ""
    meant = value.upper().strip()
    return "not an ISO 4217 currency" + (f"; did you mean {meant}?" if meant in CURRENCIES else "")


def whole(low: int, high: int) -> Rule:
    """Accept a whole number within these bounds."""

    def rule(value: str) -> str:
        is_inside = bool(re.fullmatch(r"[+-]?\d{1,18}", value)) and low <= int(value) <= high
        return "" if is_inside else f"not a whole number from {low} to {high}"

    return rule


def number(low: float, high: float) -> Rule:
    """Accept a number within these bounds."""

    def rule(value: str) -> str:
        try:
            found = float(value)
        except ValueError:
            found = math.nan
        return "" if low <= found <= high else f"not a number from {low:g} to {high:g}"

    return rule


def port(value: str) -> str:
    """Accept a port."""
    return "" if value.isdecimal() and int(value) in _PORTS else "not a port from 1 to 65535"


def host(value: str) -> str:
    """Accept a host name or an address, without a port."""
    is_host = bool(re.fullmatch(_HOST, value)) or _is_address(value)
    return "" if is_host else "not a host name or address (the port is a setting of its own)"


def servers(value: str) -> str:
    """Accept `host:port`, or several separated by commas."""
    for each in value.split(","):
        match = _HOST_AND_PORT.fullmatch(each.strip())
        if not match or int(match[2]) not in _PORTS:
            return "not host:port, or several by commas"
    return ""


def url(*schemes: str) -> Rule:
    """Accept a URL with one of these schemes and a host."""

    def rule(value: str) -> str:
        try:
            parts = urlsplit(value)
            is_url = (
                parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
            )
        except ValueError:
            is_url = False
        return "" if is_url and not re.search(r"\s", value) else f"not a URL that begins with {schemes[0]}://"

    return rule


def spark_remote(value: str) -> str:
    """Accept the address of a Spark Connect server."""
    address = value.removeprefix("sc://").partition("/")[0].partition(";")[0]
    is_address = value.startswith("sc://") and not servers(address) and "," not in address
    return "" if is_address else "not sc://host:port"


def place(value: str) -> str:
    """Accept an absolute folder, or an address in an object store."""
    return (
        ""
        if value.startswith("/") or "://" in value
        else "neither an absolute folder nor s3a://bucket/prefix"
    )


def memory(units: str, example: str) -> Rule:
    """Accept a size: a whole number and one of these units."""

    def rule(value: str) -> str:
        is_size = bool(re.fullmatch(rf"[1-9]\d{{0,9}}({units})", value))
        return "" if is_size else f"not a memory size such as {example}"

    return rule


java_memory = memory("[kKmMgG]", "512m")


def topic(value: str) -> str:
    """Accept the name of a Kafka topic."""
    return "" if _TOPIC.fullmatch(value) else "not the name of a Kafka topic"


def topics(value: str) -> str:
    """Accept names of Kafka topics, separated by commas, each with its format if that is not known."""
    named = [each.strip().partition(":")[0] for each in value.split(",") if each.strip()]
    # An empty list is left to the stream to refuse: it knows whether servers are set.
    return "" if all(map(_TOPIC.fullmatch, named)) else "not names of Kafka topics by commas"


def flag(value: str) -> str:
    """Accept true or false."""
    return "" if value.lower() in _BOOLEANS else "neither true nor false"


def networks(value: str) -> str:
    """Accept addresses and networks, separated by commas."""
    for each in filter(None, (part.strip() for part in value.split(","))):
        try:
            ipaddress.ip_network(each, strict=False)
        except ValueError:
            return "not addresses or networks by commas"
    return ""


def addresses(value: str) -> str:
    """Accept e-mail addresses, separated by commas."""
    is_list = all(_ADDRESS.fullmatch(each.strip()) for each in value.split(","))
    return "" if is_list else "not e-mail addresses by commas"


def one_of(*allowed: str) -> Rule:
    """Accept one of these words, in any letter case."""
    words = {each.lower() for each in allowed}
    return lambda value: "" if value.lower() in words else f"none of {', '.join(allowed)}"


def secret_url(value: str) -> str:
    """Accept a URL that is itself a secret, such as a webhook's address."""
    return url("https", "http")(value)


@cache
def _zones() -> frozenset[str]:
    """Return every zone; none if the machine has no time zone database."""
    return frozenset(available_timezones()) - _NOT_ZONES


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the nearest known word as the end of a sentence, or nothing."""
    by_letters = {each.upper(): each for each in sorted(known)}
    nearest = get_close_matches(word.upper(), by_letters, n=1, cutoff=0.6)
    return f"; did you mean {by_letters[nearest[0]]}?" if nearest else ""


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
