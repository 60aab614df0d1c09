"""Errors that a user can make; the command prints one line for each."""

from __future__ import annotations


class SimulatorError(Exception):
    """An error in one line: what is wrong, the setting behind it, and the next command."""
