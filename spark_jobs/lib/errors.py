"""How an entry point ends: errors that a person can mend in one line, and never later than who started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Sequence

PR_SET_PDEATHSIG = 1


class UserError(Exception):
    """One clear sentence or two: the cause, the setting, the next command. Shown without a stack trace."""


def exit_code(main: Callable[[Sequence[str] | None], int | None]) -> int:
    """Run an entry point; a UserError becomes one line on stderr and exit code 2."""
    _end_with_spark_submit()
    try:
        return main(None) or 0
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _end_with_spark_submit() -> None:
    """A job that spark-submit has started ends when that is killed: a retry must not run beside it."""
    if "PYSPARK_GATEWAY_PORT" in os.environ and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
