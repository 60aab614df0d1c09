"""Messages for a mart that is refused: the rows, the values and the next command."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame

from contracts.model import Table
from spark_jobs.build.quality import examples

_SHOWN = 5  # currencies and days named in a message


def without_rates(missing: DataFrame, mart: Table, reporting_currency: str) -> str | None:
    """Describe the first currencies and days without a rate, count the others, and say where a rate belongs.

    `missing` has currency, day, needed_by, rows and example, one row per currency and day; None when empty.
    """
    days = missing.count()
    if not days:
        return None
    named = "; ".join(
        f"{row['currency']} on {row['day']} ({row['rows']:,} {row['needed_by']}, such as {row['example']})"
        for row in missing.orderBy("day", "currency").limit(_SHOWN).collect()
    )
    more = f"; and {days - _SHOWN:,} more" if days > _SHOWN else ""
    return (
        f"{mart.id} lacks exchange rates to {reporting_currency}: {named}{more}. The mart before it stays."
        " Insert them into the shop's exchange_rates (rate_date, base_currency, quote_currency ="
        f" {reporting_currency}, rate); banks publish none on weekends and holidays: repeat the last one."
        " Then ./shoplake run."
    )


def breaches(built: DataFrame, mart: Table, broken: Mapping[str, int]) -> str:
    """Describe each broken check: its row count and the first rows; `broken` maps check to row count."""
    named = "; ".join(
        f"{check} ({count:,} rows, such as {' and '.join(examples(built, mart, check))})"
        for check, count in sorted(broken.items())
    )
    return (
        f"{mart.id} breaks checks that must hold: {named}. The mart before it stays. Correct these rows in"
        " the shop, then ./shoplake run; docs/figures.md says what each figure is made of."
    )
