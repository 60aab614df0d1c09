"""Mistakes a user can make; the command prints one line for each."""

from __future__ import annotations


class SimulatorError(Exception):
    """What is wrong, the setting behind it, and the next command, in one line."""
