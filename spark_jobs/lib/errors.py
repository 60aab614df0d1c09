"""How an entry point ends: errors that a person can mend in one line, and never later than who started it."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence

PR_SET_PDEATHSIG = 1
# What local/S3LogStore.scala says of a store that cannot hold a lake.
REFUSED_STORE = re.compile(r"The store of \S+ ignores If-None-Match.*")


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
    except Exception as error:
        if found := REFUSED_STORE.search(str(error)):
            print(f"error: {found[0]}", file=sys.stderr)
            return 2
        raise


def _end_with_spark_submit() -> None:
    """A job that spark-submit has started ends when that is killed: a retry must not run beside it."""
    if "PYSPARK_GATEWAY_PORT" in os.environ and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
