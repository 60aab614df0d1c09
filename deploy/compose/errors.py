"""Errors that a person can mend."""

from __future__ import annotations


class ComposeError(Exception):
    """What went wrong and the next command, in words for the person at the terminal."""
