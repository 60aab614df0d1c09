"""The test session's object store, and a lake in it."""

from __future__ import annotations

import json
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyarrow import fs
from tenacity import retry, stop_after_delay, wait_fixed

from tests.integration.servers import ROOT, free_ports

KEY, SECRET, BUCKET, REGION = "key-of-the-tests", "secret-of-the-tests", "shoplake-tests", "eu-central-1"
PYTHON = ROOT / ".shoplake" / "envs" / "s3" / "bin" / "python"
PROGRAM = ROOT / "tests" / "integration" / "s3_server.py"


@dataclass(frozen=True)
class ObjectStore:
    """A server that speaks S3 on loopback."""

    port: int

    @property
    def settings(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
        }

    def steer(self, what: str) -> dict[str, Any]:
        """Tell the server what to do from now on (`s3_server.py`); returns how it stands."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_test/{what}", timeout=10) as answer:
            state: dict[str, Any] = json.load(answer)
        return state


@contextmanager
def object_store(log: Path) -> Iterator[ObjectStore]:
    """A store with one empty bucket; gone at the end."""
    port = free_ports()[0]
    with log.open("w") as output:
        command = [str(PYTHON), str(PROGRAM), str(port), KEY]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        store = ObjectStore(port)
        _wait_until_it_answers(store)
        _make_bucket(store)
        yield store
    finally:
        process.kill()
        process.wait()


@retry(stop=stop_after_delay(60), wait=wait_fixed(0.1), reraise=True)
def _wait_until_it_answers(store: ObjectStore) -> None:
    store.steer("state")


def _make_bucket(store: ObjectStore) -> None:
    fs.S3FileSystem(
        access_key=KEY,
        secret_key=SECRET,
        region=REGION,
        endpoint_override=f"127.0.0.1:{store.port}",
        scheme="http",
        allow_bucket_creation=True,
    ).create_dir(BUCKET)


@contextmanager
def deaf_server() -> Iterator[int]:
    """The port of a server that takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield listening.getsockname()[1]
