"""Errors that a person can mend, and how an entry point shows them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence


class UserError(Exception):
    """One clear sentence or two: the cause, the setting, the next command. Shown without a stack trace."""


def exit_code(main: Callable[[Sequence[str] | None], int | None]) -> int:
    """Run an entry point; a UserError becomes one line on stderr and exit code 2."""
    try:
        return main(None) or 0
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
