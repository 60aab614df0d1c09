"""Marts built from silver rows through the marts before them."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame, SparkSession

from contracts.model import Layer
from contracts.registry import TABLES
from spark_jobs.build.quality import conform
from spark_jobs.gold import BUILD
from tests.unit.dataframes import CONTEXT, rows


class Chain:
    """The marts of these rows of silver, e.g. `silver_orders=[…]`; what is left out is empty."""

    def __init__(self, spark: SparkSession, **given: list[dict[str, Any]]) -> None:
        self._spark, self._given = spark, given
        self._built: dict[str, DataFrame] = {}

    def mart(self, name: str) -> DataFrame:
        """A mart, built once."""
        if name not in self._built:
            table = TABLES[f"gold.{name}"]
            inputs = {source.replace(".", "_"): self._input(source) for source in table.inputs}
            made = conform(BUILD[name](**inputs, context=CONTEXT), table)
            # As rows: otherwise every later mart would compute it again.
            self._built[name] = self._spark.createDataFrame(made.collect(), made.schema)
        return self._built[name]

    def _input(self, name: str) -> DataFrame:
        source = TABLES[name]
        if source.layer is Layer.GOLD:
            return self.mart(source.name)
        return rows(self._spark, source, *self._given.get(name.replace(".", "_"), []))
