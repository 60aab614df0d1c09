from __future__ import annotations

import pytest

from simulator.ledger import channels


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, "direct"),
        ({"$referring_domain": "$direct"}, "direct"),
        ({"$referring_domain": "shop.example", "$host": "shop.example"}, "direct"),
        ({"$referring_domain": "www.google.com"}, "organic_search"),
        ({"$referring_domain": "notgoogle.com"}, "referral"),
        ({"$referring_domain": "www.google.com", "gclid": "1"}, "paid_search"),
        ({"utm_medium": "cpc", "fbclid": "1"}, "paid_search"),
        ({"utm_medium": "cpm"}, "paid_social"),
        ({"$referring_domain": "l.instagram.com"}, "organic_social"),
        ({"$referring_domain": "t.co"}, "organic_social"),
        ({"$referring_domain": "netflix.com"}, "referral"),
        ({"utm_medium": "social", "$referring_domain": "www.google.com"}, "organic_social"),
        ({"utm_medium": "email", "$referring_domain": "www.google.com"}, "email"),
        ({"utm_medium": "affiliate"}, "affiliate"),
        ({"utm_medium": "qr", "$referring_domain": "www.bing.com"}, "organic_search"),
        ({"utm_medium": "qr"}, "other_campaign"),
    ],
)
def test_a_visit_has_the_channel_of_its_first_event(properties: dict[str, str], expected: str):
    assert channels.channel(properties) == expected


@pytest.mark.parametrize(
    ("agent", "expected"),
    [("Mozilla/5.0 (X11)", False), ("Googlebot/2.1", True), ("HeadlessChrome", True), ("", True)],
)
def test_a_robot_is_known_by_its_user_agent(agent: str, expected: bool):
    assert channels.is_bot({"$raw_user_agent": agent}) is expected


@pytest.mark.parametrize(
    ("kind", "expected"), [("Mobile", "mobile"), ("Console", "unknown"), (None, "unknown")]
)
def test_an_unusual_device_is_unknown(kind: str | None, expected: str):
    assert channels.device({"$device_type": kind}) == expected
