"""The limits fit every store, and no mart can have a key that PostgreSQL refuses."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from contracts import limits
from contracts.limits import check_indexes, index_row_bytes, largest_value, range_of, text_length
from contracts.model import Column, ContractError, Layer, Table
from contracts.registry import TABLES, tables_of

DOCS = Path(__file__).parents[3] / "docs" / "data-quality.md"


def mart(*columns: Column, key: tuple[str, ...] = ("day",)) -> Table:
    day = Column("day", "date", "…")
    return Table("mart", Layer.GOLD, "…", "…", key=key, columns=(day, *columns))


@pytest.mark.parametrize("table", tables_of(Layer.GOLD), ids=lambda table: table.name)
def test_every_row_of_an_index_fits_a_btree(table: Table) -> None:
    assert table.indexes[0] == table.key
    assert all(index_row_bytes(table, index) <= 2_704 for index in table.indexes)


@pytest.mark.parametrize("table", tables_of(Layer.GOLD), ids=lambda table: table.name)
def test_a_key_that_silver_hands_on_is_as_short_there(table: Table) -> None:
    in_keys = {name for index in table.indexes for name in index}
    for source in (TABLES[name] for name in table.inputs if name.startswith("silver.")):
        for column in source.columns:
            if column.name in in_keys and column.type == "string" and not column.allowed:
                assert (text_length(source, column) or 10**9) <= limits.KEY_TEXT_LENGTH, (
                    source.id,
                    column.name,
                )


def test_too_many_texts_in_a_key_are_refused() -> None:
    texts = [Column(name, "string", "…") for name in ("a", "b", "c", "d")]
    with pytest.raises(
        ContractError, match=r"gold\.mart: a row of the index on day, a, b, c, d may take 3,264 byt"
    ):
        check_indexes(mart(*texts, key=("day", "a", "b", "c", "d")))
    check_indexes(mart(*texts, key=("day", "a", "b", "c")))


def test_a_document_in_a_key_is_refused() -> None:
    with pytest.raises(ContractError, match=r"gold\.mart: text is a document, which no index can hold"):
        check_indexes(mart(Column("text", "string", "…", is_document=True), key=("text",)))


def test_a_length_of_its_own_shortens_a_text_and_never_lengthens_a_key() -> None:
    table = mart(
        Column("a", "string", "…", max_length=40),
        Column("b", "string", "…", max_length=5_000),
        Column("name", "string", "…"),
        Column("visitor_id", "string", "…"),
        key=("a", "b"),
    )
    assert [text_length(table, column) for column in table.columns[1:]] == [40, 200, 1_000, 200]


def test_moments_stay_in_range_in_every_time_zone_and_in_calendars_around_them() -> None:
    around = timedelta(days=366 + 1)
    nanoseconds = (datetime(1677, 9, 21, 1, tzinfo=UTC), datetime(2262, 4, 11, tzinfo=UTC))
    assert nanoseconds[0] < limits.FIRST_MOMENT - around
    assert limits.MOMENTS_END + around < nanoseconds[1]
    assert (limits.FIRST_MOMENT.date(), limits.MOMENTS_END.date()) == (limits.FIRST_DAY, limits.DAYS_END)


def test_amounts_fit_what_is_computed_from_them() -> None:
    """A decimal has 38 digits; four of an amount come after the point, and of a rate at most twelve."""
    spread = limits.AMOUNT * limits.AMOUNT * 10**8
    converted_sum = limits.AMOUNT * limits.RATE * 100_000
    assert spread < Decimal(10) ** 38
    assert converted_sum == Decimal(10) ** 24
    assert limits.COUNT * 10**9 < 2**63


def test_every_number_of_silver_that_is_added_up_has_a_range() -> None:
    for table in tables_of(Layer.SILVER):
        for column in table.columns:
            if column.type.startswith("decimal") or column.type in ("date", "timestamp"):
                assert range_of(column), (table.id, column.name)
    kinds = ("decimal(18,2)", "decimal(18,4)", "decimal(18,8)", "decimal(22,12)", "decimal(6,4)")
    ends = [getattr(range_of(Column("x", kind, "…")), "end", None) for kind in kinds]
    assert ends == [limits.AMOUNT, limits.AMOUNT, limits.RATE, limits.RATE, limits.SHARE]
    assert range_of(Column("quantity", "bigint", "…")) == limits.Range(-limits.COUNT, limits.COUNT)
    assert range_of(Column("order_id", "bigint", "…")) is None


@pytest.mark.parametrize(
    ("mysql_type", "largest"),
    [
        ("decimal(12,2)", Decimal("9999999999.99")),
        ("decimal(18,8)", Decimal("9999999999.99999999")),
        ("int unsigned", 4_294_967_295),
        ("int", 2_147_483_647),
        ("smallint(5) unsigned", 65_535),
        ("bigint unsigned", 18_446_744_073_709_551_615),
        ("varchar(20)", None),
        ("datetime(6)", None),
        ("", None),
    ],
)
def test_the_largest_number_of_a_mysql_type(mysql_type: str, largest: Decimal | None) -> None:
    assert largest_value(mysql_type) == largest


def test_the_docs_state_the_limits_as_they_are() -> None:
    text = re.sub(r"\s+", " ", DOCS.read_text())
    last = date.fromordinal(limits.DAYS_END.toordinal() - 1)
    for stated in (
        f"{limits.TEXT_LENGTH:,} characters",
        f"{limits.KEY_TEXT_LENGTH} characters",
        f"{limits.INDEX_ROW_BYTES:,} bytes",
        f"{limits.FIRST_DAY} to {last}",
        f"below {limits.AMOUNT:,}",
        f"below {limits.RATE:,}",
        f"below {limits.COUNT:,}",
        f"below {limits.SHARE * 100:,} %",
    ):
        assert stated in text, stated
