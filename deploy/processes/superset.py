"""Superset: its web server, in its own environment; metadata in PostgreSQL."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from urllib.parse import quote

import httpx

from contracts.settings import Audience, read_by
from deploy.errors import DeployError
from deploy.processes.server import Home, Server
from spark_jobs.settings import ROOT

FOLDER = ROOT / "superset"
LOCK = ROOT / "requirements" / "superset.txt"


def server(home: Home) -> Server:
    """Return Superset's web server."""
    port = home.settings.superset_port
    return Server(
        name="superset",
        command=(
            *(str(home.superset / "bin" / "gunicorn"), "--config", str(FOLDER / "gunicorn_config.py")),
            *("--bind", f"127.0.0.1:{port}", "superset.app:create_app()"),
        ),
        is_ready=lambda: _require_health(port),
        port=port,
        environment=superset_environment(home),
        directory=home.data,
        prepare=lambda: _bootstrap(home),
        needs=("postgres",),
        deadline_seconds=180,
    )


def superset_environment(home: Home) -> dict[str, str]:
    """Return the environment of `superset/superset_config.py` and the asset import, secrets included."""
    settings = home.settings
    password = quote(settings.superset_db_password.get_secret_value(), safe="")
    everything = settings.environment()
    names = [each.name for each in read_by(Audience.SUPERSET)]
    names += ["SUPERSET_SECRET_KEY", "SUPERSET_ADMIN_PASSWORD"]
    return {
        **{name: everything[name] for name in names},
        # The product's folder `superset` must not shadow the package.
        "PYTHONPATH": "",
        "SUPERSET_CONFIG_PATH": str(FOLDER / "superset_config.py"),
        "SUPERSET_HOME": str(home.data / "superset"),
        "SUPERSET_DATABASE_URI": f"postgresql+psycopg2://superset:{password}@127.0.0.1:{settings.warehouse_port}/superset",
    }


def import_assets(home: Home) -> bool:
    """Import databases, datasets, charts and dashboards from git if they changed; returns whether it did."""
    script = FOLDER / "import_assets.py"
    files = sorted(path for path in (FOLDER / "assets").rglob("*") if path.is_file())
    return _once(home, "assets", [script, *files], [str(script)])


def _bootstrap(home: Home) -> None:
    script = FOLDER / "bootstrap.py"
    _once(home, "bootstrap", [script, FOLDER / "superset_config.py", LOCK], [str(script)])


def _once(home: Home, name: str, inputs: list[Path], arguments: list[str]) -> bool:
    """Run a script with Superset's Python unless it has run with these inputs and secrets before."""
    environment = superset_environment(home)
    digest = hashlib.sha256(repr(sorted(environment.items())).encode())
    for path in inputs:
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    stamp = home.data / "superset" / f"{name}.done"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return False
    stamp.parent.mkdir(parents=True, exist_ok=True)
    log = home.logs / f"superset-{name}.log"
    with log.open("w") as output:
        done = subprocess.run(
            [str(home.superset / "bin" / "python"), *arguments],
            env={**home.environment(), **environment},
            cwd=home.data,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        raise DeployError(f"Superset's {name} failed; see {log}. Next: make demo.")
    stamp.write_text(digest.hexdigest())
    return True


def _require_health(port: int) -> None:
    httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).raise_for_status()
