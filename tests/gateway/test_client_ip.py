"""The client address of an event."""

from __future__ import annotations

import pytest

from tests.gateway.asgi import Probe, batch

PROXIES = "10.0.0.0/8, 192.0.2.1, fd00::/8"


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "expected"),
    [
        ("203.0.113.7", "", "", "203.0.113.7"),
        ("203.0.113.7", "1.2.3.4", "", "203.0.113.7"),
        ("127.0.0.1", "1.2.3.4", "", "127.0.0.1"),
        ("203.0.113.7", "1.2.3.4", PROXIES, "203.0.113.7"),
        ("10.1.1.1", "1.2.3.4", PROXIES, "1.2.3.4"),
        ("10.1.1.1", "6.6.6.6, 1.2.3.4", PROXIES, "1.2.3.4"),
        ("10.1.1.1", "6.6.6.6, 1.2.3.4, 192.0.2.1, 10.2.2.2", PROXIES, "1.2.3.4"),
        ("10.1.1.1", "10.2.2.2, 10.3.3.3", PROXIES, "10.2.2.2"),
        ("10.1.1.1", "", PROXIES, "10.1.1.1"),
        ("10.1.1.1", "1.2.3.4:5678", PROXIES, "1.2.3.4"),
        ("10.1.1.1", "[2001:db8::1]:443", PROXIES, "2001:db8::1"),
        ("10.1.1.1", "unknown", PROXIES, "0.0.0.0"),
        ("10.1.1.1", "<script>", PROXIES, "0.0.0.0"),
        ("fd00::1", "2001:db8::1", PROXIES, "2001:db8::1"),
        ("::ffff:203.0.113.7", "", "", "203.0.113.7"),
        ("::ffff:10.1.1.1", "1.2.3.4", PROXIES, "1.2.3.4"),
        ("", "", "", "0.0.0.0"),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str, forwarded: str, trusted: str, expected: str) -> None:
    gateway = Probe(gateway_trusted_proxies=trusted)
    gateway.post("/e", batch(), peer=peer, headers={"x-forwarded-for": forwarded} if forwarded else {})
    assert gateway.the_event().envelope["ip"] == expected


@pytest.mark.parametrize(
    ("peer", "expected"),
    [("203.0.113.7", "203.0.113.0"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"), ("", "0.0.0.0")],
)
def test_an_address_may_be_cut(peer: str, expected: str) -> None:
    gateway = Probe(gateway_truncate_ip=True)
    gateway.post("/e", batch(), peer=peer)
    assert gateway.the_event().envelope["ip"] == expected
