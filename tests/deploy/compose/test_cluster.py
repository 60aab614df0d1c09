"""The profile `cluster`: a run on a standalone Spark master with two workers, each in its own container."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy.compose.installation import DEADLINE, Installation, installed
from tests.stack.ledger import assert_marts_equal_the_ledger

pytestmark = [pytest.mark.compose, pytest.mark.cluster, pytest.mark.timeout(2 * DEADLINE)]
ASK_MASTER = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8081/json/').read().decode())"
WORKERS = 2


@pytest.fixture(scope="module")
def shoplake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("cluster"), SPARK_WORKERS=str(WORKERS)) as installation:
        yield installation


def test_a_run_on_a_cluster_makes_the_figures_of_the_ledger(
    shoplake: Installation, tmp_path: Path, took: Callable[[str, float], None]
) -> None:
    said = shoplake.must_make("up")
    shoplake.follow(said.rpartition("/runs/")[2].split()[0])
    assert_marts_equal_the_ledger(shoplake.stack(tmp_path))  # type: ignore[arg-type]
    master = json.loads(shoplake.compose("exec", "-T", "spark-master", "python", "-c", ASK_MASTER))
    workers = [worker for worker in master["workers"] if worker["state"] == "ALIVE"]
    assert len(workers) == WORKERS
    assert all(worker["coresused"] for worker in workers)
    assert [app["name"] for app in master["activeapps"]] == ["shoplake"]
