"""The job makes every comparison it can, and reports all errors at once."""

from __future__ import annotations

import pytest

from spark_jobs.errors import UserError
from spark_jobs.jobs.reconcile import TOLD, _compare_all, _refuse
from spark_jobs.reconcile.comparison import Comparison, example
from spark_jobs.reconcile.tables import LakeTables
from spark_jobs.run.record import Step

EQUAL = Comparison("gold.orders", "rows", "silver", 3, "gold", 3)
WRONG = Comparison("gold.orders", "gross_sales", "lines", 5, "orders", 3)


def fails() -> list[Comparison]:
    raise UserError("PostgreSQL does not answer.")


def test_a_comparison_that_cannot_be_made_hides_no_other() -> None:
    step = Step("r", "reconcile")
    found, problems = _compare_all(step, {"a and b": fails, "b and c": lambda: [EQUAL, WRONG]})
    assert found == [EQUAL, WRONG]
    assert {name: record.note for name, record in step.tables.items()} == {
        "a and b": "not compared",
        "b and c": "1 unexplained",
    }
    named = WRONG.naming(["order_id 7"], "./shoplake sql …")
    with pytest.raises(
        UserError, match=r"^PostgreSQL does not answer\. differences without a reason: .*"
    ) as told:
        _refuse([EQUAL, named], problems)
    assert "2 unexplained, such as order_id 7. Next: ./shoplake sql …" in str(told.value)


def test_equal_places_are_no_problem() -> None:
    _refuse([EQUAL], [])


def test_a_message_names_some_differences_and_counts_the_rest() -> None:
    with pytest.raises(UserError) as told:
        _refuse([WRONG] * (TOLD + 5), [])
    assert str(told.value).count("unexplained") == TOLD
    assert str(told.value).endswith("and 5 more in the table above")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT CAST(x AS INTEGER) FROM (VALUES ('a')) t(x)",
        "SELECT CAST(x AS DECIMAL(38,0)) * 10 FROM (VALUES (repeat('9', 38))) t(x)",
        "SELECT x ->> '$.a' FROM (VALUES ('{')) t(x)",
        "SELECT decode(x) FROM (VALUES ('\\xC3\\x28'::BLOB)) t(x)",
    ],
)
def test_a_value_that_duckdb_refuses_is_a_message(sql: str) -> None:
    tables = LakeTables(lake=None)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"^reconciliation cannot compare a value \(.*Next: "):
        tables.rows(sql)


def test_an_odd_key_stays_on_its_line() -> None:
    assert (
        example({"location": " a\n\0" + "x" * 90})
        == f"location {ascii(' a' + chr(10) + chr(0) + 'x' * 90)[:60]}…"
    )
    assert example({"id": None}, {"here": 1}) == "id null (1 in here)"
