"""The channel of a session, from the properties of its first event."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

_PAID_SEARCH_MEDIA = ("cpc", "ppc", "paid_search")
_PAID_SOCIAL_MEDIA = ("paid_social", "cpm")
_SOCIAL_NAMES = ("facebook", "instagram", "tiktok", "pinterest", "youtube", "reddit", "linkedin")
_SOCIAL_HOSTS = ("x.com", "t.co")
_SEARCH_NAMES = ("google", "bing", "duckduckgo", "ecosia", "yahoo")


def channel() -> Column:
    """Return the channel of one event; the first matching rule decides, paid before owned before earned."""
    medium, click_id = F.col("utm_medium"), F.col("click_id_kind")
    domain = F.col("referring_domain")
    is_own = domain == F.col("page_host")
    return (
        F.when(click_id.isin("gclid", "msclkid") | medium.isin(*_PAID_SEARCH_MEDIA), "paid_search")
        .when(click_id.isin("fbclid", "ttclid") | medium.isin(*_PAID_SOCIAL_MEDIA), "paid_social")
        .when(medium == "email", "email")
        .when(medium == "affiliate", "affiliate")
        .when((medium == "social") | _is_site(domain, _SOCIAL_NAMES, _SOCIAL_HOSTS), "organic_social")
        .when(_is_site(domain, _SEARCH_NAMES), "organic_search")
        .when(medium.isNotNull(), "other_campaign")
        .when(domain.isNotNull() & ~F.coalesce(is_own, F.lit(False)), "referral")
        .otherwise("direct")
    )


def _is_site(domain: Column, names: tuple[str, ...], hosts: tuple[str, ...] = ()) -> Column:
    """Return whether a host belongs to one of these sites, in any country and under any subdomain.

    Only whole labels match: `notgoogle.example` is not a search engine.
    """
    patterns = [rf"{name}\." for name in names] + [rf"{host.replace('.', chr(92) + '.')}$" for host in hosts]
    return domain.rlike(rf"(^|\.)({'|'.join(patterns)})")
