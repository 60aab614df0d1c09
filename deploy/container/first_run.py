"""Trigger the first run of the pipeline and unpause the DAGs: `python -m deploy.container.first_run`.

It runs in the container of Airflow's API server. If the pipeline has run before, there is nothing to do.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from pydantic import SecretStr

from deploy.errors import DeployError
from deploy.servers.airflow_api import AirflowApi


@dataclass(frozen=True)
class Access:
    """Access to Airflow in its own container."""

    airflow_admin_password: SecretStr
    airflow_port: int = 8080


def main() -> int:
    """Print the run's id, or nothing if there was an earlier run."""
    airflow = AirflowApi(Access(SecretStr(os.environ["AIRFLOW_ADMIN_PASSWORD"])))
    try:
        if airflow.has_run("medallion"):
            return 0
        print(airflow.trigger("medallion"))
        airflow.unpause("maintenance")
    except DeployError as error:
        print(f"{error} Next: make logs S=airflow-dag-processor", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
