"""`python -m deploy.processes`: the code behind `make demo`, `status`, `stop` and `clean`."""

from __future__ import annotations

import shutil
import sys
from typing import Annotated

import typer
from rich.console import Console

from contracts.shops import NO_SHOP
from deploy.env.env_file import set_aside
from deploy.errors import DeployError
from deploy.processes.console import Progress, status_table
from deploy.processes.demo import ENV_FILE, run_demo
from deploy.processes.stack import Stack
from spark_jobs.settings import ROOT

app = typer.Typer(
    help="Shoplake's servers as ordinary processes of this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command()
def demo(
    shop: Annotated[str, typer.Option(help=f"demo, completejourney, or {NO_SHOP} for servers only")] = "demo",
) -> None:
    """Start everything, load a shop, run the pipeline, show the figures."""
    run_demo(shop)


@app.command()
def status() -> None:
    """Show the servers: state, process, uptime, memory, port."""
    if not ENV_FILE.exists():
        raise DeployError("Nothing is installed yet. Next: make demo")
    Console().print(status_table(Stack().status()))


@app.command()
def stop() -> None:
    """Stop the servers; data stay."""
    if not ENV_FILE.exists():
        return
    progress = Progress()
    with progress.step("Stopped", "Stopping servers"):
        Stack().down()


@app.command()
def clean(yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False) -> None:
    """Stop the servers, delete their data and the lake, set `.env` aside; environments and downloads stay."""
    if not ENV_FILE.exists():
        return
    stack = Stack()
    lake = sorted((ROOT / "data_lake").glob("*/[!.]*"))
    if stack.settings.lake_is_in_s3:
        Console().print(
            f"The lake stays: it is in S3, at {stack.settings.lake_uri}. Delete it there.", soft_wrap=True
        )
    the_lake = "" if stack.settings.lake_is_in_s3 else " the lake,"
    Console().print(f"This deletes the shop, the events,{the_lake} and the warehouse of local mode:")
    for path in [*stack.folders(), *sorted({table.parent / "*" for table in lake})]:
        Console().print(f"  {path}", soft_wrap=True)
    if not yes:
        typer.confirm("Delete them?", abort=True)
    stack.delete()
    for path in lake:
        shutil.rmtree(path, ignore_errors=True)
    set_aside(ENV_FILE)


def main() -> None:
    """Run a command; an expected failure is a message, never a stack trace."""
    try:
        app()
    except DeployError as error:
        Console(stderr=True).print(f"[red]✗[/red] {error}", highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
