"""`shoplake run`: run the pipeline and follow it to its end."""

from __future__ import annotations

import time
from typing import Annotated

import httpx
import typer
from rich.console import Console

from deploy.errors import DeployError
from deploy.processes.settings import LocalSettings
from deploy.servers.airflow_api import AirflowApi
from ops import installation

LOG_LINES = 30


def command(
    dag_id: Annotated[str, typer.Argument(help="Which DAG")] = "medallion",
) -> None:
    """Run the pipeline through Airflow and follow its tasks; fails when a task fails."""
    console = Console(highlight=False)
    settings = installation.settings()
    began = time.monotonic()
    try:
        airflow = AirflowApi(settings)
        follow(airflow, dag_id, console)
        # Your own shop starts without a run; after the first successful one, maintenance is unpaused, too.
        airflow.unpause("maintenance")
    except httpx.HTTPStatusError as error:
        raise DeployError(_why_refused(error, settings)) from None
    except httpx.HTTPError as error:
        raise DeployError(
            f"Airflow at 127.0.0.1:{settings.airflow_port} does not answer ({error}). "
            "Next: ./shoplake status; the port is AIRFLOW_PORT in .env."
        ) from None
    console.print(f"[green]✓[/green] {dag_id} [dim]{time.monotonic() - began:.1f} s[/dim]")


def follow(airflow: AirflowApi, dag_id: str, console: Console) -> None:
    """Trigger a run and print each task as it ends.

    Raises:
        DeployError: when the run failed, after the end of the failed task's log was printed.
    """
    run_id = airflow.trigger(dag_id)
    console.print(f"{run_id}  [dim]{airflow.url}/dags/{dag_id}/runs/{run_id}[/dim]", soft_wrap=True)
    failed = []
    try:
        for task in airflow.follow(dag_id, run_id, again=f"./shoplake run {dag_id}"):
            if task.state == "success":
                console.print(f"  [green]✓[/green] {task.task_id} [dim]{task.seconds:.1f} s[/dim]")
            elif task.state in ("failed", "up_for_retry", "upstream_failed", "skipped"):
                console.print(f"  [red]✗[/red] {task.task_id}: {task.state}")
            if task.state == "failed":
                failed.append(task.task_id)
    except DeployError:
        for task_id in failed:
            console.print(f"\n[bold]The end of the log of {task_id}:[/bold]")
            lines = airflow.log_tail(dag_id, run_id, task_id, LOG_LINES)
            console.print("\n".join(line for line in lines if not line.startswith("::")), markup=False)
        raise


def _why_refused(error: httpx.HTTPStatusError, settings: LocalSettings) -> str:
    address = f"127.0.0.1:{settings.airflow_port}"
    if error.response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return (
            f"Airflow at {address} refuses the password of admin. "
            "Next: check AIRFLOW_ADMIN_PASSWORD in .env, then make demo."
        )
    return f"Airflow at {address} answered {error.response.status_code}: {error.response.text[:300]}"
