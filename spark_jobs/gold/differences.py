"""Building blocks of the mart `amount_differences`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from contracts.currencies import RATE
from spark_jobs.columns.money import MONEY_TYPE, unit_of, zero

_CARRIED = {
    "order_date": "date",
    "difference_date": "date",
    "is_counted": "boolean",
    "currency": "string",
    "order_currency": "string",
    "exchange_rate": RATE,
}
SUBJECTS = ("order_id", "order_line_id", "refund_id", "refund_line_id", "payment_id")
_CARRIED |= dict.fromkeys(SUBJECTS, "bigint")
_PARTS = (
    *("kind", "subject", "expected", "found", "tolerance", "may_be", "is_certain"),
    *("expected_units", "found_units"),
)


@dataclass(frozen=True)
class Difference:
    """A kind of difference: the amount found at `subject` and the amount expected, in `currency`.

    A row has the difference if `when` holds and the amounts differ by at least a minor unit and by more than
    `tolerance`; if `is_certain`, the amounts do not matter.
    """

    kind: str
    subject: str
    expected: Column | None = None
    found: Column | None = None
    when: Column | None = None
    tolerance: Column | None = None
    is_certain: bool = False
    units: tuple[str, str] | None = None  # names of the columns with the expected and the found units


def beyond(
    kind: str, subject: str, limit: Column, found: Column, tolerance: Column | None = None
) -> Difference:
    """Return a kind of difference for an amount above its limit; an amount below it is no difference."""
    return Difference(kind, subject, limit, found, when=found > limit, tolerance=tolerance)


def differences(rows: DataFrame, *kinds: Difference) -> DataFrame:
    """Return one row per difference of these rows; `currency` is that of its amounts.

    The parts of each kind become columns before a row is repeated once per kind and selects its own: arrays
    of structs would need fields of the same nullability, and engines would repeat the expressions.
    """
    missing = {name: F.lit(None).cast(kind) for name, kind in _CARRIED.items() if name not in rows.columns}
    parts = rows.withColumns(missing).select(
        *_CARRIED,
        *(part for place, each in enumerate(kinds) for part in _parts(each, place)),
        F.explode(F.array(*(F.lit(place) for place in range(len(kinds))))).alias("place"),
    )

    def of_kind(part: str) -> Column:
        chosen = F.when(F.col("place") == 0, F.col(f"{part}_0"))
        for place in range(1, len(kinds)):
            chosen = chosen.when(F.col("place") == place, F.col(f"{part}_{place}"))
        return chosen.alias(part)

    chosen = parts.select(*_CARRIED, *(of_kind(part) for part in _PARTS))
    gap = (F.col("found") - F.coalesce("expected", zero())).try_cast(MONEY_TYPE)
    is_money = (F.abs(gap) >= unit_of("currency")) & (F.abs(gap) > F.col("tolerance"))
    return chosen.where(F.col("may_be") & (F.col("is_certain") | is_money)).select(
        *(name for name in _CARRIED if name != "is_counted"),
        F.coalesce("is_counted", F.lit(False)).alias("is_counted"),
        "kind",
        "subject",
        F.col("expected").alias("expected_amount_original"),
        F.col("found").alias("found_amount_original"),
        gap.alias("difference_amount_original"),
        F.when(F.col("kind").endswith("_currency"), F.col("order_currency")).alias("expected_currency"),
        "expected_units",
        "found_units",
    )


def _parts(each: Difference, place: int) -> list[Column]:
    expected_units, found_units = map(F.col, each.units) if each.units else (F.lit(None), F.lit(None))
    amounts = {"expected": each.expected, "found": each.found, "tolerance": each.tolerance}
    of = {
        name: (F.lit(None) if side is None else side).try_cast(MONEY_TYPE) for name, side in amounts.items()
    }
    parts = {
        "kind": F.lit(each.kind),
        "subject": F.col(each.subject).cast("bigint"),
        "expected": of["expected"],
        "found": of["found"],
        "tolerance": F.coalesce(of["tolerance"], zero()),
        "may_be": F.lit(True) if each.when is None else F.coalesce(each.when, F.lit(False)),
        "is_certain": F.lit(each.is_certain),
        "expected_units": expected_units.cast("bigint"),
        "found_units": found_units.cast("bigint"),
    }
    return [parts[name].alias(f"{name}_{place}") for name in _PARTS]


def amount(name: str) -> Column:
    """Return a column as an amount for arithmetic."""
    return F.col(name).try_cast(MONEY_TYPE)


def or_zero(name: str) -> Column:
    """Return a column as an amount; 0 for null."""
    return F.coalesce(amount(name), zero())


def added(*names: str) -> Column:
    """Return the sum of amounts of a row; null counts as 0."""
    return reduce(Column.__add__, (or_zero(name) for name in names)).try_cast(MONEY_TYPE)
