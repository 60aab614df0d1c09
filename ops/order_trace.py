"""One order traced through every layer: shop, lake and warehouse are read; nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC
from zoneinfo import ZoneInfo

import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
from psycopg2 import sql as pg

from contracts.model import Pii, Table
from contracts.registry import table
from deploy.errors import DeployError
from deploy.processes.settings import LocalSettings
from ops import installation, sql
from ops.order_parts import Part, parts_of
from ops.shop_rows import Row, ShopRows

# Rows of an order: the shop's table, its column with the order's id, and the silver table.
CHILDREN = {"order_items": "order_lines", "payments": "payments", "refunds": "refunds"}
LONGEST_ID = 19  # digits that always fit a bigint, plus one
REASONS = {
    "failed": "its payment failed",
    "cancelled_before_payment": "it was cancelled before it was paid",
}


@dataclass
class Trace:
    """The rows of one order in each layer, without contact data."""

    order_id: int
    shop: dict[str, list[Row]] = field(default_factory=dict)
    bronze: dict[str, list[Row]] = field(default_factory=dict)
    quarantine: list[Row] = field(default_factory=list)
    silver: dict[str, list[Row]] = field(default_factory=dict)
    ids: list[Row] = field(default_factory=list)  # of its customer, from the identity map
    events: list[Row] = field(default_factory=list)
    gold: dict[str, list[Row]] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    verdict: str = ""
    problems: list[str] = field(default_factory=list)  # names of servers that did not answer

    @property
    def order(self) -> Row | None:
        """Return the order's row in gold."""
        return next(iter(self.gold.get("orders", [])), None)


def trace_order(settings: LocalSettings, order: str) -> Trace:
    """Return everything known about the order with that id or number.

    Raises:
        DeployError: in one line, when no layer has it.
    """
    tracer = _Tracer(settings)
    trace = Trace(tracer.find(order))
    tracer.read_shop(trace)
    tracer.read_bronze(trace)
    tracer.read_silver(trace)
    tracer.read_gold(trace)
    trace.parts = parts_of(trace.gold, trace.events, ZoneInfo(settings.shop_timezone))
    tracer.read_marts(trace)
    trace.verdict = _verdict(trace)
    trace.problems = tracer.problems
    return trace


