"""From silver to the warehouse: do the marts hold every order once, and PostgreSQL what gold holds?"""

from __future__ import annotations

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from contracts.model import Layer, Table
from contracts.registry import tables_of
from spark_jobs.lib.reconciliation import Amount, Comparison, compare_groups
from spark_jobs.lib.reconciliation_tables import LakeTables


def compare_gold(tables: LakeTables) -> list[Comparison]:
    """Orders, lines, refunds and daily sales, each against what it is made of; excluded orders by reason."""
    return [*_orders(tables), *_lines(tables), *_refunds(tables), *_daily_sales(tables)]


def _orders(tables: LakeTables) -> list[Comparison]:
    silver, gold = tables.delta("silver.orders"), tables.delta("gold.orders")
    living = f"{silver} WHERE NOT is_deleted"
    excluded = tables.groups(
        f"SELECT exclusion_reason, count(*) FROM {gold} WHERE NOT is_counted GROUP BY ALL ORDER BY ALL"
    )
    reasons = {f"excluded: {why}": count for why, count in excluded.items()}
    all_orders = tables.number(f"SELECT count(*) FROM {gold}")
    counted = tables.number(f"SELECT count(*) FROM {gold} WHERE is_counted")
    return [
        Comparison(
            "gold.orders",
            "rows",
            "silver",
            tables.number(f"SELECT count(*) FROM {living}"),
            "gold",
            all_orders,
        ),
        *compare_groups(
            "gold.orders",
            "total_amount",
            "silver",
            tables.groups(f"SELECT currency, sum(total_amount) FROM {living} GROUP BY ALL"),
            "gold",
            tables.groups(f"SELECT currency, sum(total_amount_original) FROM {gold} GROUP BY ALL"),
        ),
        Comparison("gold.orders", "orders", "placed", all_orders, "counted", counted, reasons),
    ]


def _lines(tables: LakeTables) -> list[Comparison]:
    silver, lines = tables.delta("silver.order_lines"), tables.delta("gold.order_lines")
    orders = tables.delta("gold.orders")
    reasons = tables.groups(
        "SELECT CASE WHEN o.order_id IS NULL THEN 'of an order that is not there'"
        " ELSE 'of excluded orders: ' || o.exclusion_reason END, count(*)"
        f" FROM {silver} l LEFT JOIN {orders} o USING (order_id)"
        " WHERE NOT l.is_deleted AND (o.order_id IS NULL OR NOT o.is_counted) GROUP BY ALL ORDER BY ALL"
    )
    living = tables.number(f"SELECT count(*) FROM {silver} WHERE NOT is_deleted")
    found = [
        Comparison(
            "gold.order_lines",
            "rows",
            "silver",
            living,
            "gold",
            tables.number(f"SELECT count(*) FROM {lines}"),
            reasons,
        )
    ]
    for figure in ("net_amount_original", "gross_sales", "discounts"):
        found += compare_groups(
            "gold.order_lines",
            figure,
            "orders",
            tables.groups(f"SELECT currency, sum({figure}) FROM {orders} WHERE is_counted GROUP BY ALL"),
            "lines",
            tables.groups(f"SELECT currency, sum({figure}) FROM {lines} GROUP BY ALL"),
        )
    return found


def _refunds(tables: LakeTables) -> list[Comparison]:
    refunds, refund_lines = tables.delta("silver.refunds"), tables.delta("silver.refund_lines")
    gold, orders = tables.delta("gold.refund_lines"), tables.delta("gold.orders")
    reasons = tables.groups(
        "SELECT CASE WHEN r.refund_id IS NULL THEN 'of a refund that is not there'"
        " WHEN o.order_id IS NULL THEN 'of an order that is not there'"
        " ELSE 'of excluded orders: ' || o.exclusion_reason END, count(*)"
        f" FROM {refund_lines} l LEFT JOIN (SELECT * FROM {refunds} WHERE NOT is_deleted) r USING (refund_id)"
        f" LEFT JOIN {orders} o USING (order_id)"
        " WHERE NOT l.is_deleted AND (o.order_id IS NULL OR NOT o.is_counted) GROUP BY ALL ORDER BY ALL"
    )
    living = tables.number(f"SELECT count(*) FROM {refund_lines} WHERE NOT is_deleted")
    in_gold = tables.number(f"SELECT count(order_line_id) FROM {gold}")
    return [Comparison("gold.refund_lines", "rows of lines", "silver", living, "gold", in_gold, reasons)]


def _daily_sales(tables: LakeTables) -> list[Comparison]:
    orders, refunds = tables.delta("gold.orders"), tables.delta("gold.refund_lines")
    daily, trends = tables.delta("gold.daily_sales"), tables.delta("gold.order_trends")
    wanted = {
        "orders": f"SELECT count(*) FROM {orders} WHERE is_counted",
        "excluded_orders": f"SELECT count(*) FROM {orders} WHERE NOT is_counted",
        "gross_sales": f"SELECT sum(gross_sales) FROM {orders} WHERE is_counted",
        "discounts": f"SELECT sum(discounts) FROM {orders} WHERE is_counted",
        "returns": f"SELECT sum(returned_amount) FROM {refunds}",
        "returns_by_order_date": f"SELECT sum(returned_amount) FROM {refunds}",
    }
    found = [
        Comparison(
            "gold.daily_sales",
            figure,
            "orders and refunds",
            tables.number(query),
            "daily_sales",
            tables.number(f"SELECT sum({figure}) FROM {daily}"),
        )
        for figure, query in wanted.items()
    ]
    for period in ("week", "month"):
        found.append(
            Comparison(
                "gold.order_trends",
                f"net_sales by {period}",
                "daily_sales",
                tables.number(f"SELECT sum(net_sales) FROM {daily}"),
                "order_trends",
                tables.number(f"SELECT sum(net_sales) FROM {trends} WHERE period = '{period}'"),
            )
        )
    return found


def compare_warehouse(tables: LakeTables, connection: Connection) -> list[Comparison]:
    """Rows and the sum of every money column of each mart, as a reader sees them, against gold."""
    found = []
    for table in tables_of(Layer.GOLD):
        figures = ("rows", *(column.name for column in table.columns if column.type.startswith("decimal")))
        in_gold = _figures(tables, table, figures)
        with connection, connection.cursor() as cursor:
            cursor.execute(_query(table, figures))
            served = cursor.fetchone() or ()
        found += [
            Comparison(f"mart.{table.name}", figure, "gold", left, "PostgreSQL", right)
            for figure, left, right in zip(figures, in_gold, served, strict=True)
        ]
    return found


def _figures(tables: LakeTables, table: Table, figures: tuple[str, ...]) -> tuple[Amount, ...]:
    sums = ", ".join(f"coalesce(sum({name}), 0)" for name in figures[1:])
    (row,) = tables.rows(f"SELECT count(*){', ' if sums else ''}{sums} FROM {tables.delta(table.id)}")
    return row


def _query(table: Table, figures: tuple[str, ...]) -> sql.Composed:
    sums = [sql.SQL("coalesce(sum({}), 0)").format(sql.Identifier(name)) for name in figures[1:]]
    columns = sql.SQL(", ").join([sql.SQL("count(*)"), *sums])
    return sql.SQL("SELECT {} FROM {}").format(columns, sql.Identifier("mart", table.name))
