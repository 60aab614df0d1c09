"""Exact decimal arithmetic: half-even rounding and division.

Spark's own `bround` and `/` are left out on purpose: engines disagree on them in the last digit.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

CENTS = 2  # every supported currency has two decimal places
MONEY_TYPE = "decimal(18,2)"


def round_half_even(value: Column, scale: int = CENTS) -> Column:
    """A decimal rounded to `scale` places; a tie goes to the even digit."""
    wide = f"decimal(38,{scale})"
    rounded = value.cast(wide)  # both engines cast half up, away from zero: only ties need mending
    unit = _power_of_ten(-scale)
    is_tie = F.abs(rounded - value) * F.lit(2) == unit
    is_odd = (rounded * _power_of_ten(scale)).cast("decimal(38,0)") % F.lit(2) != 0
    toward_zero = F.when(value < 0, rounded + unit).otherwise(rounded - unit)
    return F.when(is_tie & is_odd, toward_zero).otherwise(rounded).cast(f"decimal(18,{scale})")


def divide(numerator: Column, denominator: Column, scale: int = CENTS, digits: int = 4) -> Column:
    """The quotient rounded half-even to `scale` places; null when the denominator is null or zero.

    Works on whole numbers, so that no digit is lost: both sides are taken in units of 10⁻ᵈⁱᵍⁱᵗˢ, and must
    have no more decimal places than that.
    """
    n = (_whole(numerator, digits) * _power_of_ten(scale)).cast("decimal(38,0)")
    d = _whole(denominator, digits)
    d = F.when(d != 0, d)
    twice_rest = F.abs(n % d) * F.lit(2)
    floor = ((F.abs(n) - F.abs(n % d)) / F.abs(d)).cast("decimal(38,0)")
    is_odd = floor % F.lit(2) != 0
    goes_up = (twice_rest > F.abs(d)) | ((twice_rest == F.abs(d)) & is_odd)
    size = floor + F.when(goes_up, F.lit(1)).otherwise(F.lit(0))
    signed = F.when((n < 0) != (d < 0), -size).otherwise(size)
    return (signed.cast("decimal(20,0)") * _power_of_ten(-scale)).cast(f"decimal(18,{scale})")


def zero() -> Column:
    """No money."""
    return F.lit("0").cast(MONEY_TYPE)


def total(column: str | Column) -> Column:
    """Sum of money over a group; 0 for none."""
    return F.coalesce(F.sum(column), F.lit(0)).cast(MONEY_TYPE)


def _whole(value: Column, digits: int) -> Column:
    return (value.cast(f"decimal(30,{digits})") * _power_of_ten(digits)).cast("decimal(34,0)")


def _power_of_ten(exponent: int) -> Column:
    if exponent >= 0:
        return F.lit("1" + "0" * exponent).cast(f"decimal({exponent + 1},0)")
    return F.lit("0." + "0" * (-exponent - 1) + "1").cast(f"decimal({-exponent + 1},{-exponent})")
