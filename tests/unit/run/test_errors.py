"""Exit of a job: one line for a person, and a code that says whether a retry can help."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from pyspark.errors.exceptions.connect import SparkConnectGrpcException

from spark_jobs import errors
from spark_jobs.errors import TransientError, UserError, cause_of, exit_code
from spark_jobs.lake.tables import Lake
from spark_jobs.run import record as runs
from spark_jobs.run.record import read_step, run_step

JAVA = (
    "(org.apache.spark.SparkException) Job aborted due to stage failure: Task 0 in stage 5.0 failed 1 times:"
    " org.apache.spark.SparkArithmeticException: [NUMERIC_VALUE_OUT_OF_RANGE.WITHOUT_SUGGESTION] 4.2e16"
    " cannot be represented as Decimal(18, 2). SQLSTATE: 22003\n\tat org.apache.spark.sql.Cast(Cast.scala:1)"
    "\n\nJVM stacktrace:\norg.apache.spark.SparkException\n\tat org.apache.spark.scheduler.DAGScheduler"
)
COPY = (
    'invalid byte sequence for encoding "UTF8": 0x00\nCONTEXT:  COPY orders__3, line 17, column product_name:'
    ' "Jane Doe"\n'
)


def ended(error: BaseException | None, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    def main(_: object) -> int:
        if error:
            raise error
        return 0

    code = exit_code(main)
    return code, capsys.readouterr().err.splitlines()


def test_the_code_says_who_can_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(None, capsys) == (0, [])
    assert ended(UserError("a.\nb."), capsys) == (2, ["error: a.", "error: b."])
    assert ended(TransientError("MySQL does not answer."), capsys) == (75, ["error: MySQL does not answer."])
    assert ended(KeyError("x"), capsys)[0] == 1


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (
            SparkConnectGrpcException(JAVA),
            "[NUMERIC_VALUE_OUT_OF_RANGE.WITHOUT_SUGGESTION] 4.2e16 cannot be represented as Decimal(18, 2)."
            " SQLSTATE: 22003",
        ),
        (
            psycopg2.DataError(COPY),
            'invalid byte sequence for encoding "UTF8": 0x00 (COPY orders__3, line 17, column product_name)',
        ),
        (KeyError("note"), "KeyError: 'note'"),
        (ValueError(""), "ValueError"),
        (ValueError("a\x1b[31mb\nc"), "ValueError: a�[31mb"),
        (ValueError("x" * 5000), "ValueError: " + "x" * 487 + "…"),
    ],
)
def test_a_cause_is_one_line_without_a_stack_trace(error: Exception, cause: str) -> None:
    assert cause_of(error) == cause


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setattr(runs, "require_bucket", lambda _: None)
    monkeypatch.setattr(runs, "settings", lambda: None)
    return Lake(str(tmp_path))


def test_an_unexpected_error_names_step_table_cause_and_where_its_trace_is(
    lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def main(_: object) -> int:
        with run_step("build_gold", "run 1", lake) as step, step.timed("gold.orders"):
            raise SparkConnectGrpcException(JAVA)

    monkeypatch.setattr(sys, "argv", ["/somewhere/build_gold.py"])
    monkeypatch.setenv(errors.OUTCOME_FILE, str(tmp_path / "outcome"))
    assert exit_code(main) == 1
    said = capsys.readouterr()
    trace = tmp_path / "runs" / "run 1" / "build_gold.trace.txt"
    (line,) = said.err.splitlines()
    assert line.startswith("error: build_gold failed at gold.orders: [NUMERIC_VALUE_OUT_OF_RANGE")
    assert f"The stack trace is in {trace}. Next: ./shoplake run" in line
    assert "Traceback" not in said.out
    assert "DAGScheduler" in trace.read_text() and "Traceback" in trace.read_text()
    kept: Any = read_step(lake, "run 1", "build_gold")
    assert (kept.state, f"error: {kept.details['error']}") == ("failed", line)
    outcome = json.loads((tmp_path / "outcome").read_text())
    assert outcome == {"exit_code": 1, "error": kept.details["error"]}


def test_the_nearest_table_is_the_one_that_is_named(lake: Lake) -> None:
    with (
        pytest.raises(ValueError) as caught,
        run_step("build_silver", "1", lake) as step,
        step.timed("silver"),
        step.timed("silver.orders"),
    ):
        raise ValueError("no")
    assert "build_silver failed at silver.orders: ValueError: no." in errors.told(
        caught.value, "build_silver"
    )


def test_a_person_may_see_the_trace_at_once() -> None:
    program = "import spark_jobs.errors as e; e.exit_code(lambda _: 1 // 0)"
    root = Path(__file__).parents[3]

    def said(**environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONPATH": str(root)} | environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stderr

    quiet, loud = said(), said(SHOPLAKE_DEBUG="1")
    (line,) = quiet.splitlines()
    path = Path(line.partition("The stack trace is in ")[2].partition(". Next")[0])
    assert "ZeroDivisionError" in path.read_text()
    path.unlink()
    assert loud.startswith("Traceback") and loud.splitlines()[-1].startswith("error: ")
