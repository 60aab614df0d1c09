"""Content and freshness of the lake, read from Delta's logs without Spark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from deltalake import DeltaTable

from contracts.model import Layer
from contracts.registry import table, tables_of
from spark_jobs.lake.tables import Lake
from spark_jobs.run.record import Step, read_step


@dataclass(frozen=True)
class TableFacts:
    """A Delta table by its name for `sql --lake`: rows, bytes of its live files, newest commit, UTC."""

    layer: str
    name: str
    rows: int
    size_bytes: int
    committed_at: datetime


def facts(lake: Lake) -> list[TableFacts]:
    """Return every table in the lake, layer by layer."""
    found = []
    for layer, name, path in paths(lake):
        if lake.exists(path):
            delta = lake.open(path)
            newest = int(delta.history(1)[0]["timestamp"])
            committed_at = datetime.fromtimestamp(newest / 1000, UTC)
            found.append(TableFacts(layer, name, int(delta.count()), lake.size(path), committed_at))
    return found


def newest_order_placed_at(lake: Lake) -> datetime | None:
    """Return when the newest order was placed, UTC, from file statistics; None when unknown."""
    path = lake.path(table("silver.orders"))
    return _newest(lake.open(path), "placed_at") if lake.exists(path) else None


@dataclass(frozen=True)
class QuarantineFacts:
    """Rows in quarantine: the total, the newest one's time, UTC, and how many the last run added."""

    rows: int
    newest_at: datetime | None
    of_last_run: int


def quarantine_facts(lake: Lake, last_run: Sequence[Step]) -> QuarantineFacts:
    """Return how much is in quarantine, from the logs of its tables and the record of the run."""
    paths = map(lake.quarantine_path, tables_of(Layer.SILVER))
    there = [lake.open(path) for path in paths if lake.exists(path)]
    moments = [moment for delta in there if (moment := _newest(delta, "quarantined_at"))]
    added = [record for step in last_run if step.name == "build_silver" for record in step.tables.values()]
    return QuarantineFacts(
        sum(int(delta.count()) for delta in there),
        max(moments, default=None),
        sum(record.quarantined for record in added),
    )


def _newest(delta: DeltaTable, column: str) -> datetime | None:
    """Return the greatest time in a column, UTC, from file statistics; None when unknown."""
    actions = delta.get_add_actions(flatten=True)
    if f"max.{column}" not in actions.schema.names:
        return None
    values = [value for value in actions.column(f"max.{column}").to_pylist() if value is not None]
    newest = max(values, default=None)
    return newest.replace(tzinfo=newest.tzinfo or UTC) if newest else None


def last_run(lake: Lake) -> list[Step]:
    """Return the steps of the newest run in order of their start; empty when nothing ran."""
    runs: list[list[Step]] = []
    for run_id in lake.storage.names("runs"):
        files = [name for name in lake.storage.names(f"runs/{run_id}") if name.endswith(".json")]
        steps = [step for name in files if (step := read_step(lake, run_id, name.removesuffix(".json")))]
        if steps:
            runs.append(sorted(steps, key=lambda step: step.started_at))
    return max(runs, key=lambda steps: steps[-1].started_at, default=[])


def paths(lake: Lake) -> Iterable[tuple[str, str, str]]:
    """Return layer, name for `sql --lake` and path of every declared table, existing or not."""
    for source in tables_of(Layer.SHOP):
        yield "bronze", f"bronze_{source.name}", lake.path(source)
    for topic in tables_of(Layer.EVENTS):
        yield "bronze", "bronze_events", lake.path(topic)
    for each in tables_of(Layer.SILVER):
        yield "silver", f"silver_{each.name}", lake.path(each)
    for each in tables_of(Layer.SILVER):
        yield "quarantine", f"quarantine_{each.name}", lake.quarantine_path(each)
    for mart in tables_of(Layer.GOLD):
        yield "gold", f"gold_{mart.name}", lake.path(mart)
