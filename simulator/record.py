"""The simulator's record of its own actions: every row and every intended event, in one SQLite file.

The ledger is computed from it. Nothing is ever read from the pipeline.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from simulator.errors import SimulatorError
from simulator.events.capture import Event
from simulator.ledger import channels
from simulator.schema import tables
from simulator.state import Changes, State

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS rows (shop_table TEXT, row_key TEXT, row TEXT, PRIMARY KEY (shop_table, row_key));
CREATE TABLE IF NOT EXISTS events (
  uuid TEXT PRIMARY KEY, visitor TEXT, at INTEGER, name TEXT, order_reference TEXT, product_id INTEGER,
  channel TEXT, device TEXT, is_bot INTEGER, customer INTEGER, anonymous_id TEXT, path TEXT, cart_id TEXT,
  query TEXT, result_count INTEGER, price TEXT, quantity INTEGER, currency TEXT, total TEXT
);
"""

# Not REPLACE: a row keeps its position, so the shop is restored in its original order.
_REMEMBER_ROW = """
INSERT INTO rows VALUES (?, ?, ?) ON CONFLICT (shop_table, row_key) DO UPDATE SET row = excluded.row
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One valid event, reduced to what the ledger needs. `at` is milliseconds UTC, money is text."""

    uuid: str
    visitor: str
    at: int
    name: str
    order_reference: str | None  # the order that an Order Completed event names, by id or number
    product_id: int | None
    channel: str
    device: str
    is_bot: bool
    customer: int | None = None  # who is logged in
    anonymous_id: str | None = None  # the former id, at a login
    path: str | None = None
    cart_id: str | None = None
    query: str | None = None
    result_count: int | None = None
    price: str | None = None
    quantity: int | None = None
    currency: str | None = None
    total: str | None = None

    @classmethod
    def of(cls, event: Event) -> Seen:
        """Reduce an event to what counts."""
        own = event.properties
        reference = own.get("order_id") if event.name == "Order Completed" else None
        product_id = own.get("product_id")
        return cls(
            event.uuid,
            own.get("$device_id") or event.distinct_id,
            event.at,
            event.name,
            reference,
            int(product_id) if product_id else None,
            channels.channel(own),
            channels.device(own),
            channels.is_bot(own),
            int(own["$user_id"]) if own.get("$user_id") else None,
            own.get("$anon_distinct_id"),
            own.get("$pathname"),
            own.get("cart_id"),
            own.get("query"),
            own.get("result_count"),
            own.get("price"),
            own.get("quantity"),
            own.get("currency"),
            own.get("total"),
        )


class Record:
    """The record's file. All changes of one `commit` appear together or not at all."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path)
        self._db.executescript(_TABLES)
        known = {row[1] for row in self._db.execute("PRAGMA table_info(events)")}
        if known != {field.name for field in fields(Seen)}:
            self._db.close()
            raise SimulatorError(
                f"{path} was written by another version of the simulator."
                " Begin anew: make clean, then make demo"
            )

    def __enter__(self) -> Record:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def meta(self, name: str) -> Any:
        """Return a stored value, or null."""
        found = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return json.loads(found[0]) if found else None

    def set_meta(self, **values: Any) -> None:
        """Store values; part of the next `commit`."""
        pairs = [(name, json.dumps(value)) for name, value in values.items()]
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", pairs)

    def apply(self, changes: Changes) -> None:
        """Store rows and remove deleted ones; part of the next `commit`."""
        for name, rows in changes.items():
            table = tables()[name]
            for key, row in rows.items():
                key_text = json.dumps(key, default=str)
                if row is None:
                    self._db.execute(
                        "DELETE FROM rows WHERE shop_table = ? AND row_key = ?", (name, key_text)
                    )
                else:
                    values = (name, key_text, json.dumps(table.encode(row), ensure_ascii=False))
                    self._db.execute(_REMEMBER_ROW, values)

    def add_events(self, events: Iterable[Event]) -> None:
        """Store events; part of the next `commit`."""
        seen = (astuple(Seen.of(event)) for event in events)
        self._db.executemany(
            f"INSERT OR REPLACE INTO events VALUES ({', '.join('?' * len(fields(Seen)))})",  # noqa: S608
            seen,
        )

    def clear(self) -> None:
        """Remove everything; part of the next `commit`."""
        for table in ("meta", "rows", "events"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608

    def commit(self) -> None:
        """Make the changes durable."""
        self._db.commit()

    def state(self) -> State:
        """Return the last state of the shop."""
        state = State()
        for name, row in self._db.execute("SELECT shop_table, row FROM rows ORDER BY rowid"):
            state.restore(name, tables()[name].decode(json.loads(row)))
        for name, last in (self.meta("last_ids") or {}).items():
            state.reserve_ids(name, last)
        return state

    def events(self) -> list[Seen]:
        """Return every event, once."""
        return [Seen(*row) for row in self._db.execute("SELECT * FROM events")]


def last_moment(record: Record) -> datetime | None:
    """Return the time up to which the shop has run; null for an empty record."""
    until = record.meta("until")
    return datetime.fromisoformat(until) if until else None
