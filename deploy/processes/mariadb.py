"""MariaDB: the shop's database."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path
from typing import Any

import mysql.connector

from deploy.errors import DeployError
from deploy.processes import jars
from deploy.processes.server import Home, Server
from deploy.servers.mysql import OPTIONS, statements


def server(home: Home) -> Server:
    """Return MariaDB on loopback, with time in UTC."""
    settings = home.settings
    base = jars.mariadb_base(home)
    data = home.data / "mariadb"

    def prepare() -> None:
        jars.unpack_mariadb(home)
        _install(base, data, home)
        home.write_private("mariadb.sql", _statements(home))

    def is_ready() -> None:
        connect(home).close()

    return Server(
        name="mariadb",
        command=(
            *(str(base / "bin" / "mariadbd"), "--no-defaults", f"--basedir={base}", f"--datadir={data}"),
            *(f"--lc-messages-dir={base / 'share'}", f"--init-file={home.run / 'mariadb.sql'}"),
            *("--bind-address=127.0.0.1", f"--port={settings.shop_mysql_port}", "--skip-name-resolve"),
            *(f"--socket={home.sockets / 'mariadb.sock'}", f"--pid-file={home.run / 'mariadb.pid'}"),
            *(f"--innodb-buffer-pool-size={settings.shop_mysql_memory}", "--innodb-log-file-size=64M"),
            # Without it every start generates a TLS key, for up to ten seconds; the address is loopback.
            "--skip-ssl",
            *(f"--{option.name}={option.value}" for option in OPTIONS),
            *(("--user=root",) if os.geteuid() == 0 else ()),
        ),
        is_ready=is_ready,
        port=settings.shop_mysql_port,
        directory=data,
        prepare=prepare,
        needs=(jars.NAME,),
    )


def connect(home: Home) -> Any:
    """Connect as the owner of the shop's database."""
    settings = home.settings
    return mysql.connector.connect(
        host="127.0.0.1",
        port=settings.shop_mysql_port,
        user=settings.shop_mysql_admin_user,
        password=settings.shop_mysql_admin_password.get_secret_value(),
        database=settings.shop_mysql_database,
        # The connector's default collation does not exist in MariaDB.
        collation="utf8mb4_general_ci",
        connection_timeout=3,
    )


def _install(base: Path, data: Path, home: Home) -> None:
    if (data / "mysql").exists():
        return
    partial = data.with_name("mariadb.partial")
    command = [str(base / "scripts" / "mariadb-install-db"), "--no-defaults", f"--basedir={base}"]
    command += [f"--datadir={partial}", "--auth-root-authentication-method=socket", "--skip-test-db"]
    # The owner of the files has all rights over the socket.
    command.append(f"--auth-root-socket-user={pwd.getpwuid(os.geteuid()).pw_name}")
    command += ["--skip-name-resolve", "--innodb-log-file-size=64M"]
    if os.geteuid() == 0:
        command.append("--user=root")
    log = home.logs / "mariadb-install.log"
    partial.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False, cwd=base)
    if done.returncode != 0:
        raise DeployError(
            f"MariaDB could not create its data folder; see {log}. Next: make clean, then make demo."
        )
    partial.rename(data)


def _statements(home: Home) -> str:
    try:
        return "\n".join([*statements(home.settings.environment()), ""])
    except ValueError as error:
        raise DeployError(f"{error}. Next: change it in .env.") from None
