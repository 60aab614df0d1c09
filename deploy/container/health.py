"""Check this container's own service: `python -m deploy.container.health spark|stream|http|airflow-…`.

It runs every few seconds, so it imports what its check needs: an import costs more than the check.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

SECONDS = 5
STREAM_SECONDS = 30  # the heartbeat is written every second
JOB_SECONDS = 60  # the heartbeat is written every five
SPARK_METHOD = "/spark.connect.SparkConnectService/AnalyzePlan"
# "Which version are you?" as bytes: importing Spark's own messages takes two CPU seconds.
SPARK_REQUEST = b"\n$00000000-0000-0000-0000-000000000001\x12\x11\n\x0fshoplake-healthR\x00"


def spark() -> None:
    """Check that the Connect server answers a request that every client makes."""
    import grpc  # noqa: PLC0415

    with grpc.insecure_channel("127.0.0.1:15002") as channel:
        ask: Callable[..., bytes] = channel.unary_unary(SPARK_METHOD)
        ask(SPARK_REQUEST, timeout=SECONDS)


def stream() -> None:
    """Check that the query is active, as the job reports every second."""
    age = time.time() - Path(os.environ["STREAM_HEARTBEAT_FILE"]).stat().st_mtime
    if age > STREAM_SECONDS:
        raise RuntimeError(f"no heartbeat of the query for {age:.0f} s")


def http(url: str) -> None:
    """Check that the page answers with success."""
    import urllib.request  # noqa: PLC0415

    urllib.request.urlopen(url, timeout=SECONDS).close()  # noqa: S310 - the compose file names it


def airflow_api() -> None:
    """Check that the API server answers and reaches its metadata."""
    import urllib.request  # noqa: PLC0415

    with urllib.request.urlopen("http://127.0.0.1:8080/api/v2/monitor/health", timeout=SECONDS) as answer:
        health = json.load(answer)
    if health["metadatabase"]["status"] != "healthy":
        raise RuntimeError("no metadata database")


def airflow_job(kind: str = "SchedulerJob") -> None:
    """Check that this container's scheduler or DAG processor has a recent heartbeat in the metadata."""
    import psycopg2  # noqa: PLC0415

    address = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
    connection = psycopg2.connect(address, connect_timeout=SECONDS)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM job WHERE job_type = %s AND hostname = %s AND state = 'running'"
            " AND latest_heartbeat > now() - make_interval(secs => %s)",
            (kind, socket.getfqdn(), JOB_SECONDS),
        )
        if cursor.fetchone() is None:
            raise RuntimeError(f"no heartbeat of {kind} for {JOB_SECONDS} s")


CHECKS: dict[str, Callable[..., None]] = {
    "spark": spark,
    "stream": stream,
    "http": http,
    "airflow-api": airflow_api,
    "airflow-job": airflow_job,
}


def main(arguments: list[str]) -> int:
    """Run the check; returns 0, or 1 and prints the reason, for `docker inspect`."""
    try:
        CHECKS[arguments[0]](*arguments[1:])
    except Exception as error:  # whatever the cause, the service is not healthy
        print(f"{arguments[0]}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
