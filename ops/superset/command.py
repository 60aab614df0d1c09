"""`shoplake superset`: convert dashboard declarations to Superset's import files, and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from contracts.model import ContractError
from contracts.registry import TABLES
from contracts.render import declarations
from contracts.render.declarations import Declarations
from contracts.render.files import bring_up_to_date
from deploy.errors import DeployError
from ops import installation
from ops.superset import api, changes, files
from ops.superset.changes import Change
from spark_jobs.settings import ROOT

app = typer.Typer(
    help="Generate what Superset imports from its declarations, or bring changes back.",
    no_args_is_help=True,
)


@app.command("generate")
def generate_command(
    check: Annotated[bool, typer.Option("--check", help="Write nothing, fail when a file is stale")] = False,
) -> None:
    """Write superset/assets from the declarations of dashboards, charts and queries: `make generate`."""
    declared = load(ROOT)
    if code := bring_up_to_date(ROOT, declared.outputs(), declarations.OWNED, check=check):
        raise typer.Exit(code)


@app.command("export")
def export_command(
    title: Annotated[
        str | None,
        typer.Argument(help="Your own dashboard or chart in Superset; the declared dashboards, if not given"),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--as", help="The declared dashboard or chart that it is a copy of")
    ] = None,
) -> None:
    """Write changes made in the browser into superset/dashboards; without a change, do nothing."""
    console = Console(highlight=False)
    declared = load(ROOT)
    exported = api.export(installation.settings())
    if title is None:
        found = changes.managed(declared, exported)
    else:
        found = changes.of_copy(title, name, declared, exported)
    if not found:
        console.print("Nothing has changed.")
        return
    write(ROOT, declared, found)
    for line in (line for change in found for line in change.lines()):
        console.print(f"[green]✓[/green] {escape(line)}", soft_wrap=True)
    bring_up_to_date(ROOT, load(ROOT).outputs(), declarations.OWNED, check=False)
    console.print("Next: git diff superset")


def load(root: Path) -> Declarations:
    """Load the declarations below a folder.

    Raises:
        DeployError: when one contradicts itself or its dataset.
    """
    try:
        return files.load(root, TABLES)
    except ContractError as error:
        raise DeployError(f"{error}. Next: correct it, then make generate.") from None


def write(root: Path, declared: Declarations, found: list[Change]) -> None:
    """Write the changed declarations below a folder, all of them or none.

    Raises:
        DeployError: when a dashboard could not be generated from its declaration.
    """
    after = {**declared.dashboards, **{change.name: change.after for change in found}}
    try:
        declarations.check(replace(declared, dashboards=after))
    except ContractError as error:
        raise DeployError(f"{error}. Next: change it in Superset, then export again.") from None
    for change in found:
        path = root / declarations.DASHBOARDS / f"{change.name}.yaml"
        text = (
            files.updated(path.read_text(encoding="utf-8"), change.before, change.after)
            if change.before
            else files.dump(change.after)
        )
        path.write_text(text, encoding="utf-8")
