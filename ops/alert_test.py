"""`shoplake alert-test`: send a message to the recipients of alerts."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from dags import alerts
from deploy.errors import DeployError
from ops import installation

NOBODY = (
    "Nobody hears of a failed run: neither ALERT_WEBHOOK_URL nor ALERT_EMAIL_TO is set. "
    "Next: set one in .env, then make stop and make demo."
)


def command(
    dag_id: Annotated[str, typer.Argument(help="Which DAG the message speaks of")] = "medallion",
) -> None:
    """Send a test message like that of a failed run; fails when it cannot be delivered."""
    settings = installation.settings()
    environment = settings.alert_environment()
    to = [name for name in ("ALERT_WEBHOOK_URL", "ALERT_EMAIL_TO") if environment[name]]
    if not to:
        raise DeployError(NOBODY)
    base_url = f"http://127.0.0.1:{settings.airflow_port}"
    link = alerts.log_url(base_url, dag_id, "test", "test", 1)
    error = "this is a test, and no run has failed. Next: nothing, you have received it"
    problems = alerts.send(alerts.failed(dag_id, "test", "test", error, link), environment)
    if problems:
        raise DeployError(
            "\n".join(f"{each} Next: correct its settings ALERT_… in .env." for each in problems)
        )
    Console(highlight=False).print(f"[green]✓[/green] sent to {' and '.join(to)}")
