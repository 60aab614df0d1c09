"""The error that a person at the terminal can mend."""

from __future__ import annotations


class DeployError(Exception):
    """What went wrong and the next command, in words for the person at the terminal."""
