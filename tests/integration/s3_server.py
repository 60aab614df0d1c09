"""An S3-speaking server for tests: `python s3_server.py PORT ACCESS_KEY`, with moto's environment.

It is moto over HTTP, one request at a time, so that a conditional put is as atomic as that of a real store.
Three things are added: all keys but one are refused; a store can be made to ignore conditions; and a put of a
Delta commit by one writer can be held until another has committed the same version.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

HOLD_SECONDS = 60
DENIED = b"<Error><Code>InvalidAccessKeyId</Code><Message>No such key.</Message></Error>"
Answer = Callable[..., Any]


class Store:
    """The WSGI application: moto, and what the tests steer at `/_test/…`."""

    def __init__(self, key: str) -> None:
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.key = key
        self.turn = threading.Condition()
        self.holds_next = ""
        self.held: str | None = None
        self.refused: list[str] = []
        self.unconditional = False

    def __call__(self, request: dict[str, Any], answer: Answer) -> Iterable[bytes]:
        path = request["PATH_INFO"]
        if path.startswith("/_test/"):
            return self.steer(path.removeprefix("/_test/"), answer)
        if f"Credential={self.key}/" not in request.get("HTTP_AUTHORIZATION", ""):
            answer("403 Forbidden", [("Content-Type", "application/xml")])
            return [DENIED]
        with self.turn:
            if self.unconditional:
                request.pop("HTTP_IF_NONE_MATCH", None)
            is_commit = (
                request["REQUEST_METHOD"] == "PUT" and "/_delta_log/0" in path and path.endswith(".json")
            )
            writer = "spark" if "Hadoop" in request.get("HTTP_USER_AGENT", "") else "delta-rs"
            if is_commit and writer == self.holds_next:
                self.holds_next, self.held = "", path
                self.turn.wait_for(lambda: self.held is None, HOLD_SECONDS)

            def noted(status: str, *more: Any) -> Any:
                if is_commit and status.startswith("412"):
                    self.refused.append(writer)
                if is_commit and path == self.held and status.startswith("200"):
                    self.held = None
                    self.turn.notify_all()
                return answer(status, *more)

            return list(self.moto(request, noted))

    def steer(self, what: str, answer: Answer) -> Iterable[bytes]:
        with self.turn:
            if what.startswith("hold/"):
                self.holds_next = what.removeprefix("hold/")
            if what == "unconditional":
                self.unconditional = True
            if what == "conditional":
                self.unconditional = False
            state = {"held": self.held, "refused": self.refused}
        answer("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(state).encode()]


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), Store(sys.argv[2]), threaded=True)
