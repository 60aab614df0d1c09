"""Contracts held against rows: types, row checks, versions, and the checks a whole table must pass."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from contracts.model import CARRIED_COLUMNS, Form, Layer, OnFailure, Table
from spark_jobs.build.bounds import RowCheck, is_missing, key_checks, limit_checks, repaired


class MissingColumnsError(ValueError):
    """A transformation left out columns that its contract declares."""


def conform(df: DataFrame, table: Table) -> DataFrame:
    """Exactly the contract's columns, in its order and types, with CARRIED_COLUMNS and `_problems` kept.

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
    """Rows of a source, repaired, with the names of the checks they break: `_failed`, `_warned`, `_fatal`.

    These are arrays, never null. `_failed` sends a row to quarantine, `_warned` only counts it, `_fatal`
    stops the run. A deletion carries nothing but its key and breaks no check. A row with `_problems` could
    not be read: they are its reasons, all else would only repeat them.
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
    """Rows made of silver tables, with what lies beyond a limit repaired, or unknown where it may be."""
    return df.select(*(repaired(table, column) for column in table.columns))


def mark_shared_keys(df: DataFrame, table: Table, source: Table) -> DataFrame:
    """Checked rows, of which those are rejected as `key_not_unique` whose key another row claims.

    Silver writes some keys in another form than the source, so two of its rows can be one key. The ingest
    brings all of them in one snapshot. The row that is written as silver writes it stays, then the first by
    the source's key as text; so the choice is the same whatever came before.
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
    """One row per key: the contract's columns of its newest version, and whether the row is gone.

    Expects rows that passed their checks. The newest version is the one of the latest snapshot, then the
    greatest by `newest_by`; what is still equal is decided by the values themselves. A snapshot says what the
    source holds, so a row that was deleted and came back with its old `updated_at` is there again. A row is
    gone when its deletion is of a later snapshot than its newest version; of one and the same snapshot the
    deletion is that of another row of the source, whose key silver writes alike. Without `newest_by` our own
    topic wins over those of others, then what reached bronze first, as in every later batch
    (`refresh.commit`).
    `_is_delete_only` marks keys of which only the deletion is here.
    """
    carried = ("_ingested_at", "_version_at", "_batch_id")
    position = ("_kafka_topic", "_kafka_partition", "_kafka_offset")
    order = ("_ingested_at", *(table.newest_by or position))
    fields = [
        name for name in dict.fromkeys((*order, *table.column_names, *carried)) if name not in table.key
    ]
    # A name with a colon is of another Kafka than ours: no topic's own name has one.
    is_foreign = () if table.newest_by else (F.col("_kafka_topic").contains(":").alias("_is_foreign"),)
    version, deletion = F.struct(*is_foreign, *fields), F.struct(*carried)
    choose = F.max if table.newest_by else F.min
    is_deletion = F.col("_op") == "delete"
    states = df.groupBy(*table.key).agg(
        choose(F.when(~is_deletion, version)).alias("newest"),
        F.max(F.when(is_deletion, deletion)).alias("deletion"),
    )
    only_deletion = F.col("newest").isNull()
    deleted_last = F.col("deletion._ingested_at") > F.col("newest._ingested_at")
    is_deleted = only_deletion | F.coalesce(deleted_last, F.lit(False))
    values = [
        F.col(n) if n in table.key else F.col(f"newest.{n}").alias(n)
        for n in table.column_names
        if n not in carried
    ]
    system = [
        F.when(is_deleted, F.col(f"deletion.{n}")).otherwise(F.col(f"newest.{n}")).alias(n) for n in carried
    ]
    return states.select(
        *values, is_deleted.alias("is_deleted"), *system, only_deletion.alias("_is_delete_only")
    )


def only_state(df: DataFrame, table: Table) -> DataFrame:
    """What `newest_state` gives for rows of which no two have the same key, without grouping them."""
    carried = ("_ingested_at", "_version_at", "_batch_id")
    is_deletion = F.col("_op") == "delete"
    return df.select(
        *(name for name in table.column_names if name not in carried),
        is_deletion.alias("is_deleted"),
        *carried,
        is_deletion.alias("_is_delete_only"),
    )


def violations(df: DataFrame, table: Table) -> dict[str, int]:
    """How many rows break each check that stops a run, by name; empty when all hold.

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
    """A few of the rows that break a check which stops a run: key and the values the check looks at.

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
    """A value on one line of a log."""
    if value is None:
        return "null"
    return repr(value[:100]) if isinstance(value, str) else str(value)


def _looked_at(table: Table, check: str) -> list[str]:
    """The columns that a check is about, by its expression, or by its name where it is a column's own."""
    said = next((declared.expression for declared in table.checks if declared.name == check), check)
    words = set(re.findall(r"\w+", said))
    return [
        name
        for name in table.column_names
        if name in words
        or any(check == f"{name}_{rule}" for rule in ("required", "not_allowed", "below_minimum"))
    ]


def warnings(df: DataFrame, table: Table) -> dict[str, int]:
    """How many rows break each declared check that only warns, by name; empty when all hold."""
    checks = [check for check in table.checks if check.on_failure is OnFailure.WARN]
    if not checks:
        return {}
    broken = (F.count_if(~F.expr(check.expression)).alias(check.name) for check in checks)
    row = df.agg(*broken).collect()[0]
    return {name: count for name, count in row.asDict().items() if count}


def _row_checks(table: Table, raw_fields: set[str]) -> Iterator[RowCheck]:
    """Each check of a table: its name, its consequence, and the condition under which a row breaks it."""
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
