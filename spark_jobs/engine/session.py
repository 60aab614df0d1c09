"""The engine of a job, as configured in the settings, and parallel work on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TypeVar

from spark_jobs.engine.apache_spark import SparkEngine
from spark_jobs.engine.base import Engine
from spark_jobs.engine.embedded import EmbeddedEngine
from spark_jobs.lake.tables import Lake
from spark_jobs.settings import settings

Item = TypeVar("Item")


@contextmanager
def open_engine(app_name: str, lake: Lake) -> Iterator[Engine]:
    """Open the engine that `SPARK_ENGINE` names for one job, and close it at the end.

    Raises:
        TransientError: when `SPARK_REMOTE` names a server that does not answer.
    """
    if settings().spark_engine == "spark":
        engine: Engine = SparkEngine.start(app_name, lake)
    else:
        engine = EmbeddedEngine.start(app_name, lake)
    try:
        yield engine
    finally:
        engine.close()


def in_parallel(
    engine: Engine, work: Callable[[Engine, Item], None], items: Iterable[Item], workers: int = 2
) -> None:
    """Run independent tasks in parallel; each worker has its own session, with its own settings.

    Raises:
        Exception: the first that a task raised, after the others have ended.
    """
    # A thread keeps its session: PySpark assigns a checkpoint to the session that the thread opened first.
    mine = threading.local()
    made: SimpleQueue[Engine] = SimpleQueue()

    def run(item: Item) -> None:
        if not hasattr(mine, "engine"):
            mine.engine = engine.sibling()
            made.put(mine.engine)
        work(mine.engine, item)

    try:
        with ThreadPoolExecutor(max_workers=workers) as pool:
            for future in [pool.submit(run, item) for item in items]:
                future.result()
    finally:
        while not made.empty():
            made.get().close()
