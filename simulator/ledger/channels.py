"""Channels of sessions, as marketing counts them. The pipeline has its own code for the same rules."""

from __future__ import annotations

import re
from typing import Any

_SOCIAL = re.compile(
    r"(^|\.)((facebook|instagram|tiktok|pinterest|youtube|reddit|linkedin)\.|(x\.com|t\.co)$)"
)
_SEARCH = re.compile(r"(^|\.)(google|bing|duckduckgo|ecosia|yahoo)\.")
_ROBOTS = ("bot", "crawler", "spider", "headless")


def channel(properties: dict[str, Any]) -> str:
    """Return the channel of a session whose first event has these properties."""
    medium = (properties.get("utm_medium") or "").lower()
    domain = (properties.get("$referring_domain") or "").lower()
    own = (properties.get("$host") or "").lower()
    rules = (
        (
            "paid_search",
            "gclid" in properties or "msclkid" in properties or medium in ("cpc", "ppc", "paid_search"),
        ),
        ("paid_social", "fbclid" in properties or "ttclid" in properties or medium in ("paid_social", "cpm")),
        ("email", medium == "email"),
        ("affiliate", medium == "affiliate"),
        ("organic_social", medium == "social" or _SOCIAL.search(domain) is not None),
        ("organic_search", _SEARCH.search(domain) is not None),
        ("other_campaign", medium != ""),
        ("referral", domain not in ("", "$direct", own)),
    )
    return next((name for name, applies in rules if applies), "direct")


def device(properties: dict[str, Any]) -> str:
    """Return the kind of device, `unknown` if the SDK sent none or another one."""
    kind = (properties.get("$device_type") or "").lower()
    return kind if kind in ("desktop", "mobile", "tablet") else "unknown"


def is_bot(properties: dict[str, Any]) -> bool:
    """Return whether the user agent is a bot's, or empty."""
    agent = str(properties.get("$raw_user_agent", "-")).lower()
    return agent == "" or any(word in agent for word in _ROBOTS)
