"""The lake in an object store: the same rows as in a folder, no commit lost, and errors in one line."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession
from tenacity import retry, stop_after_delay, wait_fixed

from contracts.model import Layer
from contracts.registry import TABLES, tables_of
from contracts.sources.events import CAPTURED
from deploy.env.env_file import set_values
from deploy.processes.stack import Stack
from spark_jobs.engine.session import open_engine
from spark_jobs.lake.archive import archived_files, archived_rows
from spark_jobs.lake.tables import Lake
from spark_jobs.settings import settings
from spark_jobs.sources.event_topics import event_sources
from spark_jobs.sources.kafka_offsets import lag, next_offsets, offered
from tests.integration.object_store import BUCKET, SECRET, ObjectStore, deaf_server, object_store
from tests.integration.servers import Environment, Shop, free_ports, streaming
from tests.stack.pipeline import Rows, assert_same, run_steps, shoplake

pytestmark = [pytest.mark.stack, pytest.mark.long]
REFUSED, NO_ANSWER = 2, 75
SECONDS_TO_A_REFUSAL, SECONDS_TO_A_START = 60, 120
RACE_SECONDS, LOST_VERSIONS = 120, 3
# Columns that may differ after a second ingest of the same rows.
BATCH = {"_ingested_at", "_ingested_date", "_batch_id"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with object_store(tmp_path_factory.mktemp("store") / "s3.log") as running:
        yield running


@pytest.fixture(scope="module")
def s3_stack(
    store: ObjectStore, home: Path, data_stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """An installation whose lake is in S3, on the session's databases and Kafka, with a Spark of its own."""
    folder = tmp_path_factory.mktemp("s3")
    shutil.copy(home / ".env", folder / ".env")
    own = {
        "LAKE_URI": f"s3a://{BUCKET}/lake",
        "STREAM_CHECKPOINT_DIR": str(folder / "checkpoints"),
        "SPARK_ENGINE": "spark",
        "SPARK_REMOTE": f"sc://127.0.0.1:{free_ports()[0]}",
    }
    set_values(folder / ".env", own | store.settings)
    stack = Stack(folder / ".shoplake", folder / ".env")
    stack.up(only=("spark-connect",))
    yield stack
    stack.delete()


@pytest.fixture
def in_s3(
    environment: Environment, s3_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Environment]:
    """Called when shop, topic and warehouse are there: the same, with the lake in S3."""

    def move(**changed: str) -> Environment:
        names = ("LAKE_URI", "STREAM_CHECKPOINT_DIR", "SPARK_ENGINE", "SPARK_REMOTE")
        there = s3_stack.program_environment()
        values = {name: there[name] for name in there if name.startswith("AWS_") or name in names} | changed
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        return Environment(environment.values | values)

    return move


@pytest.mark.parametrize("engine", ["spark", "embedded"])
def test_the_pipeline_ends_in_the_same_rows_as_with_a_folder(
    *,
    engine: str,
    environment: Environment,
    shop: Shop,
    topic: str,
    warehouse_database: Callable[..., Any],
    in_s3: Callable[..., Environment],
    data_stack: Stack,
    s3_stack: Stack,
    tmp_path: Path,
) -> None:
    environment.values |= {"SIMULATOR_RECORD_DIR": str(tmp_path), "STREAM_TRIGGER_SECONDS": "1"}
    environment.simulate("load", "--days", "5", "--customers", "40")
    folder = Lake()
    with streaming(Environment(data_stack.servers()["stream"].environment | environment.values)):
        wait_until_caught_up(folder)
    run_steps(environment, "folder", ("ingest_mysql", "build_silver", "build_gold"))
    jobs = in_s3(SPARK_ENGINE=engine, LAKE_URI=f"s3a://{BUCKET}/{'lake' if engine == 'spark' else engine}")
    lake = Lake()
    with streaming(Environment(s3_stack.servers()["stream"].environment | jobs.values)):
        wait_until_caught_up(lake)
    run_steps(jobs, "first")
    assert_same(every_row(lake), every_row(folder))

    before = versions(lake)
    run_steps(jobs, "second", ("ingest_mysql", "build_silver", "build_gold", "reconcile"))
    assert versions(lake) == before

    events = lake.row_count(lake.path(CAPTURED))
    jobs.must_run("archive_bronze", "--run-id", "upkeep", "--older-than", "0")
    jobs.must_run("maintain_lake", "--run-id", "upkeep")
    assert archived_rows(lake, CAPTURED) > 0
    assert archived_files(lake, CAPTURED)
    assert archived_rows(lake, CAPTURED) + lake.row_count(lake.path(CAPTURED)) == events
    run_steps(jobs, "third", ("build_silver", "build_gold", "reconcile"))
    assert_same(every_row(lake, Layer.SILVER, Layer.GOLD), every_row(folder, Layer.SILVER, Layer.GOLD))
    if engine == "spark":  # the engine and the lake of the installation itself
        assert_the_command_reads(s3_stack, lake)
    assert_no_secret_shows(s3_stack)


