"""`shoplake sql`: query the warehouse, with the read-only role, or the lake."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import psycopg2
import psycopg2.errors
import typer
from psycopg2.extensions import connection as Connection
from rich.console import Console

from deploy.errors import DeployError
from deploy.processes.settings import LocalSettings
from ops import installation, lake_sql
from ops.answer import Answer, show_csv, show_json, show_table

CONNECT_SECONDS = 10
# Types of numbers, aligned to the right.
_NUMBERS = {20, 21, 23, 700, 701, 1700}


def command(
    query: Annotated[str, typer.Argument(help="One SQL statement; the marts are in the schema mart")],
    as_csv: Annotated[bool, typer.Option("--csv", help="All rows as CSV, with a header")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="All rows as JSON; decimals as text")] = False,
    from_lake: Annotated[
        bool, typer.Option("--lake", help="Ask the lake: bronze_orders, silver_orders …")
    ] = False,
) -> None:
    """Query the warehouse, read-only: ./shoplake sql "select * from mart.daily_sales"."""
    if as_csv and as_json:
        raise typer.BadParameter("choose one of --csv and --json")
    settings = installation.settings()
    if from_lake:
        answer = lake_sql.ask_lake(installation.lake(settings), query)
    else:
        with closing(connect(settings)) as connection:
            answer = ask(connection, query)
    if as_csv:
        show_csv(answer)
    elif as_json:
        show_json(answer)
    else:
        show_table(answer, Console())


def connect(settings: LocalSettings) -> Connection:
    """Connect to the warehouse as its reader.

    Raises:
        DeployError: naming the address and the setting that is wrong.
    """
    try:
        return psycopg2.connect(
            host=settings.warehouse_host,
            port=settings.warehouse_port,
            dbname=settings.warehouse_database,
            user=settings.warehouse_reader_user,
            password=settings.warehouse_reader_password.get_secret_value(),
            connect_timeout=CONNECT_SECONDS,
            application_name="shoplake sql",
        )
    except psycopg2.OperationalError as error:
        raise DeployError(_why_not_connected(str(error), settings)) from None


def ask(connection: Connection, query: str) -> Answer:
    """Return the result of one statement.

    Raises:
        DeployError: with PostgreSQL's own message, and its position in the query.
    """
    with connection, connection.cursor() as cursor:
        try:
            cursor.execute(query)
        except psycopg2.errors.QueryCanceled:
            raise DeployError(
                "The query took longer than the reader's statement_timeout. Next: ask for fewer days."
            ) from None
        except (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.ReadOnlySqlTransaction) as error:
            raise DeployError(f"{_message(error, query)} This role only reads the schema mart.") from None
        except psycopg2.Error as error:
            raise DeployError(_message(error, query)) from None
        if cursor.description is None:
            return Answer([], [], [])
        columns = [column.name for column in cursor.description]
        is_number = [column.type_code in _NUMBERS for column in cursor.description]
        return Answer(columns, is_number, cursor.fetchall())


def _message(error: psycopg2.Error, query: str) -> str:
    text = error.diag.message_primary or str(error).strip()
    if error.diag.statement_position:
        before = query[: int(error.diag.statement_position) - 1]
        line = query.splitlines()[before.count("\n")]
        column = len(before) - (before.rfind("\n") + 1)
        text += f"\n  {line}\n  {' ' * column}^"
    if error.diag.message_hint:
        text += f"\n{error.diag.message_hint}"
    return text if "\n" in text else f"{text}."


def _why_not_connected(reason: str, settings: LocalSettings) -> str:
    address = f"{settings.warehouse_host}:{settings.warehouse_port}"
    if "password authentication failed" in reason:
        user = settings.warehouse_reader_user
        return (
            f"The warehouse at {address} refuses the password of {user}. "
            "Next: set WAREHOUSE_READER_PASSWORD in .env to that role's password."
        )
    if "does not exist" in reason and "database" in reason:
        return (
            f"The warehouse at {address} has no database {settings.warehouse_database!r}. "
            "Next: check WAREHOUSE_DATABASE in .env."
        )
    last_words = reason.strip().splitlines()[-1].strip() if reason.strip() else "no answer"
    return (
        f"The warehouse at {address} does not answer ({last_words}). "
        "Next: ./shoplake status; the address is WAREHOUSE_HOST and WAREHOUSE_PORT in .env."
    )
