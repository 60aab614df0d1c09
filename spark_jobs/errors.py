"""Exit of an entry point: with one line that a person can act on, and no later than its parent process."""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

PR_SET_PDEATHSIG = 1
# The error of deploy/servers/S3LogStore.scala for a store that cannot hold a lake.
REFUSED_STORE = re.compile(r"The store of \S+ ignores If-None-Match.*")
# The file in which the parent process expects the outcome of a job: {"exit_code": 2, "error": "…"}.
OUTCOME_FILE = "SHOPLAKE_OUTCOME_FILE"
DEBUG = "SHOPLAKE_DEBUG"
CAUSE_LENGTH = 500
# Spark's error class and message, anywhere in a chain of Java exceptions.
_SPARK_ERROR = re.compile(r"\[[A-Z][A-Z0-9_.]+\] ?[^\n]*")
# PostgreSQL's position in a COPY; the value that follows stays out of logs.
_COPY_PLACE = re.compile(r"COPY \w+, line \d+(?:, column \w+)?")


class UserError(Exception):
    """An error in one or two clear sentences: cause, setting, next command. Shown without a stack trace.

    A retry fails in the same way until somebody fixes the cause.
    """

    exit_code = 2


class TransientError(UserError):
    """A UserError that a retry may resolve: a server does not answer, another process holds a lock."""

    exit_code = os.EX_TEMPFAIL  # 75


def exit_code(main: Callable[[Sequence[str] | None], int | None]) -> int:
    """Run an entry point; print an error as lines `error: …` at the end of stderr.

    Returns:
        The value of `main`; 2 after a UserError, 75 after a TransientError; 1 after anything unexpected,
        whose stack trace is in the file named in the line.
    """
    _end_with_spark_submit()
    step = Path(sys.argv[0]).stem
    try:
        return main(None) or 0
    except UserError as error:
        return _end(str(error), error.exit_code)
    except Exception as error:
        if found := REFUSED_STORE.search(str(error)):
            return _end(found[0], UserError.exit_code)
        if os.environ.get(DEBUG):
            traceback.print_exception(error)
        elif not noted(error, "trace"):
            note(error, "trace", _written_trace(error, step))
        return _end(told(error, step), 1)


def note(error: BaseException, name: str, value: str) -> None:
    """Attach to an error where it happened, for `told`; the innermost, first note is kept."""
    error.add_note(f"{name}: {value}")


def noted(error: BaseException, name: str) -> str:
    """Return the note attached to an error; empty without one."""
    notes = (each for each in getattr(error, "__notes__", ()) if each.startswith(f"{name}: "))
    return next(notes, "").removeprefix(f"{name}: ")


def told(error: BaseException, step: str) -> str:
    """Describe an error for a person: a UserError's own message, else step, table, cause and trace file."""
    if isinstance(error, UserError):
        return str(error)
    table, trace = noted(error, "table"), noted(error, "trace")
    where = f"{step} failed at {table}" if table else f"{step} failed"
    kept = f" The stack trace is in {trace}." if trace else ""
    return (
        f"{where}: {cause_of(error)}.{kept} Next: ./shoplake run tries again; if it fails again,"
        " docs/runbook.md says how to report it."
    )


def cause_of(error: BaseException) -> str:
    """Return the first sentence of an error, on one line, without a Java or Python stack trace."""
    text = str(error).strip()
    source = type(error).__module__.partition(".")[0]
    if source == "pyspark" and (found := _SPARK_ERROR.search(text)):
        said = found[0]
    elif source == "psycopg2":
        place = _COPY_PLACE.search(text)
        said = (text.splitlines() or [""])[0] + (f" ({place[0]})" if place else "")
    else:
        said = f"{type(error).__name__}: {(text.splitlines() or [''])[0]}"
    said = "".join(each if each.isprintable() else "�" for each in said).strip().rstrip(".:")
    return said if len(said) <= CAUSE_LENGTH else f"{said[: CAUSE_LENGTH - 1]}…"


def trace_of(error: BaseException) -> str:
    """Return the whole stack trace."""
    return "".join(traceback.format_exception(error))


def _written_trace(error: BaseException, step: str) -> str:
    """Write the trace of an error outside a run's step to a file; returns its path."""
    with tempfile.NamedTemporaryFile(
        "w", prefix=f"shoplake-{step}-", suffix=".trace.txt", encoding="utf-8", delete=False, errors="replace"
    ) as file:
        file.write(trace_of(error))
    return file.name


def end_now(error: UserError) -> NoReturn:
    """End the process at once, from any thread, with an error's line and exit code.

    For what cannot wait for the main thread; whatever it was doing is as after a kill.
    """
    code = _end(str(error), error.exit_code)
    sys.stderr.flush()
    os._exit(code)


def _end(message: str, code: int) -> int:
    """Report why a job ends, as the last lines of its log and to the parent process."""
    sys.stdout.flush()
    for line in message.splitlines():
        print(f"error: {line}", file=sys.stderr)
    if outcome := os.environ.get(OUTCOME_FILE):
        Path(outcome).write_text(json.dumps({"exit_code": code, "error": message}), encoding="utf-8")
    return code


def _end_with_spark_submit() -> None:
    """End a job when the spark-submit that started it is killed: a retry must not run beside it."""
    if "PYSPARK_GATEWAY_PORT" in os.environ and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
