"""The shop in memory: every row, and the changes since it was last saved."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from simulator.schema import Key, Row, tables

Changes = dict[str, dict[Key, Row | None]]


class State:
    """Rows by table and primary key, and the changes (a row, or `None` if deleted) since `take_changes`."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Key, Row]] = {name: {} for name in tables()}
        self._changes: Changes = defaultdict(dict)
        self._last_id: dict[str, int] = defaultdict(int)

    def add(self, table: str, **values: Any) -> Row:
        """Insert a row; a table with an `id` gets the next one, columns not given are null."""
        row = dict.fromkeys(tables()[table].columns)
        row.update(values)
        if "id" in row and row["id"] is None:
            row["id"] = self._last_id[table] + 1
        self._store(table, row)
        return row

    def update(self, table: str, row: Row, now: datetime, **values: Any) -> None:
        """Change a row in place; `updated_at` never goes back."""
        row.update(values)
        row["updated_at"] = max(now, row["updated_at"])
        self._changes[table][tables()[table].key_of(row)] = row

    def remove(self, table: str, row: Row) -> None:
        """Delete a row permanently, like a shop without soft deletes."""
        key = tables()[table].key_of(row)
        del self.tables[table][key]
        self._changes[table][key] = None

    def restore(self, table: str, row: Row) -> None:
        """Restore a row from the record, which is not a change."""
        key = tables()[table].key_of(row)
        self.tables[table][key] = row
        if "id" in row:
            self._last_id[table] = max(self._last_id[table], row["id"])

    def rows(self, table: str) -> list[Row]:
        """Return all rows of a table, in order of insertion."""
        return list(self.tables[table].values())

    def get(self, table: str, identifier: int) -> Row:
        """Return the row with this `id`."""
        return self.tables[table][(identifier,)]

    def take_changes(self) -> Changes:
        """Return the changes since the last call."""
        changes, self._changes = dict(self._changes), defaultdict(dict)
        return changes

    def reserve_ids(self, table: str, last: int) -> None:
        """Reserve all ids up to `last`, so that none is assigned again."""
        self._last_id[table] = max(self._last_id[table], last)

    @property
    def last_ids(self) -> dict[str, int]:
        """Return the last id of each table, deleted rows included."""
        return dict(self._last_id)

    def _store(self, table: str, row: Row) -> None:
        self.restore(table, row)
        self._changes[table][tables()[table].key_of(row)] = row
