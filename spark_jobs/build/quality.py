"""Rows checked against their contract: types, row checks, versions and whole-table checks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from contracts.model import CARRIED_COLUMNS, Form, Layer, OnFailure, Table
from spark_jobs.build.bounds import RowCheck, is_missing, key_checks, limit_checks, repaired


class MissingColumnsError(ValueError):
    """A transformation did not return all columns that its contract declares."""


def conform(df: DataFrame, table: Table) -> DataFrame:
    """Select exactly the contract's columns, in its order and types, plus CARRIED_COLUMNS and `_problems`.

    Raises:
        MissingColumnsError: naming the table and the columns.
    """
    present = df.columns
    missing = [name for name in table.column_names if name not in present]
    if missing:
        raise MissingColumnsError(f"{table.id} lacks {', '.join(missing)}; it has {', '.join(present)}")
    carried = [
        name for name in (*CARRIED_COLUMNS, "_problems") if name in present and name not in table.column_names
    ]
    return df.select(*(F.col(c.name).try_cast(c.type).alias(c.name) for c in table.columns), *carried)


def check_rows(df: DataFrame, table: Table) -> DataFrame:
    """Repair rows of a source and add the names of the checks they break: `_failed`, `_warned`, `_fatal`.

    These are arrays, never null. `_failed` sends a row to quarantine, `_warned` only counts it, `_fatal`
    stops the run. A deletion has only its key and breaks no check. A row with `_problems` could not be read:
    those are its only reasons, since checks would merely repeat them.
    """
    raw_fields = set(df.select("_raw.*").columns) if "_raw" in df.columns else set()
    names: dict[OnFailure, list[Column]] = {consequence: [] for consequence in OnFailure}
    for name, consequence, breaks in _row_checks(table, raw_fields):
        names[consequence].append(F.when(breaks, F.lit(name)))
    is_upsert = F.col("_op") != "delete" if "_op" in df.columns else F.lit(True)
    failed = _names(names[OnFailure.QUARANTINE])
    if "_problems" in df.columns:
        problems = F.coalesce(F.col("_problems"), _names([]))
        failed = F.when(F.size(problems) > 0, problems).otherwise(failed)
    others = (name for name in df.columns if name not in table.column_names and name != "_problems")
    return df.select(
        *(repaired(table, column) for column in table.columns),
        *others,
        *(
            F.when(is_upsert, broken).otherwise(_names([])).alias(alias)
            for alias, broken in (
                ("_failed", failed),
                ("_warned", _names(names[OnFailure.WARN])),
                ("_fatal", _names(names[OnFailure.FAIL])),
            )
        ),
    )


def within_limits(df: DataFrame, table: Table) -> DataFrame:
    """Repair values of derived rows that exceed a limit, or set them to null where the contract allows it."""
    return df.select(*(repaired(table, column) for column in table.columns))


def mark_shared_keys(df: DataFrame, table: Table, source: Table) -> DataFrame:
    """Reject checked rows whose key another row has as well, as `key_not_unique`.

    Silver normalises some keys, so two rows of the source can have one key. The ingest delivers all of them
    in one snapshot. The row whose key is already in normal form stays, otherwise the first by the source's
    key as text; so the choice does not depend on earlier batches.
    """
    if all(source.column(name).form is Form.EXACT for name in source.key):
        return df
    in_source = [F.col(f"_raw.{name}").cast("string") for name in source.key]
    in_silver = [F.col(name).cast("string") for name in table.key]
    is_as_written = F.lit(True)
    for raw, written in zip(in_source, in_silver, strict=True):
        is_as_written = is_as_written & raw.eqNullSafe(written)
    claimants = Window.partitionBy(*table.key, "_ingested_at", "_op").orderBy(
        is_as_written.desc(), *in_source
    )
    has_key = F.lit(True)
    for name in table.key:
        has_key = has_key & F.col(name).isNotNull()
    is_other = (F.col("_op") != "delete") & has_key & (F.col("_claim") > 1)
    shared = F.array_append(F.col("_failed"), F.lit("key_not_unique"))
    ranked = df.withColumn("_claim", F.row_number().over(claimants))
    return ranked.withColumn("_failed", F.when(is_other, shared).otherwise(F.col("_failed"))).drop("_claim")


def newest_state(df: DataFrame, table: Table) -> DataFrame:
    """Return one row per key: the contract's columns of its newest version, and whether the row is deleted.

    Expects rows that passed their checks. The newest version is the one of the latest snapshot, then the
    greatest by `newest_by`; remaining ties are broken by the values themselves. A snapshot is the state of
    the source, so a row that was deleted and came back with its old `updated_at` exists again. A row is
    deleted when its deletion has a later snapshot than its newest version; in the same snapshot, the deletion
    belongs to another source row with the same normalised key. Without `newest_by`, our own topic wins over
    others, then what reached bronze first, as in every later batch (`incremental.commit`). `_is_delete_only`
    marks keys that occur only as a deletion.
    """
    carried = ("_ingested_at", "_version_at", "_batch_id")
    position = ("_kafka_topic", "_kafka_partition", "_kafka_offset")
    order = ("_ingested_at", *(table.newest_by or position))
    names = [name for name in dict.fromkeys((*order, *table.column_names, *carried)) if name not in table.key]
    is_deletion = F.col("_op") == "delete"
    # A name with a colon belongs to another Kafka than ours: no topic name contains one.
    is_foreign = () if table.newest_by else (F.col("_kafka_topic").contains(":"),)
    by_value = (F.col(name).desc() if table.newest_by else F.col(name).asc() for name in names)
    of_key = Window.partitionBy(*table.key)
    # Ranked rather than aggregated to a greatest struct, for which Sail holds every row as an object.
    ranked = df.select(
        "*",
        F.row_number().over(of_key.orderBy(is_deletion, *is_foreign, *by_value)).alias("_rank"),
        F.max(F.when(is_deletion, F.struct(*carried))).over(of_key).alias("_deletion"),
    ).where("_rank = 1")
    deleted_last = F.col("_deletion._ingested_at") > F.col("_ingested_at")
    is_deleted = is_deletion | F.coalesce(deleted_last, F.lit(False))
    system = [F.when(is_deleted, F.col(f"_deletion.{n}")).otherwise(F.col(n)).alias(n) for n in carried]
    return ranked.select(
        *(name for name in table.column_names if name not in carried),
        is_deleted.alias("is_deleted"),
        *system,
        is_deletion.alias("_is_delete_only"),
    )


def only_state(df: DataFrame, table: Table) -> DataFrame:
    """Return what `newest_state` does for rows with unique keys, without grouping them."""
    carried = ("_ingested_at", "_version_at", "_batch_id")
    is_deletion = F.col("_op") == "delete"
    return df.select(
        *(name for name in table.column_names if name not in carried),
        is_deletion.alias("is_deleted"),
        *carried,
        is_deletion.alias("_is_delete_only"),
    )


def violations(df: DataFrame, table: Table) -> dict[str, int]:
    """Count the rows that break each fatal check, by name; empty when all hold.

    One aggregation over the table. `key_not_unique` counts the rows beyond one per key.
    """
    checks = [
        (name, breaks)
        for name, consequence, breaks in _row_checks(table, set())
        if consequence is OnFailure.FAIL
    ]
    count = [F.sum(F.when(breaks, F.lit(1)).otherwise(F.lit(0))).alias(name) for name, breaks in checks]
    per_key = df.groupBy(*table.key).agg((F.count(F.lit(1)) - 1).alias("key_not_unique"), *count)
    row = per_key.agg(
        *(F.sum(name).alias(name) for name in ("key_not_unique", *(n for n, _ in checks)))
    ).first()
    counts = row.asDict() if row is not None else {}
    return {name: int(broken) for name, broken in counts.items() if broken}


def examples(df: DataFrame, table: Table, check: str, limit: int = 3) -> list[str]:
    """Return a few rows that break a fatal check: their key and the values the check reads.

    One text per row, such as `order_id=7: units=null`, in the key's order.
    """
    if check == "key_not_unique":
        found = df.groupBy(*table.key).count().where("count > 1").withColumnRenamed("count", "rows")
        looked_at = ["rows"]
    else:
        ((breaks, looked_at),) = [
            (condition, _looked_at(table, name))
            for name, _, condition in _row_checks(table, set())
            if name == check
        ]
        found = df.where(breaks)
    shown = [*table.key, *(name for name in looked_at if name not in table.key)]
    rows = found.select(*shown).orderBy(*table.key).limit(limit).collect()
    return [
        ": ".join(
            ", ".join(f"{name}={_shown(row[name])}" for name in names)
            for names in (table.key, shown[len(table.key) :])
            if names
        )
        for row in rows
    ]


def _shown(value: object) -> str:
    """Format a value for one line of a log."""
    if value is None:
        return "null"
    return repr(value[:100]) if isinstance(value, str) else str(value)


def _looked_at(table: Table, check: str) -> list[str]:
    """Return the columns that a check reads, by its expression, or by its name if of one column."""
    said = next((declared.expression for declared in table.checks if declared.name == check), check)
    words = set(re.findall(r"\w+", said))
    return [
        name
        for name in table.column_names
        if name in words
        or any(check == f"{name}_{rule}" for rule in ("required", "not_allowed", "below_minimum"))
    ]


def warnings(df: DataFrame, table: Table) -> dict[str, int]:
    """Count the rows that break each declared warning check, by name; empty when all hold."""
    checks = [check for check in table.checks if check.on_failure is OnFailure.WARN]
    if not checks:
        return {}
    broken = (F.count_if(~F.expr(check.expression)).alias(check.name) for check in checks)
    row = df.agg(*broken).collect()[0]
    return {name: count for name, count in row.asDict().items() if count}


def _row_checks(table: Table, raw_fields: set[str]) -> Iterator[RowCheck]:
    """Return each check of a table: its name, consequence, and the condition under which a row breaks it."""
    is_mart = table.layer is Layer.GOLD
    default = OnFailure.FAIL if is_mart else OnFailure.QUARANTINE
    for column in table.columns:
        consequence, value = column.on_failure or default, F.col(column.name)
        if not is_mart:
            yield from limit_checks(table, column, raw_fields)
        if column.required:
            yield f"{column.name}_required", consequence, is_missing(column, raw_fields)
        if column.allowed:
            yield f"{column.name}_not_allowed", consequence, ~value.isin(*column.allowed)
        if column.minimum is not None:
            yield f"{column.name}_below_minimum", consequence, value < F.lit(column.minimum)
    if is_mart:
        yield from key_checks(table)
    for check in table.checks:
        yield check.name, check.on_failure, ~F.expr(check.expression)


def _names(names: list[Column]) -> Column:
    if not names:
        return F.array().cast("array<string>")
    return F.array_compact(F.array(*names))
