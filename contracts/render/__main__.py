"""Write every generated file, or list the stale ones with `--check`: `make generate`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from contracts.model import Layer, Table
from contracts.registry import TABLES
from contracts.render import json_schema, markdown, postgres, settings, superset
from contracts.render.files import bring_up_to_date
from contracts.sources.ecommerce import EVENTS

ROOT = Path(__file__).resolve().parents[2]
MARTS_SQL = "sql/postgres/marts.sql"
# Any other file here was generated from a removed declaration.
OWNED = {
    markdown.FOLDER: "*.md",
    json_schema.FOLDER: "*.schema.json",
    superset.FOLDER: "*.yaml",
}


def outputs(tables: Mapping[str, Table] = TABLES) -> dict[str, str]:
    """Return the text of every generated file by its path below the root."""
    marts = [table for table in tables.values() if table.layer is Layer.GOLD]
    files = {
        f"{markdown.FOLDER}/README.md": markdown.index(tables),
        "docs/metrics.md": markdown.metrics(marts),
        settings.EXAMPLE: settings.example(),
        settings.PAGE: settings.page(),
    }
    files |= {f"{markdown.FOLDER}/{table.id}.md": markdown.page(table, tables) for table in tables.values()}
    files |= {f"{json_schema.FOLDER}/captured_event.schema.json": json_schema.captured_event()}
    files |= {
        f"{json_schema.FOLDER}/{json_schema.file_name(each.name)}": json_schema.event(each) for each in EVENTS
    }
    files |= {f"{superset.FOLDER}/{mart.name}.yaml": superset.dataset(mart) for mart in marts}
    files[MARTS_SQL] = _marts_sql(marts)
    return files


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write or check the files; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m contracts.render", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file is stale")
    return bring_up_to_date(root, outputs(), OWNED, check=parser.parse_args(argv).check)


def _marts_sql(marts: Sequence[Table]) -> str:
    statements = [
        "-- The marts as PostgreSQL holds them, written from contracts/gold by `make generate`.\n"
        "-- publish_postgres makes versioned tables in mart_data and shows them as views of mart.\n"
    ]
    for mart in marts:
        indexes = "".join(f"{each}\n" for each in postgres.index_statements(mart, f"mart.{mart.name}"))
        statements.append(postgres.create_table(mart, f"mart.{mart.name}") + indexes)
    return "\n".join(statements)


if __name__ == "__main__":
    sys.exit(main())
