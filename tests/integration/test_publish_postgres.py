"""Publication into the test's own warehouse; gold is written directly into the test's own lake."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from contracts.model import Column, Layer, Table
from contracts.registry import table as declared
from contracts.registry import tables_of
from spark_jobs.errors import UserError
from spark_jobs.jobs import publish_empty, publish_postgres
from spark_jobs.lake.tables import Lake
from spark_jobs.settings import settings
from spark_jobs.warehouse import releases as release

pytestmark = pytest.mark.stack
MARTS = tables_of(Layer.GOLD)
ROWS = 200
Connect = Callable[..., Any]


def arrow_type(column: Column) -> pa.DataType:
    if column.type.startswith("decimal"):
        precision, scale = column.type[8:-1].split(",")
        return pa.decimal128(int(precision), int(scale))
    return {
        "bigint": pa.int64(),
        "int": pa.int32(),
        "string": pa.string(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", "UTC"),
    }[column.type]


def value(column: Column, number: int, row: int) -> object:
    """Money is the release's number in every row, so a reader can tell which release it sees."""
    if column.type.startswith("decimal"):
        return Decimal(number)
    return {
        "bigint": row,
        "int": row,
        "string": f'text "{row}",\nnext line ✓' if row else "",
        "boolean": True,
        "date": date(2026, 1, 1),
        "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
    }[column.type]


def write_gold(number: int, tables: tuple[Table, ...] = MARTS) -> None:
    for table in tables:
        columns = []
        for column in table.columns:
            is_key = column.name in table.key
            values = [
                date.fromordinal(738_000 + row)
                if is_key and column.type == "date"
                else value(column, number, row)
                for row in range(ROWS)
            ]
            columns.append(pa.array(values, arrow_type(column)))
        rows = pa.table(columns, names=list(table.column_names))
        write_deltalake(Lake().path(table), rows, mode="overwrite", schema_mode="overwrite")


def publish(run_id: str = "run") -> None:
    assert publish_postgres.main(["--run-id", run_id]) == 0


@pytest.fixture
def reader(warehouse_database: Connect) -> Iterator[Any]:
    """A dashboard's connection."""
    config = settings()
    connection = warehouse_database(
        config.warehouse_reader_user, config.warehouse_reader_password.get_secret_value()
    )
    yield connection
    connection.close()


def query(connection: Any, statement: str) -> list[tuple[Any, ...]]:
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


@pytest.fixture
def loader(warehouse_database: Connect) -> Iterator[Any]:
    config = settings()
    connection = warehouse_database(
        config.warehouse_loader_user, config.warehouse_loader_password.get_secret_value()
    )
    yield connection
    connection.close()


def test_every_mart_arrives_as_it_is_in_gold(reader: Any) -> None:
    write_gold(7)
    publish()
    for table in MARTS:
        assert query(reader, f"SELECT count(*) FROM mart.{table.name}") == [(ROWS,)]
    names = query(reader, "SELECT DISTINCT sales_channel FROM mart.daily_sales WHERE orders < 2 ORDER BY 1")
    assert names == [("",), ('text "1",\nnext line ✓',)]
    assert query(reader, "SELECT sum(net_sales) FROM mart.daily_sales") == [(Decimal(7 * ROWS),)]


def test_before_the_first_run_every_mart_is_there_and_empty(reader: Any, loader: Any) -> None:
    assert publish_empty.main([]) == publish_empty.main([]) == 0
    assert query(loader, "SELECT count(*) FROM mart_meta.releases") == [(1,)]
    for table in MARTS:
        assert query(reader, f"SELECT * FROM mart.{table.name}") == []
    write_gold(7)
    publish()
    assert publish_empty.main([]) == 0
    for table in MARTS:
        assert query(reader, f"SELECT count(*) FROM mart.{table.name}") == [(ROWS,)]


def test_a_reader_sees_the_views_only_and_cannot_write(reader: Any) -> None:
    write_gold(1)
    publish()
    for forbidden in (
        "SELECT * FROM mart_meta.releases",
        f"SELECT * FROM mart_data.{MARTS[0].name}__1",
        "DELETE FROM mart.daily_sales",
    ):
        with pytest.raises(Exception, match=r"permission denied|read-only|does not exist"):
            query(reader, forbidden)