class _Tracer:
    def __init__(self, settings: LocalSettings) -> None:
        self.settings, self.lake, self.shop = settings, installation.lake(settings), ShopRows(settings)
        self.problems: list[str] = []

    def find(self, order: str) -> int:
        orders = table("shop.orders")
        by_id = [("id", int(order))] if order.isdecimal() and len(order) < LONGEST_ID else []
        for column, value in (*by_id, ("order_number", order)):
            known = self.ask_shop(orders, column, [value]) or self.rows(orders, column, [value])
            if known:
                return int(known[0]["id"])
        if self.problems:
            raise DeployError(self.problems[0])
        next_step = 'Next: ./shoplake sql "select order_id, order_number from mart.orders limit 5"'
        raise DeployError(
            f"Neither the shop nor the lake has an order with id or number {order!r}. {next_step}"
        )

    def read_shop(self, trace: Trace) -> None:
        trace.shop = {"orders": self.ask_shop(table("shop.orders"), "id", [trace.order_id])}
        for name in CHILDREN:
            trace.shop[name] = self.ask_shop(table(f"shop.{name}"), "order_id", [trace.order_id])

    def read_bronze(self, trace: Trace) -> None:
        trace.bronze = {"orders": self.rows(table("shop.orders"), "id", [trace.order_id])}
        for name in CHILDREN:
            source = table(f"shop.{name}")
            versions = self.rows(source, "order_id", [trace.order_id])
            # A deletion has only the key.
            keys = sorted({int(row["id"]) for row in versions})
            trace.bronze[name] = self.rows(source, "id", keys)
        for name, silver in {"orders": "orders", **CHILDREN}.items():
            key = "id" if name == "orders" else "order_id"
            trace.bronze[name].sort(key=lambda row: (row["_ingested_at"], row["id"]))
            trace.quarantine += self.quarantined(table(f"silver.{silver}"), key, trace.order_id)

    def read_silver(self, trace: Trace) -> None:
        for name in ("orders", *CHILDREN.values()):
            trace.silver[name] = self.rows(table(f"silver.{name}"), "order_id", [trace.order_id])
        refunds = [row["refund_id"] for row in trace.silver["refunds"]]
        trace.silver["refund_lines"] = self.rows(table("silver.refund_lines"), "refund_id", refunds)
        accounts = [row["customer_id"] for row in trace.silver["orders"] if row["customer_id"] is not None]
        trace.silver["customers"] = self.rows(table("silver.customers"), "customer_id", accounts)
        naming = self.rows(table("silver.events"), "order_id", [trace.order_id])
        visits = self.visits(naming)
        trace.silver["sessions"] = visits
        trace.events = sorted(
            (event for visit in visits for event in self.events_of(visit)),
            key=lambda event: (event["occurred_at"], event["event_id"]),
        )

    def read_gold(self, trace: Trace) -> None:
        for name in ("orders", "order_lines", "refund_lines"):
            trace.gold[name] = self.rows(table(f"gold.{name}"), "order_id", [trace.order_id])
        visits = [row["session_id"] for row in trace.silver["sessions"]]
        trace.gold["sessions"] = self.rows(table("gold.sessions"), "session_id", visits)
        if not trace.order:
            return
        person = trace.order["person_id"]
        trace.gold["visits_of_person"] = self.rows(table("gold.sessions"), "person_id", [person])
        if person.startswith("c:"):
            trace.ids = self.ids_of_customer(int(person.removeprefix("c:")))

    def read_marts(self, trace: Trace) -> None:
        """Return what PostgreSQL serves for each part; None without such a row."""
        try:
            with closing(sql.connect(self.settings)) as connection, connection, connection.cursor() as cursor:
                for part in trace.parts:
                    names = list(part.counts)
                    statement = pg.SQL("SELECT {} FROM mart.{} WHERE {}").format(
                        pg.SQL(", ").join(map(pg.Identifier, names)),
                        pg.Identifier(part.mart),
                        pg.SQL(" AND ").join(
                            pg.SQL("{} = %s").format(pg.Identifier(name)) for name in part.key
                        ),
                    )
                    cursor.execute(statement, list(part.key.values()))
                    found = cursor.fetchone()
                    part.served = dict(zip(names, found, strict=True)) if found else None
        except DeployError as error:
            self.problems.append(str(error))
        except psycopg2.Error as error:
            self.problems.append(f"The warehouse: {str(error).splitlines()[0]}. Next: ./shoplake run")

    # -- the lake -----------------------------------------------------------------------------------------

    def rows(self, of: Table, column: str, values: Sequence[object]) -> list[Row]:
        """Return rows in which the column has one of the values; files that cannot have one are skipped."""
        return self.filtered(self.lake.path(of), lambda schema: _is_one_of(schema, column, values), of)

    def filtered(
        self, path: str, condition: Callable[[pa.Schema], pc.Expression], of: Table | None = None
    ) -> list[Row]:
        if not self.lake.exists(path):
            return []
        dataset = self.lake.open(path).rows()
        direct = {each.name for each in of.columns if each.pii is Pii.DIRECT} if of else set()
        names = [name for name in dataset.schema.names if name not in direct]
        found: list[Row] = dataset.to_table(columns=names, filter=condition(dataset.schema)).to_pylist()
        return found

    def quarantined(self, of: Table, key: str, order_id: int) -> list[Row]:
        """Return quarantined rows of the order, with the raw values of the failed columns."""

        def mentions(_: pa.Schema) -> pc.Expression:
            return pc.match_substring_regex(pc.field("raw"), rf'"{key}":"?{order_id}\b')

        found = self.filtered(self.lake.quarantine_path(of), mentions)
        return [
            {"table": of.name, "said": dict(_said(of, row)), **{k: v for k, v in row.items() if k != "raw"}}
            for row in sorted(found, key=lambda row: row["quarantined_at"])
        ]

    def visits(self, naming: list[Row]) -> list[Row]:
        """Return the sessions of the events that name the order."""
        visitors = sorted({event["visitor_id"] for event in naming})
        sessions = self.rows(table("silver.sessions"), "visitor_id", visitors)
        return [
            visit
            for visit in sorted(sessions, key=lambda visit: visit["started_at"])
            if any(
                event["visitor_id"] == visit["visitor_id"]
                and visit["started_at"] <= event["occurred_at"] <= visit["ended_at"]
                for event in naming
            )
        ]

    def events_of(self, visit: Row) -> list[Row]:
        events = self.rows(table("silver.events"), "visitor_id", [visit["visitor_id"]])
        return [
            event | {"session_id": visit["session_id"]}
            for event in events
            if visit["started_at"] <= event["occurred_at"] <= visit["ended_at"]
        ]

    def ids_of_customer(self, customer_id: int) -> list[Row]:
        found = self.rows(table("silver.identity_map"), "customer_id", [customer_id])
        return sorted(found, key=lambda row: (str(row["first_seen_at"]), row["distinct_id"]))

    def ask_shop(self, of: Table, column: str, values: Sequence[object]) -> list[Row]:
        if self.problems:  # it was queried before
            return []
        try:
            return self.shop.where(of, column, values)
        except DeployError as error:
            self.problems.append(str(error))
            return []


