"""Run the pipeline and read all its results, for tests that compare one state with another."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psycopg2
from deltalake import DeltaTable
from psycopg2.extensions import connection as Connection
from tenacity import retry, stop_after_delay, wait_fixed

from contracts.model import Layer, Table
from contracts.registry import tables_of
from deploy.processes.stack import Stack
from spark_jobs.settings import Settings
from tests.integration.servers import ROOT, Environment

STEPS = (
    "check_sources",
    "ingest_mysql",
    "build_silver",
    "gate",
    "build_gold",
    "publish_postgres",
    "reconcile",
)
MARTS = tables_of(Layer.GOLD)
# Filled only by PostHog's own Kafka: all others must have some row to compare.
EMPTY = {"silver.person_distinct_ids"}
Rows = list[tuple[Any, ...]]


def shoplake(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`./shoplake …` of the installation in that folder."""
    environment = os.environ | {"SHOPLAKE_HOME": str(home)}
    command = [ROOT / "shoplake", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def run_steps(environment: Environment, run_id: str, steps: Iterable[str] = STEPS) -> None:
    """The pipeline's jobs one after the other, as Airflow would start them."""
    for step in steps:
        environment.must_run(step, "--run-id", run_id)


def lake_rows(lake: Path, layer: Layer, without: Iterable[str] = ()) -> dict[str, Rows]:
    """Every row of every table of silver or gold, sorted; columns in `without` are left out."""
    return {
        table.id: rows_of(lake / layer.value / table.name, without)
        for table in tables_of(layer)
        if DeltaTable.is_deltatable(str(lake / layer.value / table.name))
    }


def rows_of(path: Path, without: Iterable[str] = ()) -> Rows:
    """Every row of a Delta table, sorted, the columns' names first."""
    found = DeltaTable(str(path)).to_pyarrow_dataset().to_table()
    names = sorted(set(found.column_names) - set(without))
    rows = zip(*(found.column(name).to_pylist() for name in names), strict=True)
    return [tuple(names), *sorted(rows, key=repr)]


def versions(lake: Path) -> dict[str, int]:
    """The number of the newest commit of every table in the lake."""
    logs = sorted(lake.rglob("_delta_log"))
    return {str(log.parent.relative_to(lake)): DeltaTable(str(log.parent)).version() for log in logs}


def warehouse(settings: Settings, database: str | None = None) -> Connection:
    """A connection as the loader, who also sees the releases."""
    return psycopg2.connect(
        host=settings.warehouse_host,
        port=settings.warehouse_port,
        dbname=database or settings.warehouse_database,
        user=settings.warehouse_loader_user,
        password=settings.warehouse_loader_password.get_secret_value(),
    )


def query(settings: Settings, statement: str, database: str | None = None) -> Rows:
    with closing(warehouse(settings, database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def served_rows(settings: Settings, database: str | None = None) -> dict[str, Rows]:
    """Every row of every mart as PostgreSQL serves it, sorted."""
    return {mart.id: sorted(_served(settings, mart, database), key=repr) for mart in MARTS}


def _served(settings: Settings, mart: Table, database: str | None) -> Rows:
    return query(settings, f"SELECT {', '.join(mart.column_names)} FROM mart.{mart.name}", database)


def assert_same(found: dict[str, Rows], expected: dict[str, Rows]) -> None:
    """Both hold the same tables and rows; a failure shows the first few rows that differ, per table."""
    assert found.keys() == expected.keys()
    differing = {}
    for name, rows in expected.items():
        if found[name] != rows:
            here, there = set(map(repr, found[name])), set(map(repr, rows))
            differing[name] = {
                "rows": (len(found[name]), len(rows)),
                "only found": sorted(here - there)[:2],
                "only expected": sorted(there - here)[:2],
            }
    assert not differing, differing  # said here: pytest does not look into this module
    assert {name for name, rows in expected.items() if len(rows) == 1} <= EMPTY


def let_airflow_rest(stack: Stack) -> None:
    """Pause the DAGs and wait out a run that the schedule began: tests change the lake themselves."""
    settings = stack.settings
    url = f"http://127.0.0.1:{settings.airflow_port}"
    login = {"username": "admin", "password": settings.airflow_admin_password.get_secret_value()}
    token = httpx.post(f"{url}/auth/token", json=login).raise_for_status().json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{url}/api/v2", headers=headers, timeout=30) as airflow:
        for dag in ("medallion", "maintenance"):
            airflow.patch(f"/dags/{dag}", json={"is_paused": True}).raise_for_status()
            # Queued runs of a paused DAG never start.
            for run in _runs(airflow, dag, "queued"):
                airflow.delete(f"/dags/{dag}/dagRuns/{run}").raise_for_status()
            _wait_until_idle(airflow, dag)


@retry(stop=stop_after_delay(300), wait=wait_fixed(1), reraise=True)
def _wait_until_idle(airflow: httpx.Client, dag: str) -> None:
    assert not _runs(airflow, dag, "running")


def _runs(airflow: httpx.Client, dag: str, state: str) -> list[str]:
    found = airflow.get(f"/dags/{dag}/dagRuns", params={"state": state}).raise_for_status().json()
    return [run["dag_run_id"] for run in found["dag_runs"]]