def test_what_did_not_change_is_not_loaded_again(reader: Any, loader: Any) -> None:
    write_gold(1)
    publish("first")
    before = query(loader, "SELECT table_name, physical_name FROM mart_meta.release_tables")
    publish("again")
    assert query(loader, "SELECT count(*) FROM mart_meta.releases") == [(1,)]
    write_gold(2, (MARTS[0],))
    publish("third")
    after = query(
        loader, "SELECT table_name, physical_name FROM mart_meta.release_tables WHERE release_id = 2"
    )
    assert {name for name, physical in after if (name, physical) not in before} == {MARTS[0].name}


def test_the_release_before_stays_and_older_ones_go(loader: Any) -> None:
    for number in (1, 2, 3):
        write_gold(number)
        publish(f"run-{number}")
    tables = query(loader, "SELECT count(*) FROM pg_tables WHERE schemaname = 'mart_data'")
    assert tables == [(2 * len(MARTS),)]


def test_readers_never_see_a_mixed_empty_or_half_release(warehouse_database: Connect, reader: Any) -> None:
    """Readers at both isolation levels, whose transactions begin before, during and after switches."""
    write_gold(1)
    publish()
    config = settings()
    seen: set[tuple[object, ...]] = set()
    stop, problems = threading.Event(), []

    def read(isolation: str) -> None:
        connection = warehouse_database(
            config.warehouse_reader_user, config.warehouse_reader_password.get_secret_value()
        )
        connection.set_session(isolation_level=isolation)
        try:
            while not stop.is_set():
                with connection, connection.cursor() as cursor:
                    cursor.execute("SELECT 1")  # a repeatable read takes its snapshot here
                    cursor.execute("SELECT sum(net_sales), count(*) FROM mart.daily_sales")
                    one = cursor.fetchone()
                    cursor.execute("SELECT sum(net_sales), count(*) FROM mart.order_trends")
                    seen.add((*one, *cursor.fetchone()))
        except Exception as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=read, args=(level,)) for level in ("READ COMMITTED", "REPEATABLE READ") * 2
    ]
    for thread in threads:
        thread.start()
    for number in (2, 3, 4):
        write_gold(number)
        publish(f"run-{number}")
    stop.set()
    for thread in threads:
        thread.join()
    whole = {(Decimal(number * ROWS), ROWS) * 2 for number in (1, 2, 3, 4)}
    assert not problems
    assert seen <= whole
    assert (Decimal(4 * ROWS), ROWS) * 2 == query_pair(reader)


def query_pair(reader: Any) -> tuple[object, ...]:
    (one,) = query(reader, "SELECT sum(net_sales), count(*) FROM mart.daily_sales")
    (other,) = query(reader, "SELECT sum(net_sales), count(*) FROM mart.order_trends")
    return (*one, *other)


def test_a_snapshot_older_than_the_load_finds_the_new_release_whole(reader: Any) -> None:
    write_gold(1)
    publish()
    reader.set_session(isolation_level="REPEATABLE READ")
    with reader, reader.cursor() as cursor:
        cursor.execute("SELECT 1")  # takes the snapshot, locks no view
        write_gold(2)
        publish("second")
        cursor.execute("SELECT sum(net_sales), count(*) FROM mart.daily_sales")
        assert cursor.fetchone() == (Decimal(2 * ROWS), ROWS)
        cursor.execute("SELECT sum(net_sales), count(*) FROM mart.order_trends")
        assert cursor.fetchone() == (Decimal(2 * ROWS), ROWS)


def test_a_long_reader_delays_the_switch_but_not_other_readers(
    warehouse_database: Connect, reader: Any
) -> None:
    write_gold(1)
    publish()
    config = settings()
    long_reader = warehouse_database(
        config.warehouse_reader_user, config.warehouse_reader_password.get_secret_value()
    )
    with long_reader.cursor() as cursor:
        cursor.execute("SELECT sum(net_sales) FROM mart.daily_sales")
        write_gold(2)
        publication = threading.Thread(target=publish, args=("second",))
        publication.start()
        publication.join(timeout=5)
        assert publication.is_alive()
        assert query_pair(reader) == (Decimal(ROWS), ROWS) * 2
        cursor.execute("SELECT sum(net_sales) FROM mart.order_trends")
        assert cursor.fetchone() == (Decimal(ROWS),)
    long_reader.rollback()
    publication.join(timeout=60)
    assert not publication.is_alive()
    assert query_pair(reader) == (Decimal(2 * ROWS), ROWS) * 2
    long_reader.close()


