"""The error that a person at the terminal can fix."""

from __future__ import annotations


class DeployError(Exception):
    """An error for the person at the terminal: what went wrong, and the next command."""
