"""`shoplake doctor`: list what is wrong, each finding with the next command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import typer
from rich.console import Console
from rich.markup import escape

from deploy.errors import DeployError
from deploy.processes import preflight
from deploy.processes.preflight import Check
from deploy.processes.settings import LocalSettings, UnusableSettings
from deploy.processes.stack import Stack
from ops import installation, lake_report, sql
from spark_jobs.lake.tables import Lake
from spark_jobs.run.record import Step

# The pipeline runs every hour: after two hours without a run it is considered stopped.
STALE_AFTER = timedelta(hours=2)


def command() -> None:
    """List what is wrong, and the next command for each finding; fails if there is any."""
    console = Console(highlight=False)
    findings = list(examine())
    for finding in findings:
        mark = "[green]✓[/green]" if finding.is_good else "[red]✗[/red]"
        console.print(f"{mark} {escape(f'{finding.name}: {finding.found}')}", soft_wrap=True)
        if not finding.is_good:
            console.print(f"    Next: {escape(finding.next_step)}", soft_wrap=True)
    if not all(finding.is_good for finding in findings):
        raise typer.Exit(1)


def examine() -> Iterator[Check]:
    """Return every finding: the settings, the machine, the servers, the last run, the marts.

    With an invalid setting, nothing else can be checked.
    """
    misspelt = list(preflight.check_env_file(installation.ENV_FILE))
    yield from misspelt
    try:
        stack = installation.stack()
    except UnusableSettings as error:
        yield from (Check("Settings", False, each.what, each.next_step) for each in error.found)
        return
    if not misspelt:
        yield Check("Settings", True, f"all of {installation.ENV_FILE} is known and can be used")
    yield from check_installation(stack)


def check_installation(stack: Stack) -> Iterator[Check]:
    """Check the machine, the servers, the last run and the marts."""
    is_running = stack.supervisor.is_running()
    yield from preflight.checks(stack.settings, stack.home.state, is_running)
    yield from check_servers(stack)
    lake = preflight.check_lake(stack.settings)
    yield lake
    if lake.is_good:
        yield check_run(lake_report.last_run(Lake(config=stack.settings)), datetime.now(UTC))
    yield check_warehouse(stack.settings)


def check_servers(stack: Stack) -> Iterator[Check]:
    """Check that each server runs and answers."""
    servers = stack.servers()
    for status in stack.status():
        if status.state != "running":
            yield Check(status.name, False, status.state, "make demo")
            continue
        try:
            servers[status.name].is_ready()
        except Exception as error:  # each server's client has its own errors
            log = stack.home.logs / f"{status.name}.log"
            yield Check(status.name, False, f"runs but does not answer: {error}", f"tail {log}")
        else:
            yield Check(status.name, True, f"answers on port {status.port}" if status.port else "runs")


def check_run(steps: list[Step], now: datetime) -> Check:
    """Check that the newest run succeeded and is recent."""
    if not steps:
        return Check("Last run", False, "there is none", "./shoplake run")
    run_id, newest = steps[0].run_id, datetime.fromisoformat(steps[-1].started_at)
    failed = [step.name for step in steps if step.state == "failed"]
    if failed:
        why = next((f": {step.details['error']}" for step in steps if "error" in step.details), "")
        found, _, next_step = f"{run_id} failed in {', '.join(failed)}{why}".partition(" Next: ")
        return Check("Last run", False, found, next_step or "./shoplake run")
    minutes = int((now - newest).total_seconds() // 60)
    found = f"{run_id}, {minutes} min ago, {len(steps)} steps, none failed"
    return Check("Last run", now - newest <= STALE_AFTER, found, "./shoplake run")


def check_warehouse(settings: LocalSettings) -> Check:
    """Check that the marts are published."""
    try:
        with closing(sql.connect(settings)) as connection:
            answer = sql.ask(
                connection, "SELECT count(*) FROM information_schema.views WHERE table_schema = 'mart'"
            )
    except DeployError as error:
        found, _, next_step = str(error).partition(" Next: ")
        return Check("Warehouse", False, found, next_step)
    marts = answer.rows[0][0]
    if not marts:
        return Check("Warehouse", False, "the schema mart holds nothing", "./shoplake run")
    return Check("Warehouse", True, f"{marts} marts published")
