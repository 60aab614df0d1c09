"""Run records: what each step did, per table; printed at the end of its log and kept in the lake as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table as ScreenTable

from spark_jobs.errors import UserError, note, told, trace_of
from spark_jobs.lake.object_store import require_bucket
from spark_jobs.lake.tables import Lake
from spark_jobs.settings import settings


@dataclass
class TableRecord:
    """The row counts of a step for one table. Invariant: read = passed + quarantined + duplicates."""

    read: int = 0
    passed: int = 0
    quarantined: int = 0
    duplicates: int = 0
    written: int = 0
    seconds: float = 0.0
    note: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    def assert_law(self, table_id: str) -> None:
        """Check that every row read is accounted for.

        Raises:
            AssertionError: when rows were lost or invented; nothing of the step may then be published.
        """
        if self.read != self.passed + self.quarantined + self.duplicates:
            raise AssertionError(
                f"{table_id}: {self.read} rows read, but {self.passed} passed, {self.quarantined} were"
                f" quarantined and {self.duplicates} were duplicates"
            )


@dataclass
class Step:
    """One step of one run."""

    run_id: str
    name: str
    tables: dict[str, TableRecord] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    state: str = "running"
    seconds: float = 0.0

    def table(self, table_id: str) -> TableRecord:
        """Return the record of a table, created on first use."""
        return self.tables.setdefault(table_id, TableRecord())

    @contextmanager
    def timed(self, table_id: str) -> Iterator[TableRecord]:
        """Yield the record of a table, and add the time spent inside to it."""
        record, start = self.table(table_id), time.monotonic()
        try:
            yield record
        except Exception as error:
            note(error, "table", table_id)
            raise
        finally:
            record.seconds = round(record.seconds + time.monotonic() - start, 2)


@contextmanager
def run_step(name: str, run_id: str, lake: Lake) -> Iterator[Step]:
    """Record a step, however it ends; repeating the step replaces the record.

    The stack trace of an unexpected error is kept beside the record.
    """
    require_bucket(settings())
    step, start = Step(run_id=run_id, name=name), time.monotonic()
    try:
        yield step
        step.state = "success"
    except BaseException as error:
        step.state = "failed"
        if isinstance(error, Exception):
            _keep_trace(error, step, lake)
            step.details["error"] = told(error, name)
        raise
    finally:
        step.seconds = round(time.monotonic() - start, 2)
        lake.storage.write(f"runs/{run_id}/{name}.json", json.dumps(asdict(step), indent=1).encode())
        print_step(step)


def _keep_trace(error: Exception, step: Step, lake: Lake) -> None:
    if isinstance(error, UserError):
        return
    path = f"runs/{step.run_id}/{step.name}.trace.txt"
    with suppress(Exception):  # the original error matters more than the present one
        lake.storage.write(path, trace_of(error).encode(errors="replace"))
        note(error, "trace", f"{lake.uri}/{path}")


def print_step(step: Step) -> None:
    """Print the step's table, sized for a log."""
    columns = ("read", "passed", "quarantined", "duplicates", "written")
    screen = ScreenTable(title=f"{step.name}: {step.state} in {step.seconds:.1f} s", title_justify="left")
    screen.add_column("table")
    for column in (*columns, "seconds"):
        screen.add_column(column, justify="right")
    screen.add_column("note")
    for table_id, record in step.tables.items():
        numbers = [f"{getattr(record, column):,}" for column in columns]
        screen.add_row(table_id, *numbers, f"{record.seconds:.1f}", record.note)
    Console(width=150, force_terminal=False).print(screen)


def read_step(lake: Lake, run_id: str, name: str) -> Step | None:
    """Return the record of a step, or None. Other versions of the code may have recorded other fields."""
    try:
        kept = json.loads(lake.storage.read(f"runs/{run_id}/{name}.json"))
    except FileNotFoundError:
        return None
    tables = {
        table_id: TableRecord(**_known(TableRecord, record))
        for table_id, record in kept.get("tables", {}).items()
    }
    return Step(**{**_known(Step, kept), "run_id": run_id, "name": name, "tables": tables})


def _known(kind: type[Step | TableRecord], said: dict[str, Any]) -> dict[str, Any]:
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in said.items() if name in names}


def newest_steps(lake: Lake, name: str, limit: int = 50) -> list[Step]:
    """Return the records of a step, newest first."""
    steps = [read_step(lake, run_id, name) for run_id in lake.storage.names("runs")]
    return sorted((step for step in steps if step), key=lambda step: step.started_at, reverse=True)[:limit]
