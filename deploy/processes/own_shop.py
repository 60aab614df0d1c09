"""Your own shop in local mode: the next steps."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from contracts.model import Layer
from contracts.registry import tables_of
from deploy.processes.settings import LocalSettings

TABLES_FILE = "sql/mysql/schema.sql"
# Servers read their settings when they start.
RESTART = "Then make stop, and make demo SHOP=none"


def show_next_steps(settings: LocalSettings, env_file: Path, console: Console) -> None:
    """Print how your own shop gets onto the dashboards."""
    console.print()
    console.print("[bold]Next, for a shop of your own[/bold]")
    for number, step in enumerate(_next_steps(settings, env_file), start=1):
        console.print(f"  {number}. {escape(step)}", soft_wrap=True)


def _next_steps(settings: LocalSettings, env_file: Path) -> list[str]:
    names = ", ".join(table.name for table in tables_of(Layer.SHOP))
    where = f"{settings.shop_mysql_host}:{settings.shop_mysql_port}"
    zone, currency = settings.shop_timezone, settings.reporting_currency
    meaning = (
        f"Say in {env_file} what a figure means: SHOP_TIMEZONE (now {zone}) and REPORTING_CURRENCY"
        f" (now {currency}). {RESTART}"
    )
    run = "./shoplake run: the figures are on the dashboards when it is done, and again every hour."
    needed = f"{names}. {TABLES_FILE} shows their columns; a view of that name will do."
    if settings.has_own_shop:
        user = f"{settings.shop_mysql_user!r} (SHOP_MYSQL_USER)"
        return [
            f"Your MySQL at {where} has these tables in {settings.shop_mysql_database!r},"
            f" and {user} may SELECT them: {needed}",
            meaning,
            run,
        ]
    return [
        f"Fill the tables in {settings.shop_mysql_database!r} at {where}; they are there: {needed}"
        f" The user is {settings.shop_mysql_admin_user}, its password is in {env_file}.",
        "Or read your own MySQL, which has these tables: set SHOP_MYSQL_HOST (for one on this machine,"
        " localhost), SHOP_MYSQL_PORT, SHOP_MYSQL_DATABASE, SHOP_MYSQL_USER and SHOP_MYSQL_PASSWORD in"
        f" {env_file}. {RESTART}",
        meaning,
        run,
    ]
