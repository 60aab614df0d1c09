"""Airflow: its API server, scheduler and DAG processor; metadata in PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

import httpx

from deploy.errors import DeployError
from deploy.processes import jars, spark
from deploy.processes.server import Home, Server
from deploy.servers.airflow import OPTIONS
from spark_jobs.settings import ROOT

_migration = threading.Lock()


def servers(home: Home) -> list[Server]:
    """Return the three processes. Each may be the first to migrate the metadata."""
    environment = airflow_environment(home)
    programs = {
        "airflow-api-server": (("api-server",), "metadatabase", home.settings.airflow_port),
        # The API server reads the logs from the same disk; the scheduler would serve them on every interface.
        "airflow-scheduler": (("scheduler", "--skip-serve-logs"), "scheduler", None),
        "airflow-dag-processor": (("dag-processor",), "dag_processor", None),
    }
    return [
        Server(
            name=name,
            command=(str(home.platform / "bin" / "airflow"), *arguments),
            is_ready=lambda part=part: _require_healthy(home, part),  # type: ignore[misc]
            port=port,
            environment=environment,
            prepare=lambda: _migrate(home, environment),
            needs=("postgres",),
            deadline_seconds=180,
        )
        for name, (arguments, part, port) in programs.items()
    ]


def airflow_environment(home: Home) -> dict[str, str]:
    """Return Airflow's settings, and the platform's for its tasks.

    Only the connection `spark_default` chooses the engine, so SPARK_REMOTE is not set.
    """
    settings = home.settings
    url = f"http://127.0.0.1:{settings.airflow_port}"
    password = quote(settings.airflow_db_password.get_secret_value(), safe="")
    database = f"postgresql+psycopg2://airflow:{password}@127.0.0.1:{settings.warehouse_port}/airflow"
    connection: dict[str, Any] = {"conn_type": "spark", "host": "embedded"}
    if settings.spark_engine == "spark":
        connection = {"conn_type": "spark_connect", "host": "127.0.0.1", "port": settings.spark_port}
    options = {
        "CORE__DAGS_FOLDER": ROOT / "dags",
        "CORE__FERNET_KEY": settings.airflow_fernet_key.get_secret_value(),
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": home.run / "airflow-passwords.json",
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "DATABASE__SQL_ALCHEMY_CONN": database,
        "API__HOST": "127.0.0.1",
        "API__PORT": settings.airflow_port,
        "API__BASE_URL": url,
        "API__SECRET_KEY": settings.airflow_secret_key.get_secret_value(),
        "API_AUTH__JWT_SECRET": settings.airflow_jwt_secret.get_secret_value(),
        "DAG_PROCESSOR__REFRESH_INTERVAL": 15,
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": 30,
        "LOGGING__BASE_LOG_FOLDER": home.logs / "airflow",
        "LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": home.logs / "airflow" / "dag_processor",
    }
    return {
        **settings.platform_environment(),
        **settings.alert_environment(),
        "AIRFLOW_HOME": str(home.data / "airflow"),
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps(connection),
        # For a connection that submits jobs: the resolved jars, and the file that spark-submit reads.
        "SHOPLAKE_JARS": jars.patterns(home, "spark"),
        "SPARK_CONF_DIR": str(spark.submit_folder(home)),
        "SPARK_LOCAL_IP": "127.0.0.1",
        **{f"AIRFLOW__{option.name}": option.value for option in OPTIONS},
        **{f"AIRFLOW__{name}": str(value) for name, value in options.items()},
    }


def _migrate(home: Home, environment: dict[str, str]) -> None:
    """Migrate the metadata to this version of Airflow, once per version."""
    stamp = home.data / "airflow" / f"migrated-{version('apache-airflow')}"
    with _migration:
        passwords = {"admin": home.settings.airflow_admin_password.get_secret_value()}
        home.write_private("airflow-passwords.json", json.dumps(passwords))
        spark.write_submit_defaults(home)
        if stamp.exists():
            return
        stamp.parent.mkdir(parents=True, exist_ok=True)
        log = home.logs / "airflow-migrate.log"
        command = [str(home.platform / "bin" / "airflow"), "db", "migrate"]
        with log.open("w") as output:
            done = subprocess.run(
                command,
                env={**os.environ, **home.environment(), **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode != 0:
            raise DeployError(f"Airflow could not prepare its metadata; see {log}. Next: make demo.")
        stamp.touch()


def _require_healthy(home: Home, part: str) -> None:
    answer = httpx.get(f"http://127.0.0.1:{home.settings.airflow_port}/api/v2/monitor/health", timeout=5)
    health = answer.raise_for_status().json()
    if health[part]["status"] != "healthy":
        raise DeployError(f"Airflow's {part} is not healthy")
