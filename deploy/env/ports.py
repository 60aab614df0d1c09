"""Ports of this machine."""

from __future__ import annotations

import socket


def port_is_free(port: int) -> bool:
    """Return whether a server could listen on this port of loopback."""
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as both, socket.socket() as ipv4:
        for probe, address in ((ipv4, "127.0.0.1"), (both, "::ffff:127.0.0.1")):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                # Without IPv6 there is nothing to collide with.
                if probe is ipv4 or "in use" in str(error):
                    return False
    return True
