"""`make env`, `make up` and the installation itself run before anything is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("module", ["deploy.compose.__main__", "deploy.env.environments"])
def test_the_standard_library_is_enough(module: str) -> None:
    command = [sys.executable, "-S", "-c", f"import {module}, sys; assert 'pydantic' not in sys.modules"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_site_packages_nothing_else_is_there() -> None:
    command = [sys.executable, "-S", "-c", "import deploy.processes.stack"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode != 0
