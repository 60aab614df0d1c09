"""The vocabulary of table declarations. Standard library only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Layer(StrEnum):
    """The layer of a table."""

    SHOP = "shop"  # a MySQL table of the shop, as far as we rely on it
    EVENTS = "events"  # a Kafka topic
    SILVER = "silver"
    GOLD = "gold"


class OnFailure(StrEnum):
    """The consequence of a failed check."""

    FAIL = "fail"  # the run stops before any of it is published
    QUARANTINE = "quarantine"  # the row is moved to quarantine with the reason
    WARN = "warn"  # the row passes and is counted


class Pii(StrEnum):
    """The sensitivity of a column: how much it reveals about a person."""

    NONE = "none"
    PSEUDONYM = "pseudonym"  # identifies nobody without our key
    DIRECT = "direct"  # contact data; never in gold


class Form(StrEnum):
    """The form in which silver writes a source's key column, so that keys are compared consistently."""

    EXACT = "exact"  # as in the source
    TRIMMED = "trimmed"  # without surrounding blanks
    CODE = "code"  # in upper case, without surrounding blanks
    DAY = "day"  # the date alone


class ContractError(ValueError):
    """A declaration that contradicts itself or another one."""


@dataclass(frozen=True)
class Column:
    """One column. In silver and gold `type` is a Spark SQL type, in a shop table the MySQL type."""

    name: str
    type: str
    doc: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    minimum: int | None = None
    references: str | None = None  # such as "customers.customer_id", in the same layer
    source: str | None = None  # the input column it is read from, where the name differs
    pii: Pii = Pii.NONE
    on_failure: OnFailure | None = None  # consequence of required, allowed and minimum; default by layer
    max_length: int | None = None  # maximum characters of a text, where `limits` allows more
    is_document: bool = False  # a text of any length, such as JSON; never in a key or an index
    is_open_ended: bool = False  # the end of a span: a timestamp beyond the range means no end
    form: Form = Form.EXACT  # form of a source's key column


@dataclass(frozen=True)
class Check:
    """A row check: a boolean SQL expression over the table's own columns. Null counts as holding."""

    name: str
    expression: str
    on_failure: OnFailure


_NAME = re.compile(r"^_?[a-z][a-z0-9_]*$")


@dataclass(frozen=True)
class Table:
    """One table: what a row is, its key, its inputs and columns, and the checks that must hold."""

    name: str
    layer: Layer
    grain: str
    doc: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    inputs: tuple[str, ...] = ()
    newest_by: tuple[str, ...] = ()  # which version of a key wins within a snapshot
    checks: tuple[Check, ...] = ()
    partition_by: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()  # message formats that it reads; for tables of the event topics
    # A larger share of rows with a quarantined newest version stops the run; only for shop tables.
    max_rejected_share: float = 0.05

    def __post_init__(self) -> None:
        """Refuse a declaration that contradicts itself."""
        names = [column.name for column in self.columns]
        if len(names) != len(set(names)):
            raise ContractError(f"{self.id}: a column is declared twice")
        for name in (self.name, *names):
            if not _NAME.match(name):
                raise ContractError(f"{self.id}: {name!r} is not a lower-case identifier")
        for role, used in (
            ("key", self.key),
            ("newest_by", self.newest_by),
            ("partition_by", self.partition_by),
        ):
            unknown = set(used) - set(names)
            if unknown:
                raise ContractError(f"{self.id}: {role} names unknown columns {sorted(unknown)}")
        if not self.key:
            raise ContractError(f"{self.id}: a table needs a key")
        direct = [column.name for column in self.columns if column.pii is Pii.DIRECT]
        if self.layer is Layer.GOLD and direct:
            raise ContractError(f"{self.id}: contact data may not enter gold: {direct}")

    @property
    def id(self) -> str:
        """Name with the layer, as written in `inputs`."""
        return f"{self.layer.value}.{self.name}"

    @property
    def source_layer(self) -> Layer:
        """Layer of the first input, the source of a silver table."""
        return Layer(self.inputs[0].partition(".")[0])

    @property
    def indexes(self) -> tuple[tuple[str, ...], ...]:
        """Columns of the key, then of each index: those dashboards filter by and other marts join on."""
        dates = (column.name for column in self.columns if column.type == "date")
        referencing = (column.name for column in self.columns if column.references)
        names = dict.fromkeys(name for name in (*dates, *referencing) if name != self.key[0])
        return (self.key, *((name,) for name in names))

    @property
    def column_names(self) -> tuple[str, ...]:
        """The declared columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column of that name.

        Raises:
            KeyError: when there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.id} has no column {name!r}")


# Columns that every silver table of a shop table has besides its own.
SILVER_SYSTEM_COLUMNS = (
    Column(
        "is_deleted", "boolean", "The row is gone from the source; its last values are kept", required=True
    ),
    Column(
        "_version_at", "timestamp", "When the source wrote this version, or deleted the row", required=True
    ),
    Column("_ingested_at", "timestamp", "The snapshot that brought this version", required=True),
    Column("_batch_id", "string", "The batch that brought this version", required=True),
)

# Columns that every row of a source table carries from bronze to silver, besides its own.
CARRIED_COLUMNS = ("_op", "_version_at", "_ingested_at", "_batch_id", "_raw")

# Columns that every bronze table of a shop table has besides the source's.
BRONZE_SYSTEM_COLUMNS = (
    Column(
        "_op", "string", "`upsert`, or `delete` for a row gone from the source (keys only)", required=True
    ),
    Column(
        "_ingested_at", "timestamp", "The moment of the source snapshot, by the source's clock", required=True
    ),
    Column("_batch_id", "string", "The ingest that committed the row", required=True),
)
