"""`./shoplake`: the verbs, and the message of an expected failure."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from deploy.errors import DeployError
from ops import alert_test, doctor, impact, quarantine, run, sql, status, trace
from ops.superset import command as superset

app = typer.Typer(
    help="Look after the platform: how it stands, what it says, what is wrong.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("status")(status.command)
app.command("sql")(sql.command)
app.command("trace")(trace.command)
app.add_typer(quarantine.app, name="quarantine")
app.command("impact")(impact.command)
app.add_typer(superset.app, name="superset")
app.command("run")(run.command)
app.command("doctor")(doctor.command)
app.command("alert-test")(alert_test.command)


def main() -> None:
    """Run a verb; an expected failure is a message, never a stack trace."""
    try:
        app(prog_name="./shoplake")
    except DeployError as error:
        Console(stderr=True).print(f"[red]✗[/red] {error}", highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