def _is_one_of(schema: pa.Schema, column: str, values: Sequence[object]) -> pc.Expression:
    return pc.field(column).isin(pa.array(values).cast(schema.field(column).type))


def _said(of: Table, rejected: Row) -> Iterator[tuple[str, object]]:
    """Return the raw values of the columns whose checks failed, without contact data."""
    raw = json.loads(rejected["raw"])
    for column in of.columns:
        source = column.source or column.name
        has_failed = any(check.startswith(f"{column.name}_") for check in rejected["failed_checks"])
        if has_failed and column.pii is Pii.NONE and source in raw:
            yield source, raw[source]


def _verdict(trace: Trace) -> str:
    """Say whether the order counts or why not, and what is newer than the figures."""
    order, silver = trace.order, next(iter(trace.silver["orders"]), None)
    if order:
        words = "It counts." if order["is_counted"] else f"It does not count: {_reason(trace, order)}."
    elif silver and silver["is_deleted"]:
        seen = f"{silver['_ingested_at']:%Y-%m-%d %H:%M} UTC"
        words = f"It does not count: it is gone from the shop, as seen at {seen}."
    elif silver:
        words = "It does not count yet: gold was built before it came. Next: ./shoplake run"
    elif checks := [c for row in trace.quarantine if row["table"] == "orders" for c in row["failed_checks"]]:
        words = f"It does not count: it is in quarantine ({', '.join(dict.fromkeys(checks))})."
    else:
        words = "It does not count yet: it came after the last run. Next: ./shoplake run"
    changed = next((row["updated_at"] for row in trace.shop["orders"]), None)
    if changed and silver and changed.replace(tzinfo=UTC) > silver["updated_at"]:
        words += f" The shop changed it after the last run, at {changed:%Y-%m-%d %H:%M:%S} UTC."
        words += " Next: ./shoplake run"
    return words


def _reason(trace: Trace, order: Row) -> str:
    if order["exclusion_reason"] in REASONS:
        return REASONS[order["exclusion_reason"]]
    if any(row["is_test"] for row in trace.silver["orders"]):
        return "the shop marks it as a test"
    return f"the account behind it, {order['person_id']}, is a test"