def assert_the_command_reads(stack: Stack, lake: Lake) -> None:
    home = stack.env_file.parent
    done = shoplake(home, "sql", "--lake", "select count(*) as orders from silver_orders", "--csv")
    rows = lake.row_count(lake.path(TABLES["silver.orders"]))
    assert (done.returncode, done.stdout) == (0, f"orders\n{rows}\n")
    assert "Last run: third" in shoplake(home, "status").stdout
    assert f"✓ Lake: at {lake.uri}" in shoplake(home, "doctor").stdout


def assert_no_secret_shows(stack: Stack) -> None:
    commands = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert any("SparkConnectServer" in command for command in commands)
    assert not [command for command in commands if SECRET in command]
    logs = [path for path in stack.home.logs.rglob("*") if path.is_file()]
    assert logs
    assert not [path for path in logs if SECRET in path.read_text(errors="replace")]


@retry(stop=stop_after_delay(120), wait=wait_fixed(0.5), reraise=True)
def wait_until_caught_up(lake: Lake) -> None:
    (source,) = event_sources(settings())
    ((topic, there),) = offered(source).items()
    assert lag(next_offsets(lake, topic.in_bronze), there) == 0


def every_row(lake: Lake, *layers: Layer) -> dict[str, Rows]:
    """Every row of every table of these layers, or of all, that has any; sorted, the columns' names first."""
    paths = {table.id: lake.path(table) for layer in layers or Layer for table in tables_of(layer)}
    return {name: rows_of(lake, path) for name, path in paths.items() if lake.row_count(path)}


def rows_of(lake: Lake, path: str) -> Rows:
    found = lake.open(path).rows().to_table()
    names = sorted(set(found.column_names) - BATCH)
    rows = zip(*(found.column(name).to_pylist() for name in names), strict=True)
    return [tuple(names), *sorted(rows, key=repr)]


def versions(lake: Lake) -> dict[str, int]:
    paths = {table.id: lake.path(table) for table in TABLES.values()}
    return {name: lake.open(path).version() for name, path in paths.items() if lake.exists(path)}


# -- two writers of one table --------------------------------------------------------------------------------


def append_by_delta_rs(lake: Lake, path: str, number: int) -> None:
    rows = pa.table({"who": ["delta-rs"], "number": pa.array([number], pa.int64())})
    write_deltalake(path, rows, mode="append", storage_options=lake.storage.options)


def append_by_spark(spark: SparkSession, path: str, number: int) -> None:
    rows = spark.createDataFrame([("spark", number)], "who string, number long")
    writer = rows.write.format("delta").mode("append").option("txnAppId", "race").option("txnVersion", number)
    writer.save(path)


def written(lake: Lake, path: str) -> list[tuple[str, int]]:
    rows = lake.open(path).rows().to_table().to_pylist()
    return sorted((row["who"], row["number"]) for row in rows)


@retry(stop=stop_after_delay(60), wait=wait_fixed(0.02), reraise=True)
def wait_until_held(store: ObjectStore) -> None:
    assert store.steer("state")["held"]


@pytest.mark.parametrize("held", ["spark", "delta-rs"])
def test_a_commit_that_comes_between_is_not_overwritten(
    in_s3: Callable[..., Environment], store: ObjectStore, held: str
) -> None:
    """One writer has seen that its version is free; before its put arrives, the other commits it."""
    in_s3(LAKE_URI=f"s3a://{BUCKET}/{held}-held")
    lake = Lake()
    path = f"{lake.uri}/raced"
    append_by_delta_rs(lake, path, 0)
    with open_engine("held", lake) as engine:
        writers = {
            "spark": lambda: append_by_spark(engine.spark, path, 1),
            "delta-rs": lambda: append_by_delta_rs(lake, path, 1),
        }
        store.steer(f"hold/{held}")
        waiting = threading.Thread(target=writers.pop(held))
        waiting.start()
        wait_until_held(store)
        (other,) = writers.values()
        other()
        waiting.join()
    assert written(lake, path) == [("delta-rs", 0), ("delta-rs", 1), ("spark", 1)]
    assert store.steer("state")["refused"][-1:] == [held]
    assert lake.committed(path, "race") == 1


