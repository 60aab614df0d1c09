"""The engine interface, on each engine, and a table with commits from both in turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from pyspark.sql import functions as F

from deploy.processes.stack import Stack
from spark_jobs.engine.apache_spark import SparkEngine
from spark_jobs.engine.base import Engine, Merge, Update
from spark_jobs.engine.embedded import EmbeddedEngine
from spark_jobs.engine.session import in_parallel
from spark_jobs.errors import UserError
from spark_jobs.lake.tables import Lake, Txn
from tests.integration.servers import Environment

pytestmark = pytest.mark.stack
# A select is two nested messages of a plan, and Spark's parser takes 100.
MANY_SELECTS = 80
NAMES = ("spark", "embedded")
# The table's rows after each step of a history, in the order of `number`.
Step = Callable[[Engine, str], None]


@pytest.fixture
def start(
    environment: Environment, spark_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Engine]]:
    """Called with a name, it starts that engine on the test's lake."""
    monkeypatch.setenv("SPARK_REMOTE", spark_stack.program_environment()["SPARK_REMOTE"])
    with ExitStack() as opened:

        def started(name: str) -> Engine:
            is_spark = name == "spark"
            engine = SparkEngine.start("test", Lake()) if is_spark else EmbeddedEngine.start("test", Lake())
            opened.callback(engine.close)
            return engine

        yield started


@pytest.fixture
def engines(start: Callable[[str], Engine]) -> dict[str, Engine]:
    """Both engines on one lake."""
    return {name: start(name) for name in NAMES}


@pytest.fixture(params=NAMES)
def engine(start: Callable[[str], Engine], request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn, alone: PySpark gives a checkpoint to the session that the thread opened first."""
    return start(request.param)


def test_a_checkpoint_is_found_by_the_session_that_made_it(engine: Engine) -> None:
    """The first piece, as with an unchanged table, ends before the second thread has a session."""
    found: list[int] = []

    def work(mine: Engine, number: int) -> None:
        if number:
            found.append(mine.checkpoint(mine.spark.range(number)).count())

    for _ in range(5):
        in_parallel(engine, work, [0, 3])
    assert found == [3] * 5


def test_the_longest_plan_can_be_kept(engine: Engine) -> None:
    rows = engine.spark.range(3).select(F.col("id").alias("number"))
    for _ in range(MANY_SELECTS):
        rows = rows.select((F.col("number") + 1).alias("number"))
    kept, other = engine.checkpoint(rows), engine.checkpoint(engine.spark.range(5))
    assert sorted(row["number"] for row in kept.collect()) == [MANY_SELECTS + n for n in range(3)]
    assert other.count() == 5


def stage(lake: Lake, name: str, **columns: list[Any]) -> str:
    """A folder with one Parquet file."""
    folder = f"{lake.uri}/staged/{name}"
    with lake.storage.output(f"staged/{name}/part-0.parquet") as file:
        parquet.write_table(pa.table(columns), file)
    return folder


def append(number: int, **columns: list[Any]) -> Step:
    def step(engine: Engine, path: str) -> None:
        folder = stage(engine.lake, f"{path.rpartition('/')[2]}-{number}", **columns)
        for _ in range(2):  # as a retry does
            engine.append_files(folder, path, Txn("append", number), {"step": f"append {number}"})

    return step


def merge(number: int, *rows: tuple[str, int | None]) -> Step:
    def step(engine: Engine, path: str) -> None:
        changes = engine.spark.createDataFrame(list(rows), "id string, amount long")
        values = {"id": "s.id", "amount": "s.amount"}
        wanted = Merge(
            "t.id = s.id", values, "s.amount IS NOT NULL", (Update(values, "s.amount > t.amount"),)
        )
        found = engine.merge(changes, path, wanted, Txn("merge", number), {"step": f"merge {number}"})
        assert engine.merge(changes, path, wanted, Txn("merge", number)) == {}
        assert found == {"inserted": 1, "updated": 1}

    return step


def overwrite(number: int, *rows: tuple[str, str]) -> Step:
    def step(engine: Engine, path: str) -> None:
        typed = engine.spark.createDataFrame(list(rows), "id string, at string").select(
            "id",
            F.col("at").cast("timestamp").alias("at"),
            F.lit("1.50").cast("decimal(18,4)").alias("price"),
        )
        for _ in range(2):
            engine.overwrite(typed, path, {"step": f"overwrite {number}"}, Txn("overwrite", number))

    return step


HISTORY = (
    append(0, id=["a", "b"], amount=[1, 2]),
    merge(0, ("a", 5), ("b", 1), ("c", 3), ("d", None)),
    append(1, id=["e"], amount=[4], added=["new"]),
    merge(1, ("e", 9), ("f", 6)),
    overwrite(0, ("a", "0001-01-01 00:00:00"), ("b", "9999-12-31 23:59:59.999999")),
)


def history_of(engines: dict[str, Engine], path: str, names: tuple[str, ...]) -> list[Any]:
    """After each step by the engine of that name: the rows, the columns' types, what the log says."""
    lake, seen = engines["spark"].lake, []
    for step, name in zip(HISTORY, names, strict=True):
        step(engines[name], path)
        table = lake.open(path)
        found = table.to_pyarrow_dataset().to_table()
        columns = sorted(found.column_names)
        rows = sorted(zip(*(found[column].to_pylist() for column in columns), strict=True), key=repr)
        types = json.loads(table.schema().to_json())
        said = {app: lake.committed(path, app) for app in ("append", "merge", "overwrite")}
        seen.append((rows, types, table.version(), lake.commit_metadata(path), said))
    return seen


@pytest.mark.parametrize("first", NAMES)
def test_a_table_cannot_tell_which_engine_wrote(engines: dict[str, Engine], first: str) -> None:
    second = next(name for name in NAMES if name != first)
    alone = history_of(engines, f"{Lake().uri}/alone", (first,) * len(HISTORY))
    mixed = (first, second, first, second, first)
    assert history_of(engines, f"{Lake().uri}/mixed", mixed) == alone
    assert [step[2] for step in alone] == list(range(len(HISTORY)))


@pytest.mark.parametrize("writer", NAMES)
def test_what_one_engine_appends_both_read_as_new(engines: dict[str, Engine], writer: str) -> None:
    path = f"{Lake().uri}/fed"
    for number, (key, text) in enumerate((("a", "x"), ("b", "y"), ("c", "z"))):
        append(number, id=[key], text=[text])(engines[writer], path)
    for engine in engines.values():
        assert [tuple(row) for row in engine.appended(path, 0, 1).collect()] == [("b", "y")]
        assert sorted(row["id"] for row in engine.read(path, 1).collect()) == ["a", "b"]


TOO_LARGE = """
from pyspark.sql import functions as F
from spark_jobs.engine.session import open_engine
from spark_jobs.lake.tables import Lake
with open_engine("test", Lake()) as engine:
    wide = engine.spark.range(20_000_000).select(F.concat(F.lit("x" * 100), "id").alias("text"))
    wide.join(wide.withColumnRenamed("text", "other"), F.col("text") == F.col("other")).count()
"""


def test_a_table_too_large_for_the_embedded_engine_is_one_line(environment: Environment) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TOO_LARGE],
        env=os.environ | environment.values | {"SPARK_ENGINE": "embedded", "SPARK_DRIVER_MEMORY": "400m"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == UserError.exit_code
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: test needs more memory than SPARK_DRIVER_MEMORY=400m allows")
    assert "SPARK_ENGINE=spark" in line
