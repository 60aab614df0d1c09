"""Rows that say what does not add up: the parts that `amount_differences` is written with."""

from __future__ import annotations

from decimal import Decimal
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

# Of ISO 4217, the currencies whose minor unit is not a hundredth.
WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()
THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND".split()

AMOUNT = "decimal(28,4)"  # wide enough for sums of what silver lets through, in any minor unit
SUBJECTS = ("order_id", "order_line_id", "refund_id", "refund_line_id", "payment_id")
_CARRIED = (*SUBJECTS, "difference_date", "is_counted", "order_date", "order_currency", "exchange_rate")


def difference(
    kind: str,
    subject: str,
    expected: Column | None,
    found: Column | None,
    *,
    when: Column | None = None,
    is_certain: bool = False,
    units: tuple[str, str] | None = None,
) -> Column:
    """A kind of difference at a row; `is_certain` where it is one whatever the amounts."""
    nothing = F.lit(None).cast(AMOUNT)
    expects, finds = (nothing if side is None else side.cast(AMOUNT) for side in (expected, found))
    gap = (finds - F.coalesce(expects, zero())).cast(AMOUNT)
    is_one = F.lit(True) if when is None else F.coalesce(when, F.lit(False))
    if not is_certain:
        is_one &= is_money(gap)
    of_units = [F.col(name) if units else F.lit(None) for name in units or ("", "")]
    expected_currency = F.col("order_currency") if kind.endswith("_currency") else F.lit(None)
    return F.struct(
        is_one.alias("is_one"),
        F.lit(kind).alias("kind"),
        F.col(subject).alias("subject"),
        expects.alias("expected"),
        finds.alias("found"),
        gap.alias("difference"),
        expected_currency.cast("string").alias("expected_currency"),
        *(
            side.cast("bigint").alias(name)
            for side, name in zip(of_units, ("expected_units", "found_units"), strict=True)
        ),
    )


def beyond(kind: str, subject: str, limit: Column, found: Column, when: Column | None = None) -> Column:
    """A kind of difference where more was found than there may be; less is none."""
    is_more = found > limit
    return difference(kind, subject, limit, found, when=is_more if when is None else is_more & when)


def differences(rows: DataFrame, *kinds: Column) -> DataFrame:
    """One row per difference of these rows; `currency` is that of its amounts."""
    absent = {
        "order_date": "date",
        "difference_date": "date",
        "is_counted": "boolean",
        "currency": "string",
        "order_currency": "string",
        "exchange_rate": "decimal(18,8)",
    } | dict.fromkeys(SUBJECTS, "bigint")
    wanted = (*_CARRIED, "currency")
    carried = [F.col(n) if n in rows.columns else F.lit(None).cast(absent[n]).alias(n) for n in wanted]
    each = rows.select(*carried, F.explode(F.array(*kinds)).alias("at"))
    return each.where("at.is_one").select(
        *(name for name in wanted if name != "is_counted"),
        F.coalesce("is_counted", F.lit(False)).alias("is_counted"),
        "at.*",
    )


def minor_unit() -> Column:
    """The smallest amount of the row's currency."""
    return (
        F.when(F.col("currency").isin(*WHOLE), F.lit(Decimal("1.000")))
        .when(F.col("currency").isin(*THOUSANDTHS), F.lit(Decimal("0.001")))
        .otherwise(F.lit(Decimal("0.010")))
    )


def is_money(difference: Column) -> Column:
    """At least one minor unit, in either direction."""
    return F.abs(difference) >= minor_unit()


def amount(name: str) -> Column:
    """A column as an amount that arithmetic may be done with."""
    return F.col(name).cast(AMOUNT)


def or_zero(name: str) -> Column:
    """The same; 0 for null."""
    return F.coalesce(_amount(name), zero())


def added(*names: str) -> Column:
    """Amounts of a row added up; null counts as nothing."""
    return reduce(Column.__add__, (or_zero(name) for name in names)).cast(AMOUNT)


def zero() -> Column:
    """No money."""
    return F.lit("0").cast(AMOUNT)