def test_every_commit_of_two_writers_survives(in_s3: Callable[..., Environment], store: ObjectStore) -> None:
    """They race until Spark, the slower one, has lost some versions to the other."""
    in_s3(LAKE_URI=f"s3a://{BUCKET}/raced")
    lake = Lake()
    path = f"{lake.uri}/raced"
    append_by_delta_rs(lake, path, 0)
    before, deadline = len(store.steer("state")["refused"]), time.monotonic() + RACE_SECONDS
    done, failures = {"delta-rs": 0, "spark": 0}, []

    def is_over() -> bool:
        lost = len(store.steer("state")["refused"]) - before
        return lost >= LOST_VERSIONS or bool(failures) or time.monotonic() > deadline

    def race(name: str, append: Callable[[int], None]) -> None:
        try:
            while not is_over():
                append(done[name] + 1)
                done[name] += 1
        except BaseException as error:
            failures.append(error)

    with open_engine("race", lake) as engine:
        appends = {
            "spark": lambda number: append_by_spark(engine.spark, path, number),
            "delta-rs": lambda number: append_by_delta_rs(lake, path, number),
        }
        writers = [threading.Thread(target=race, args=each) for each in appends.items()]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
    assert failures == []
    assert len(store.steer("state")["refused"]) - before >= LOST_VERSIONS
    expected = [(name, number) for name, count in done.items() for number in range(1, count + 1)]
    assert written(lake, path) == sorted([("delta-rs", 0), *expected])


def test_a_store_that_ignores_conditions_is_refused(
    topic: str, in_s3: Callable[..., Environment], s3_stack: Stack, store: ObjectStore
) -> None:
    jobs = in_s3(LAKE_URI=f"s3a://{BUCKET}/unconditional")
    stream = Environment(s3_stack.servers()["stream"].environment | jobs.values)
    store.steer("unconditional")
    try:
        with streaming(stream) as refused:
            _, said = refused.communicate(timeout=SECONDS_TO_A_START)
    finally:
        store.steer("conditional")
    assert refused.returncode == REFUSED
    assert f"error: The store of s3a://{BUCKET} ignores If-None-Match" in said
    assert "Traceback" not in said
    assert not [name for name in Lake().storage.names("bronze/events/_delta_log") if name.endswith(".json")]


# -- mistakes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"LAKE_URI": "s3://bucket/lake"}, ("neither a folder nor s3a://bucket/prefix",)),
        ({"AWS_SECRET_ACCESS_KEY": ""}, ("needs AWS_SECRET_ACCESS_KEY", "in .env")),
        ({"AWS_ACCESS_KEY_ID": "wrong"}, ("refuses these keys", "AWS_ACCESS_KEY_ID")),
        ({"LAKE_URI": "s3a://no-such-bucket/lake"}, ("has no bucket 'no-such-bucket'", "LAKE_URI")),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, ("does not answer", "AWS_ENDPOINT_URL")),
    ],
)
def test_what_is_wrong_with_the_store_is_said_in_one_line(
    in_s3: Callable[..., Environment], s3_stack: Stack, changed: dict[str, str], words: tuple[str, ...]
) -> None:
    code = NO_ANSWER if "does not answer" in words else REFUSED
    said = refusal_of(in_s3(**changed), code)
    assert all(word in said for word in words), said
    by_command = shoplake(s3_stack.env_file.parent, "sql", "--lake", "select 1")
    assert (by_command.returncode, by_command.stderr) == (1, said.replace("error: ", "✗ ", 1))


def test_a_store_that_never_answers_is_given_up(in_s3: Callable[..., Environment]) -> None:
    with deaf_server() as port:
        said = refusal_of(in_s3(AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}"), NO_ANSWER)
    assert "does not answer" in said and "AWS_ENDPOINT_URL" in said


def refusal_of(jobs: Environment, code: int) -> str:
    """What the first step of a run says of a store that cannot be used: one line, within a minute."""
    began = time.monotonic()
    refused = jobs.run("check_sources", "--run-id", "1")
    assert time.monotonic() - began < SECONDS_TO_A_REFUSAL
    assert (refused.returncode, refused.stderr.count("\n")) == (code, 1), refused.stderr
    assert refused.stderr.startswith("error: ")
    return refused.stderr
