"""All tables by id, inputs before the tables built from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from contracts.gold import TABLES as GOLD
from contracts.limits import check_indexes
from contracts.model import ContractError, Layer, Table
from contracts.silver import TABLES as SILVER
from contracts.sources import TABLES as SOURCES


def registry(tables: Iterable[Table]) -> Mapping[str, Table]:
    """Return tables by id, inputs before the tables built from them.

    Raises:
        ContractError: on a table declared twice, an unknown input or reference, a cycle, or an index row that
            PostgreSQL could not hold.
    """
    by_id: dict[str, Table] = {}
    for table in tables:
        if table.id in by_id:
            raise ContractError(f"{table.id} is declared twice")
        by_id[table.id] = table
    for table in by_id.values():
        check_indexes(table)
        for wanted in table.inputs:
            if wanted not in by_id:
                raise ContractError(f"{table.id} reads {wanted}, which nobody declares")
        for column in table.columns:
            if column.references:
                _check_reference(table, column.references, by_id)
    try:
        order = tuple(TopologicalSorter({table.id: table.inputs for table in by_id.values()}).static_order())
    except CycleError as error:
        raise ContractError(f"tables feed each other in a circle: {' → '.join(error.args[1])}") from None
    return {name: by_id[name] for name in order}


def _check_reference(table: Table, reference: str, by_id: Mapping[str, Table]) -> None:
    target, _, column = reference.partition(".")
    referenced = by_id.get(f"{table.layer.value}.{target}")
    if referenced is None or column not in referenced.column_names:
        raise ContractError(f"{table.id} references {reference}, which is not in {table.layer.value}")


TABLES: Mapping[str, Table] = registry((*SOURCES, *SILVER, *GOLD))


def tables_of(layer: Layer) -> tuple[Table, ...]:
    """Return the tables of a layer, inputs first."""
    return tuple(table for table in TABLES.values() if table.layer is layer)


def table(table_id: str) -> Table:
    """Return the table of that id.

    Raises:
        KeyError: when it is not declared, naming the nearest layer's tables.
    """
    if table_id not in TABLES:
        raise KeyError(f"no table {table_id!r}; there are {', '.join(sorted(TABLES))}")
    return TABLES[table_id]
