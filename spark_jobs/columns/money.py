"""Exact decimal arithmetic that never overflows: half-even rounding, division, conversion.

Spark's own `bround` and `/` are left out on purpose: engines disagree on them in the last digit. A result
that its type cannot hold is null rather than an error: a check names the row, and a row that does not count
does no harm.
"""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import Column
from pyspark.sql import functions as F

from contracts.currencies import MINOR_UNIT, MINOR_UNITS, minor_unit
from contracts.metrics import MONEY

MONEY_TYPE = MONEY
AMOUNT_TYPE = "decimal(18,4)"  # an amount of one row, as silver stores it
_UNIT_TYPE = "decimal(5,4)"
_PLACES = 4  # of every amount, so that amounts are whole numbers of ten-thousandths
_WHOLE = 10**_PLACES


def unit_of(currency: str | Column) -> Column:
    """Return the smallest amount of a row's currency: 0.01 for EUR, 1 for JPY, 0.001 for KWD."""
    code = F.col(currency) if isinstance(currency, str) else currency
    unit = _unit(MINOR_UNIT)
    for places, codes in MINOR_UNITS.items():
        unit = F.when(code.isin(*sorted(codes)), _unit(places)).otherwise(unit)
    return unit


def unit_of_currency(currency: str) -> Column:
    """Return the smallest amount of one currency."""
    return _unit(minor_unit(currency))


def round_half_even(value: Column, unit: Column) -> Column:
    """Round a decimal to a multiple of `unit`; a tie goes to the even multiple."""
    above_even = F.pmod(value, unit * 2)
    even = value - above_even
    return (even + _up(above_even, unit) * unit).try_cast(MONEY_TYPE)


def convert(amount: Column, rate: Column, unit: Column) -> Column:
    """Return amount × rate, rounded once to `unit`; null without a rate or for an amount out of range.

    Exact for every AMOUNT_TYPE and every rate of 10 digits before the point and 12 after it.
    """
    exact = amount.try_cast(AMOUNT_TYPE)
    # The whole product has up to 40 digits and a decimal holds 38, so it is computed in two parts.
    whole = rate.cast("decimal(11,0)")
    large = exact * whole
    above_even = F.pmod(large, unit * 2).cast(_UNIT_TYPE)
    small = above_even + exact * (rate - whole).cast("decimal(12,12)")
    return ((large - above_even) + round_half_even(small, unit)).try_cast(MONEY_TYPE)


def proportion(amount: Column, part: Column, of: Column, unit: Column, rest: Column | None = None) -> Column:
    """Return amount × part ÷ of + rest, rounded once to `unit`; null unless `of` is above zero.

    Exact for an amount and a part below 10¹³; null beyond.
    """
    numerator = _whole(amount, 17) * _whole(part, 17)
    if rest is not None:
        numerator += (_whole(rest, 5) * _whole(of, 24)).cast("decimal(34,0)")
    return _quotient(numerator, _whole(of, 28) * _whole(unit, 5)) * unit


def divide_money(amount: Column, by: Column, unit: Column) -> Column:
    """Quotient rounded to `unit`; null unless `by` is above zero. Both have at most 4 decimal places."""
    numerator = _whole(amount, 28) * F.lit(_WHOLE).cast("decimal(5,0)")
    return (_quotient(numerator, _whole(by, 28) * _whole(unit, 5)) * unit).try_cast(MONEY_TYPE)


def divide(numerator: Column, denominator: Column, scale: int) -> Column:
    """Return the quotient rounded half-even to `scale` places; null unless the denominator is above zero.

    Both sides have at most 4 decimal places.
    """
    shifted = _whole(numerator, 28) * F.lit(10**scale).cast(f"decimal({scale + 1},0)")
    quotient = _quotient(shifted, _whole(denominator, 28)).try_cast("decimal(26,0)")
    return (quotient * F.lit(Decimal(1).scaleb(-scale))).try_cast(f"decimal(28,{scale})")


def zero() -> Column:
    """Return zero, as an amount."""
    return F.lit("0").cast(MONEY_TYPE)


def total(column: str | Column) -> Column:
    """Sum of money over a group; 0 for none."""
    return F.coalesce(F.sum(column), F.lit(0)).try_cast(MONEY_TYPE)


def total_if_all_known(column: str) -> Column:
    """Sum of money over a group; null when any of its amounts is."""
    is_known = F.count(column) == F.count(F.lit(1))
    return F.when(is_known, F.sum(column)).try_cast(MONEY_TYPE)


def _unit(places: int) -> Column:
    return F.lit(Decimal(1).scaleb(-places)).cast(_UNIT_TYPE)


def _up(above_even: Column, unit: Column) -> Column:
    """Return the units to add to an even multiple: 0, 1 or 2. Half a unit adds 0; one and a half adds 2."""
    doubled = above_even * 2
    up = F.when(doubled > unit, F.lit(1)).otherwise(F.lit(0)) + F.when(
        doubled >= unit * 3, F.lit(1)
    ).otherwise(F.lit(0))
    return up.cast("decimal(1,0)")


def _whole(amount: Column, digits: int) -> Column:
    """Return the amount in ten-thousandths; null when that has more than `digits` digits."""
    exact = amount.try_cast(f"decimal({digits},{_PLACES})")
    return (exact * F.lit(_WHOLE).cast("decimal(5,0)")).cast(f"decimal({digits},0)")


def _quotient(numerator: Column, denominator: Column) -> Column:
    """Divide whole numbers, rounded half-even; null beyond 26 digits, or unless the divisor is above zero.

    Sail multiplies a numerator by 10⁴ before it divides, so that a numerator has at most 34 digits.
    """
    d = F.when(denominator > 0, denominator).cast("decimal(33,0)")
    small = d.try_cast("decimal(12,0)") * F.lit(Decimal(10) ** 26).cast("decimal(27,0)")
    n = numerator.try_cast("decimal(34,0)")
    n = F.when(F.coalesce(F.abs(n) < small, F.lit(True)), n)
    above_even = F.pmod(n, d * 2).cast("decimal(34,0)")
    even = ((n - above_even) / d).cast("decimal(27,0)")
    return even + _up(above_even, d)
