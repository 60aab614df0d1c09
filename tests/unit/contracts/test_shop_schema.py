"""The contracts of the shop's tables match its schema."""

import re
from pathlib import Path

from contracts.sources.shop import TABLES

SCHEMA = Path(__file__).parents[3] / "sql" / "mysql" / "schema.sql"
COLUMN = re.compile(
    r"^  (?P<name>\w+)\s+(?P<type>\w+(?:\([^)]*\))?(?: UNSIGNED)?)\s+(?P<null>NOT NULL|NULL)(?P<rest>.*)$",
    re.MULTILINE,
)


def parsed_schema():
    """Per table: its columns as (name, type, required), and its primary key."""
    tables = {}
    for name, body in re.findall(
        r"CREATE TABLE IF NOT EXISTS (\w+) \(\n(.*?)\n\) ENGINE", SCHEMA.read_text(), re.DOTALL
    ):
        columns = list(COLUMN.finditer(body))
        composite = re.search(r"PRIMARY KEY \(([^)]+)\)", body)
        key = (
            composite[1].split(", ")
            if composite
            else [c["name"] for c in columns if "PRIMARY KEY" in c["rest"]]
        )
        typed = [(c["name"], c["type"].lower(), c["null"] == "NOT NULL") for c in columns]
        tables[name] = (typed, key)
    return tables


def test_names_types_nullability_and_keys_are_those_of_the_schema():
    contracts = {
        table.name: (
            [(column.name, column.type, column.required) for column in table.columns],
            list(table.key),
        )
        for table in TABLES
    }
    assert contracts == parsed_schema()


def test_every_shop_table_says_when_a_row_changed():
    assert all(table.newest_by == ("updated_at",) for table in TABLES)