def test_a_publication_that_ends_half_way_leaves_the_release_served(
    reader: Any, loader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_gold(1)
    publish("first")
    write_gold(2)
    loaded: list[str] = []

    def fail_at_third(cursor: Any, table: Table, gold: Any) -> release.Published:
        if len(loaded) == 2:
            raise KeyboardInterrupt
        loaded.append(table.name)
        return release.load(cursor, table, gold)

    monkeypatch.setattr(publish_postgres, "load", fail_at_third)
    with pytest.raises(KeyboardInterrupt):
        publish("killed")
    assert query_pair(reader) == (Decimal(ROWS), ROWS) * 2
    monkeypatch.setattr(publish_postgres, "load", release.load)
    publish("again")
    assert query_pair(reader) == (Decimal(2 * ROWS), ROWS) * 2
    assert query(loader, "SELECT count(*) FROM pg_tables WHERE schemaname = 'mart_data'") == [
        (2 * len(MARTS),)
    ]


def test_a_second_publisher_is_refused(warehouse_database: Connect, loader: Any) -> None:
    write_gold(1)
    query(loader, f"SELECT pg_advisory_lock({release.PUBLISH_LOCK})")
    with pytest.raises(UserError, match="another publish_postgres"):
        publish()


def test_a_mart_that_was_never_built_stops_publication(warehouse_database: Connect) -> None:
    write_gold(1, MARTS[1:])
    with pytest.raises(UserError, match=f"{MARTS[0].id} was never built"):
        publish()


TEXTS = (
    "",
    " ",
    "a\nb",
    "a\r\nb",
    '"',
    '""',
    "\\",
    "\\.",
    "a\n\\.\nb",
    "\\N",
    "NULL",
    ",",
    "🫖",
    "\ufffd",
    "'",
    "\t",
    None,
)


def sessions_with(rows: list[dict[str, object]], **types: pa.DataType) -> None:
    """Gold with these rows of sessions; what a row leaves out has some value."""
    write_gold(1)
    table = declared("gold.sessions")
    columns = [
        pa.array(
            [row.get(c.name, value(c, 1, number)) for number, row in enumerate(rows)],
            types.get(c.name, arrow_type(c)),
        )
        for c in table.columns
    ]
    gold = pa.table(columns, names=list(table.column_names))
    write_deltalake(Lake().path(table), gold, mode="overwrite", schema_mode="overwrite")


def test_every_text_arrives_as_it_is_in_gold(reader: Any) -> None:
    sessions_with([{"landing_path": text} for text in TEXTS])
    publish()
    found = query(reader, "SELECT landing_path FROM mart.sessions ORDER BY event_count")
    assert [text for (text,) in found] == list(TEXTS)


def test_a_row_that_postgresql_refuses_is_named_and_the_last_release_stays(reader: Any) -> None:
    write_gold(1)
    publish()
    longest = "!" + "".join(sha256(bytes([n])).hexdigest() for n in range(94))  # hardly compressible
    for row, said in (
        (
            {"session_id": "s 1", "landing_path": "a\0b"},
            r"gold\.sessions at session_id 's 1', column landing_path \('a\\x00b'\): invalid byte sequence",
        ),
        ({"session_id": longest}, r"gold\.sessions at session_id '![0-9a-f]+…: index row size \d+ exceeds"),
        ({"session_id": "s 2", "device": None}, r"session_id 's 2', column device \(None\): null value"),
    ):
        sessions_with([{}, row, {}])
        with pytest.raises(UserError, match=said) as raised:
            publish("refused")
        assert "The last release stays" in str(raised.value)
        assert query(reader, "SELECT count(*) FROM mart.sessions") == [(ROWS,)]


def test_a_value_that_arrow_cannot_hand_over_is_named(reader: Any) -> None:
    sessions_with([{"landing_path": ["a"]}], landing_path=pa.list_(pa.string()))
    with pytest.raises(UserError, match=r"gold\.sessions cannot be read as PostgreSQL takes it"):
        publish()
