"""The browser of the tests: Debian's Chromium, headless, installed where this user may."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

# No browser service may call home, and the sandbox needs rights that a container does not give.
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)
# A slow machine must not fail a test: the wait for pages is longer than a person's patience.
PATIENCE_MILLISECONDS = 300_000
NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = ("apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium", "fonts-dejavu-core")


def program() -> str:
    """Path of the browser; without one the test fails, saying how to get it."""
    return _found() or _installed()


def _found() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def _installed() -> str:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (("apt-get", "update", "-q"), INSTALL):
            subprocess.run(command, env=environment, capture_output=True, check=False)
        if there := _found():
            return there
    pytest.fail(f"none of {', '.join(NAMES)} is installed. Next: sudo {' '.join(INSTALL)}")
