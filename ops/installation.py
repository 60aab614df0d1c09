"""The installation that a verb works on: this checkout's, unless SHOPLAKE_HOME names another folder."""

from __future__ import annotations

import os
from pathlib import Path

from deploy.errors import DeployError
from deploy.processes.settings import LocalSettings, load_settings
from deploy.processes.stack import Stack
from spark_jobs.errors import UserError
from spark_jobs.lake.object_store import require_bucket
from spark_jobs.lake.tables import Lake
from spark_jobs.settings import ROOT

FOLDER = Path(os.environ.get("SHOPLAKE_HOME") or ROOT)
ENV_FILE = FOLDER / ".env"


def settings() -> LocalSettings:
    """Return the settings of this installation.

    Raises:
        DeployError: when there is none, or a setting is missing or unusable.
    """
    _require_installed()
    return load_settings(ENV_FILE)


def stack() -> Stack:
    """Return the servers of this installation.

    Raises:
        DeployError: when there is no installation.
    """
    _require_installed()
    return Stack(FOLDER / ".shoplake", ENV_FILE)


def lake(settings: LocalSettings) -> Lake:
    """Return the lake of this installation.

    Raises:
        DeployError: when its object store refuses access.
    """
    try:
        require_bucket(settings)
    except UserError as error:
        raise DeployError(str(error)) from None
    return Lake(config=settings)


def _require_installed() -> None:
    if not ENV_FILE.exists():
        raise DeployError("Shoplake is not installed yet. Next: make demo")
