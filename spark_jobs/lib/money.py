"""Exact decimal arithmetic: half-even rounding and division.

Spark's own `bround` and `/` are left out on purpose: engines disagree on them in the last digit.
"""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import Column
from pyspark.sql import functions as F

CENTS = 2  # every supported currency has two decimal places
MONEY_TYPE = "decimal(18,2)"


def round_half_even(value: Column, scale: int = CENTS) -> Column:
    """A decimal rounded to `scale` places; a tie goes to the even digit."""
    unit = Decimal(1).scaleb(-scale)
    # Both engines cast half up, away from zero: right but for ties above an even digit.
    above_even = value % F.lit(2 * unit)
    too_much = F.when(above_even == F.lit(unit / 2), F.lit(unit)).when(
        above_even == F.lit(-unit / 2), F.lit(-unit)
    )
    rounded = value.cast(f"decimal(38,{scale})")
    return (rounded - F.coalesce(too_much, F.lit(0 * unit))).cast(f"decimal(18,{scale})")


def divide(numerator: Column, denominator: Column, scale: int = CENTS) -> Column:
    """The quotient rounded half-even to `scale` places; null unless the denominator is above zero.

    Works on whole numbers, so that no digit is lost: both sides have at most 4 decimal places.
    """
    n = (numerator.cast("decimal(24,4)") * F.lit(Decimal(10) ** (4 + scale))).cast("decimal(36,0)")
    d = (denominator.cast("decimal(24,4)") * F.lit(Decimal(10) ** 4)).cast("decimal(28,0)")
    d = F.when(d > 0, d)
    # n/d = q + m/4d with q even and 0 <= m < 4d, shifted by a half: above 2d, and only there, one more.
    shifted = n * 2 + d
    m = F.pmod(shifted, d * 4)
    quotient = ((shifted - m) / (d * 2)).cast("decimal(20,0)") + F.when(m > d * 2, 1).otherwise(0)
    return (quotient * F.lit(Decimal(1).scaleb(-scale))).cast(f"decimal(18,{scale})")


def zero() -> Column:
    """No money."""
    return F.lit("0").cast(MONEY_TYPE)


def total(column: str | Column) -> Column:
    """Sum of money over a group; 0 for none."""
    return F.coalesce(F.sum(column), F.lit(0)).cast(MONEY_TYPE)
