from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.env import environments
from deploy.processes.stack import Stack
from tests.deploy.processes.test_stack import make_stack
from tests.integration.gateway import samples
from tests.integration.gateway.processes import Service, service

SDKS = Path(__file__).parent / "sdks"


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A broker that tests may stop and kill."""
    stack = make_stack(tmp_path_factory.mktemp("broker"))
    try:
        stack.up(only=("kafka",))
        yield stack
    finally:
        stack.delete()


@pytest.fixture
def gateway(broker: Stack, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    with service(broker.settings.kafka_bootstrap_servers, tmp_path) as running:
        yield running
        if os.environ.get("RECORD_SDKS") and request.node.path.stem == "test_sdks":
            samples.record(request.node.name, running.messages())


@pytest.fixture(scope="session")
def sdks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with PostHog's JavaScript SDKs, of the versions and digests in the lock."""
    folder = tmp_path_factory.mktemp("sdks")
    for name in ("package.json", "package-lock.json", "node_client.mjs", "page.html"):
        shutil.copy(SDKS / name, folder)
    command = [environments.npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder
