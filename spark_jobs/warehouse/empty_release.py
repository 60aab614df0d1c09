"""A first release without rows: the views that dashboards need exist before there is a shop."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg2.extensions import cursor as Cursor

from contracts.model import Table
from contracts.render.postgres import create_table, index_statements
from spark_jobs.settings import Settings
from spark_jobs.warehouse.connections import warehouse
from spark_jobs.warehouse.releases import Published, newest_release, prepare, switch

RUN_ID = "before-the-first-run"
# No gold table has this version, so the first publication replaces every table.
SOURCE = "nothing"


def publish_empty(config: Settings, marts: Sequence[Table]) -> bool:
    """Publish every mart without rows, unless marts are published already; returns whether it did.

    Raises:
        TransientError: when the warehouse does not answer, or another publisher is at work.
    """
    with warehouse(config) as connection:
        with connection, connection.cursor() as cursor:
            prepare(cursor)
            if newest_release(cursor):
                return False
            release = {table.name: _empty(cursor, table) for table in marts}
        switch(connection, marts, release, RUN_ID, config.warehouse_reader_user)
    return True


def _empty(cursor: Cursor, table: Table) -> Published:
    cursor.execute("SELECT nextval('mart_meta.table_number')")
    (number,) = cursor.fetchone() or (0,)
    name = f"{table.name}__{number}"
    for statement in (
        create_table(table, f"mart_data.{name}"),
        *index_statements(table, f"mart_data.{name}"),
    ):
        cursor.execute(statement)
    return Published(name, SOURCE, -1, 0)
