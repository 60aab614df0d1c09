"""The address of the client, seen through trusted proxies only."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from gateway.settings import Network

UNKNOWN = "0.0.0.0"  # noqa: S104 - no address at all
_KEPT_BITS = {4: 24, 6: 48}


def client_ip(peer: str, forwarded: str, trusted: tuple[Network, ...], truncate: bool) -> str:
    """Return the address of the client, as text.

    `peer` is the address of the connection and `forwarded` the header `X-Forwarded-For`, nearest proxy last.
    The client is the first address from the right that is not a trusted proxy, because anyone can write what
    is to the left of it. `truncate` keeps /24 of IPv4 and /48 of IPv6.
    """
    address = peer
    if trusted and forwarded and _is_trusted(peer, trusted):
        for hop in reversed(forwarded.split(",")):
            address = hop.strip()
            if not _is_trusted(address, trusted):
                break
    return _written(address, truncate)


@lru_cache(maxsize=4096)
def _is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    found = _parse(address)
    return found is not None and any(
        found in network for network in trusted if network.version == found.version
    )


@lru_cache(maxsize=4096)
def _written(address: str, truncate: bool) -> str:
    found = _parse(address)
    if found is None:
        return UNKNOWN
    if truncate:
        return str(ipaddress.ip_network((found, _KEPT_BITS[found.version]), strict=False).network_address)
    return str(found)


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    bare = address.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
