"""How an entry point ends: one line that a person can act on, and never later than who started it."""

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

PR_SET_PDEATHSIG = 1
# What deploy/servers/S3LogStore.scala says of a store that cannot hold a lake.
REFUSED_STORE = re.compile(r"The store of \S+ ignores If-None-Match.*")
# Where whoever starts a job wants to read how it ended: {"exit_code": 2, "error": "…"}.
OUTCOME_FILE = "SHOPLAKE_OUTCOME_FILE"
DEBUG = "SHOPLAKE_DEBUG"
CAUSE_LENGTH = 500
# Spark's own name of an error and its sentence, wherever in a chain of Java exceptions it stands.
_SPARK_ERROR = re.compile(r"\[[A-Z][A-Z0-9_.]+\] ?[^\n]*")
# Where PostgreSQL was in a COPY; the value that follows stays out of logs.
_COPY_PLACE = re.compile(r"COPY \w+, line \d+(?:, column \w+)?")


class UserError(Exception):
    """One clear sentence or two: the cause, the setting, the next command. Shown without a stack trace.

    Another try ends in the same way, until a person has done something.
    """

    exit_code = 2


class TransientError(UserError):
    """A UserError that another try may heal: a server does not answer, someone else holds a lock."""

    exit_code = os.EX_TEMPFAIL  # 75


def exit_code(main: Callable[[Sequence[str] | None], int | None]) -> int:
    """Run an entry point; an error becomes lines `error: …` at the end of stderr.

    Returns:
        What `main` returned; 2 after a UserError, 75 after a TransientError; 1 after anything unexpected,
        whose stack trace is in the file that the line names.
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
    """Tell an error where it happened, for `told`; who is nearest speaks first, and the first is heard."""
    error.add_note(f"{name}: {value}")


def noted(error: BaseException, name: str) -> str:
    """What an error was told; empty when nothing."""
    notes = (each for each in getattr(error, "__notes__", ()) if each.startswith(f"{name}: "))
    return next(notes, "").removeprefix(f"{name}: ")


def told(error: BaseException, step: str) -> str:
    """An error in a person's words: a UserError's own, else step, table, cause and where the trace is."""
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
    """The first thing that an error says, on one line, without a stack trace of Java or Python."""
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
    """The whole stack trace."""
    return "".join(traceback.format_exception(error))


def _written_trace(error: BaseException, step: str) -> str:
    """Keep the trace of an error outside a run's step; returns the path."""
    with tempfile.NamedTemporaryFile(
        "w", prefix=f"shoplake-{step}-", suffix=".trace.txt", encoding="utf-8", delete=False, errors="replace"
    ) as file:
        file.write(trace_of(error))
    return file.name


def _end(message: str, code: int) -> int:
    """Say why a job ends: last in its log, and to whoever started it."""
    sys.stdout.flush()
    for line in message.splitlines():
        print(f"error: {line}", file=sys.stderr)
    if outcome := os.environ.get(OUTCOME_FILE):
        Path(outcome).write_text(json.dumps({"exit_code": code, "error": message}), encoding="utf-8")
    return code


def _end_with_spark_submit() -> None:
    """A job that spark-submit has started ends when that is killed: a retry must not run beside it."""
    if "PYSPARK_GATEWAY_PORT" in os.environ and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
