"""Derived tables: each is rebuilt when its inputs, its code or the day have changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from pyspark.sql import DataFrame

from contracts.model import Layer, OnFailure, Table
from contracts.registry import table as declared
from spark_jobs.build.fingerprint import fingerprint
from spark_jobs.build.quality import conform, warnings, within_limits
from spark_jobs.columns.context import Context
from spark_jobs.engine.base import Engine
from spark_jobs.engine.session import in_parallel
from spark_jobs.lake.tables import DataCommit, Lake
from spark_jobs.run.record import Step

# Called with the built rows, their table and its inputs; raises if the table must not be replaced.
Gate = Callable[[DataFrame, Table, Mapping[str, DataFrame]], None]


@dataclass(frozen=True)
class DerivedTables:
    """The derived tables of one layer, and how they are built.

    `functions` maps a table name to the pure function that is called with the table's inputs by name.
    `code` is a hash of the code behind them. With a `rebuild_id`, each table is built once for that id,
    changed or not, so that a retry continues where the previous attempt was killed.
    """

    tables: Sequence[Table]
    functions: Mapping[str, Callable[..., DataFrame]]
    lake: Lake
    context: Context
    code: str
    step: Step
    rebuild_id: str | None = None
    gate: Gate | None = None

    def any_stale(self) -> bool:
        """Return whether any table is out of date with its inputs, its code or the day."""
        return any(map(self._is_stale, self.tables))

    def note_unchanged(self) -> None:
        """Put every table into the run record as unchanged."""
        for table in self.tables:
            self.step.table(table.id).note = "unchanged"

    def build(self, engine: Engine) -> None:
        """Build the stale tables, each after its inputs, independent ones in parallel."""
        names = {table.id for table in self.tables}
        order = TopologicalSorter({t.id: [i for i in t.inputs if i in names] for t in self.tables})
        order.prepare()
        while order.is_active():
            ready = order.get_ready()
            in_parallel(engine, self._bring_up_to_date, [declared(name) for name in ready])
            order.done(*ready)

    def _bring_up_to_date(self, engine: Engine, table: Table) -> None:
        if self._is_stale(table):
            self._build(engine, table)
        else:
            self.step.table(table.id).note = "unchanged"

    def _build(self, engine: Engine, table: Table) -> None:
        with self.step.timed(table.id) as record:
            commits = self._inputs(table)
            inputs = {
                name.replace(".", "_"): engine.read(self.lake.path(declared(name)), commit.readable)
                for name, commit in commits.items()
            }
            rows = conform(self.functions[table.name](**inputs, context=self.context), table)
            if table.layer is Layer.SILVER:
                rows = within_limits(rows, table)
            if self.gate or _has_warnings(table):
                rows = engine.checkpoint(rows)  # checked before it is written
            if self.gate:
                self.gate(rows, table, inputs)
            warned = warnings(rows, table)
            metadata = {
                "built_from": self._state(commits),
                "inputs": {name: commit.version for name, commit in commits.items()},
                "rebuild": self.rebuild_id,
                "run_id": self.step.run_id,
                "quality": {"warned": warned},
            }
            path = self.lake.path(table)
            engine.overwrite(rows, path, metadata)
            record.written = record.passed = record.read = self.lake.row_count(path)
            record.details = {"warned": warned}
            record.note = ", ".join(f"{name}: {count:,} warned" for name, count in warned.items())

    def _is_stale(self, table: Table) -> bool:
        commits = self._inputs(table)
        if len(commits) < len(table.inputs):
            return False  # an input is not built yet
        said = self.lake.commit_metadata(self.lake.path(table)) or {}
        is_rebuilt = self.rebuild_id is None or said.get("rebuild") == self.rebuild_id
        return not is_rebuilt or said.get("built_from") != self._state(commits)

    def _inputs(self, table: Table) -> dict[str, DataCommit]:
        found = {name: self.lake.data_commit(self.lake.path(declared(name))) for name in table.inputs}
        return {name: commit for name, commit in found.items() if commit}

    def _state(self, commits: Mapping[str, DataCommit]) -> str:
        versions = {name: commit.version for name, commit in commits.items()}
        return fingerprint(self.code, self.context, versions)


def _has_warnings(table: Table) -> bool:
    return any(check.on_failure is OnFailure.WARN for check in table.checks)
