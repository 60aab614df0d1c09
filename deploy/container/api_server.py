"""Start Airflow's API server with the administrator's password: `python -m deploy.container.api_server`."""

from __future__ import annotations

import json
import os
from pathlib import Path

from deploy.env.env_file import write_private

if __name__ == "__main__":
    passwords = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    passwords.parent.mkdir(parents=True, exist_ok=True)
    write_private(passwords, json.dumps({"admin": os.environ["AIRFLOW_ADMIN_PASSWORD"]}))
    os.execvp("airflow", ["airflow", "api-server"])  # noqa: S606
