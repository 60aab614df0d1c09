"""Devices that visit the shop, and the channels of their sessions."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from simulator.shop.markets import Market

HOST = "shop.shoplake.example"
_MOZILLA = "Mozilla/5.0"

# weight, $device_type, $os, $browser, user agent, screen
_DEVICES: tuple[tuple[int, str | None, str, str, str, tuple[int, int]], ...] = (
    (
        26,
        "Desktop",
        "Windows",
        "Chrome",
        f"{_MOZILLA} (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36",
        (1920, 1080),
    ),
    (
        10,
        "Desktop",
        "Mac OS X",
        "Safari",
        f"{_MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/19.0 Safari/605.1.15",
        (1512, 982),
    ),
    (
        6,
        "Desktop",
        "Linux",
        "Firefox",
        f"{_MOZILLA} (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        (2560, 1440),
    ),
    (
        28,
        "Mobile",
        "iOS",
        "Mobile Safari",
        f"{_MOZILLA} (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
        (390, 844),
    ),
    (
        22,
        "Mobile",
        "Android",
        "Chrome",
        f"{_MOZILLA} (Linux; Android 16; Pixel 10) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36",
        (412, 915),
    ),
    (
        6,
        "Tablet",
        "iOS",
        "Mobile Safari",
        f"{_MOZILLA} (iPad; CPU OS 19_1 like Mac OS X) AppleWebKit/605.1.15",
        (820, 1180),
    ),
    (
        2,
        None,
        "Other",
        "Other",
        f"{_MOZILLA} (SMART-TV; Linux; Tizen 9.0) AppleWebKit/538.1 TV Safari/538.1",
        (1920, 1080),
    ),
)
_BOTS = (
    f"{_MOZILLA} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    f"{_MOZILLA} (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/140.0.0.0 Safari/537.36",
    "PriceCrawler/3.2 (+https://prices.example)",
    "Baiduspider/2.0",
    "",
)

# weight, properties of the landing page
_SOURCES: tuple[tuple[int, dict[str, str]], ...] = (
    (24, {}),
    (20, {"$referrer": "https://www.google.com/", "$referring_domain": "www.google.com"}),
    (4, {"$referrer": "https://www.bing.com/", "$referring_domain": "www.bing.com"}),
    (3, {"$referrer": "https://duckduckgo.com/", "$referring_domain": "duckduckgo.com"}),
    (
        12,
        {
            "$referrer": "https://www.google.de/",
            "$referring_domain": "www.google.de",
            "utm_source": "google",
            "utm_medium": "cpc",
            "utm_campaign": "brand-search",
            "gclid": "click",
        },
    ),
    (
        3,
        {
            "$referrer": "https://www.bing.com/",
            "$referring_domain": "www.bing.com",
            "utm_source": "bing",
            "utm_medium": "ppc",
            "utm_campaign": "shopping-bing",
            "msclkid": "click",
        },
    ),
    (
        7,
        {
            "$referrer": "https://www.instagram.com/",
            "$referring_domain": "l.instagram.com",
            "utm_source": "instagram",
            "utm_medium": "paid_social",
            "utm_campaign": "autumn-living",
            "fbclid": "click",
        },
    ),
    (2, {"utm_source": "tiktok", "utm_medium": "cpm", "utm_campaign": "kids-toys", "ttclid": "click"}),
    (5, {"$referrer": "https://www.pinterest.com/", "$referring_domain": "www.pinterest.com"}),
    (
        2,
        {
            "$referrer": "https://t.co/x1",
            "$referring_domain": "t.co",
            "utm_source": "x",
            "utm_medium": "social",
        },
    ),
    (8, {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "weekly-🍂"}),
    (
        4,
        {
            "$referrer": "https://deals.partner.example/",
            "$referring_domain": "deals.partner.example",
            "utm_source": "awin",
            "utm_medium": "affiliate",
            "utm_campaign": "partner-deals",
        },
    ),
    (2, {"utm_source": "catalogue", "utm_medium": "qr", "utm_campaign": "print-2026"}),
    (
        4,
        {"$referrer": "https://blog.interiors.example/post/9", "$referring_domain": "blog.interiors.example"},
    ),
)
SPEND: dict[tuple[str, str], tuple[str, float]] = {  # (channel, campaign) → currency, typical amount per day
    ("paid_search", "brand-search"): ("EUR", 55),
    ("paid_search", "shopping-bing"): ("USD", 18),
    ("paid_social", "autumn-living"): ("EUR", 60),
    ("paid_social", "kids-toys"): ("GBP", 22),
    ("affiliate", "partner-deals"): ("EUR", 25),
    ("email", "weekly-🍂"): ("EUR", 6),
}


@dataclass
class Device:
    """One browser. `user` is the customer logged in on it; the device's own id stays after a login."""

    device_id: str
    properties: dict[str, Any]
    ip: str
    skew: int
    is_bot: bool
    market: Market
    user: str | None = None


def random_uuid(rng: random.Random) -> str:
    """Return a version 4 uuid."""
    bits = f"{rng.getrandbits(128):032x}"
    return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-{bits[20:]}"


def time_uuid(millis: int, rng: random.Random) -> str:
    """Return a version 7 uuid, as posthog-js creates it."""
    bits = f"{rng.getrandbits(76):019x}"
    stamp = f"{millis:012x}"
    return f"{stamp[:8]}-{stamp[8:]}-7{bits[:3]}-b{bits[3:6]}-{bits[6:18]}"


def new_device(rng: random.Random, market: Market, *, is_bot: bool = False) -> Device:
    """Return a new device; two percent have a wrong clock."""
    weights = [device[0] for device in _DEVICES]
    _, kind, system, browser, agent, (width, height) = rng.choices(_DEVICES, weights)[0]
    device_id = random_uuid(rng)
    properties: dict[str, Any] = {
        "$device_id": device_id,
        "$lib": "web",
        "$lib_version": "1.449.2",
        "$host": HOST,
        "$os": system,
        "$browser": browser,
        "$screen_width": width,
        "$screen_height": height,
        "$raw_user_agent": rng.choice(_BOTS) if is_bot else agent,
    }
    if kind is not None:
        properties["$device_type"] = kind
    skew = rng.choice((-7_200_000, -95_000, 61_000, 3_600_000)) if rng.random() < 0.02 else 0
    ip = f"198.51.100.{rng.randint(1, 254)}" if is_bot else f"203.0.113.{rng.randint(1, 254)}"
    return Device(device_id, properties, ip, skew, is_bot, market)


def landing(rng: random.Random) -> dict[str, str]:
    """Return referrer, campaign and click id of a session's first page; direct sessions have `$direct`."""
    source = dict(rng.choices(_SOURCES, [weight for weight, _ in _SOURCES])[0][1])
    for name in ("gclid", "msclkid", "fbclid", "ttclid"):
        if name in source:
            source[name] = f"{rng.getrandbits(64):016x}"
    return {"$referrer": "$direct", "$referring_domain": "$direct", **source}
