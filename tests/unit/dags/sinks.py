"""Receivers of alerts: a webhook and a mail server on loopback."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def webhook(status: int = 200, hangs: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """Its address and the bodies that it got."""
    bodies: list[bytes] = []
    let_go = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            if hangs:
                let_go.wait(30)
            self.send_response(status)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_address[1]}/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/services/T0/s3cret", bodies
    finally:
        let_go.set()
        server.shutdown()
        server.server_close()


class _Mail(socketserver.StreamRequestHandler):
    """Enough of SMTP to take messages without encryption."""

    def handle(self) -> None:
        self.say("220 sink")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "DATA":
                self.say("354 go on")
                body = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.messages.append((self.envelope, body))  # type: ignore[attr-defined]
                self.say("250 taken")
            elif verb == "QUIT":
                return self.say("221 bye")
            elif verb == "AUTH":
                self.say("535 5.7.8 no")
            elif verb == "EHLO":
                self.say("250-sink\r\n250 AUTH PLAIN")
            else:
                if verb == "MAIL":
                    self.envelope: list[str] = []
                self.envelope.append(line)
                self.say("250 fine")
        return None

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[tuple[int, list[tuple[list[str], bytes]]]]:
    """Its port, and of each message the envelope and the text."""

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        messages: list[tuple[list[str], bytes]] = []  # noqa: RUF012 - of this server alone

    server = Server(("127.0.0.1", 0), _Mail)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], server.messages
    finally:
        server.shutdown()
        server.server_close()
