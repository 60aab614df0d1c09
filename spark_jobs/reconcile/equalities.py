"""Equalities of `contracts/reconciliation` as DuckDB SQL, and the functions that their sources may use."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from contracts.currencies import MINOR_UNIT, MINOR_UNITS, minor_unit
from contracts.reconciliation.words import Equality, Reason, Source
from spark_jobs.reconcile.comparison import EXACT, Comparison, example, text_literal
from spark_jobs.reconcile.tables import LakeTables

# Type of every sum: more integer digits than money has, and the decimals of shares.
_SUM = "CAST(coalesce(sum({}), 0) AS DECIMAL(38,6))"
_TABLE = re.compile(r"\b(silver|gold)\.(\w+)")
_EXAMPLES = 5

Sums = dict[str, dict[str, Decimal]]  # currency → figure → sum


def define_functions(tables: LakeTables, reporting_currency: str) -> None:
    """Register the functions that sources may use, and the table `rates`, in DuckDB.

    Money is rounded differently here from the marts: by floors of decimals instead of remainders.
    """
    rates = tables.delta("silver.exchange_rates")
    reporting = text_literal(reporting_currency)
    places = " ".join(
        f"WHEN currency IN ({', '.join(map(text_literal, sorted(codes)))}) THEN {places}"
        for places, codes in MINOR_UNITS.items()
    )
    unit = " ".join(f"WHEN {n} THEN CAST({Decimal(1).scaleb(-n)} AS DECIMAL(5,4))" for n in range(5))
    power = " ".join(f"WHEN {n} THEN {10**n}" for n in range(5))
    for statement in (
        "CREATE OR REPLACE TEMP VIEW rates AS SELECT base_currency AS currency, rate_date, rate"
        f" FROM {rates} WHERE NOT is_deleted AND quote_currency = {reporting}",
        f"CREATE OR REPLACE TEMP MACRO places_of(currency) AS CASE {places} ELSE {MINOR_UNIT} END",
        "CREATE OR REPLACE TEMP MACRO nearest(x) AS floor(x) + CASE WHEN x - floor(x) > 0.5 THEN 1"
        " WHEN x - floor(x) = 0.5 AND floor(x) % 2 <> 0 THEN 1 ELSE 0 END",
        "CREATE OR REPLACE TEMP MACRO half_even(amount, places) AS CAST(nearest(amount * CASE places"
        f" {power} END) AS DECIMAL(30,0)) * CASE places {unit} END",
        "CREATE OR REPLACE TEMP MACRO converted(amount, rate) AS"
        f" half_even(amount * rate, {minor_unit(reporting_currency)})",
        f"CREATE OR REPLACE TEMP MACRO rated(currency, rate) AS CASE WHEN currency = {reporting}"
        " THEN CAST(1 AS DECIMAL(22,12)) ELSE rate END",
    ):
        tables.execute(statement)


def compare(tables: LakeTables, equality: Equality) -> list[Comparison]:
    """Return one comparison per figure and currency; an unexplained one names rows of the mart."""
    figures = equality.figures
    mart = Source(equality.mart, _own(figures), equality.where, currency=equality.currency)
    left, right = _sums(tables, equality.sources, figures), _sums(tables, (mart,), figures)
    reasons = _reasons(tables, equality.reasons, figures)
    found = []
    for currency in sorted({*left, *right, *({} if equality.currency != "''" else {"": 0})}):
        for figure in figures:
            sides = (left.get(currency, {}).get(figure, 0), right.get(currency, {}).get(figure, 0))
            why = {name: sums[currency][figure] for name, sums in reasons.items() if currency in sums}
            compared = Comparison(
                equality.mart,
                f"{figure} {currency}".strip(),
                equality.of,
                _plain(sides[0]),
                equality.mart.removeprefix("gold."),
                _plain(sides[1]),
                {name: _plain(amount) for name, amount in why.items() if amount},
            )
            if compared.unexplained:
                compared = _with_examples(tables, equality, figure, currency, compared)
            found.append(compared)
    return found


def _own(figures: Sequence[str]) -> dict[str, str]:
    return {name: "1" if name == "rows" else name for name in figures}


def _sums(tables: LakeTables, sources: Sequence[Source], figures: Sequence[str]) -> Sums:
    parts = " UNION ALL ".join(
        f"SELECT {_currency(source)} AS currency,"
        f" {', '.join(_SUM.format(source.figures.get(name, 'NULL')) for name in figures)}"
        f" FROM {_named(tables, source.rows)} WHERE {source.where} GROUP BY 1"
        for source in sources
    )
    sums: Sums = {}
    for currency, *amounts in tables.rows(parts):
        of_currency = sums.setdefault(currency, dict.fromkeys(figures, Decimal(0)))
        for name, amount in zip(figures, amounts, strict=True):
            of_currency[name] = EXACT.add(of_currency[name], amount)
    return sums


def _reasons(tables: LakeTables, reasons: Sequence[Reason], figures: Sequence[str]) -> dict[str, Sums]:
    found: dict[str, Sums] = {}
    for reason in reasons:
        sums = ", ".join(_SUM.format(reason.figures.get(name, "NULL")) for name in figures)
        rows = tables.rows(
            f"SELECT coalesce({reason.why}, 'without a reason'), {_currency(reason)}, {sums}"
            f" FROM {_named(tables, reason.rows)} WHERE {reason.where} GROUP BY 1, 2 ORDER BY 1"
        )
        for why, currency, *amounts in rows:
            of_why = found.setdefault(why, {}).setdefault(currency, dict.fromkeys(figures, Decimal(0)))
            for name, amount in zip(figures, amounts, strict=True):
                of_why[name] = EXACT.add(of_why[name], amount)
    return found


def _with_examples(
    tables: LakeTables, equality: Equality, figure: str, currency: str, compared: Comparison
) -> Comparison:
    """Add the rows that differ most to a comparison, by the columns that every side has."""
    sources = [each for each in (*equality.sources, *equality.reasons) if figure in each.figures]
    names = [name for name in sources[0].key if all(name in each.key for each in sources)]
    mart = Source(equality.mart, _own((figure,)), equality.where, {n: n for n in names}, equality.currency)
    sides = [(each, "-" if isinstance(each, Reason) else "", "source") for each in sources]
    sides.append((mart, "", "mart"))
    keys_of = [", ".join(f"CAST({each.key[n]} AS VARCHAR) AS {n}" for n in names) for each, _, _ in sides]
    group = text_literal(currency)
    parts = " UNION ALL ".join(
        f"SELECT {keys_of[place]}, '{side}' AS side,"
        f" CAST({sign}({each.figures[figure]}) AS DECIMAL(38,6)) AS amount"
        f" FROM {_named(tables, each.rows)} WHERE ({each.where}) AND {_currency(each)} = {group}"
        for place, (each, sign, side) in enumerate(sides)
    )
    rows = tables.rows(
        f"SELECT {', '.join(names)}, coalesce(sum(amount) FILTER (side = 'source'), 0) AS source,"
        f" coalesce(sum(amount) FILTER (side = 'mart'), 0) AS mart FROM ({parts})"
        f" GROUP BY {', '.join(names)} HAVING source <> mart"
        f" ORDER BY abs(source - mart) DESC, {', '.join(names)} LIMIT {_EXAMPLES}"
    )
    keys = [dict(zip(names, row, strict=False)) for row in rows]
    told = [
        example(key, {equality.of: _plain(row[-2]), compared.right_place: _plain(row[-1])})
        for key, row in zip(keys, rows, strict=True)
    ]
    return compared.naming(told, _look(equality.mart, keys[0] if keys else {}))


def _look(mart: str, key: Mapping[str, Any]) -> str:
    held = " and ".join(
        f"{name} is null" if value is None else f"{name} = {text_literal(value)}"
        for name, value in key.items()
    )
    query = f"select * from mart.{mart.removeprefix('gold.')}{' where ' if held else ''}{held}"
    return f"./shoplake sql {shlex.quote(query)}"


def _named(tables: LakeTables, rows: str) -> str:
    return _TABLE.sub(lambda match: tables.delta(match[0]), rows)


def _currency(source: Source) -> str:
    return f"coalesce({source.currency}, '')"


def _plain(amount: Decimal | int) -> Decimal | int:
    """Strip the trailing zeros of a wide type from an amount; two decimal places are kept."""
    whole = int(amount)
    if amount == whole:
        return whole
    cents = EXACT.quantize(Decimal(amount), Decimal("0.01"))
    return cents if cents == amount else EXACT.normalize(Decimal(amount))
