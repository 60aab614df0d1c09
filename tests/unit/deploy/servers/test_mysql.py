"""Users and rights in the shop's database are the same, whichever way its server is started."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from contracts.model import Layer
from contracts.registry import tables_of
from deploy.servers.mysql import SQL, statements

INIT = Path(__file__).parents[4] / "deploy" / "images" / "mysql" / "init.sh"
SETTINGS = {
    "SHOP_MYSQL_DATABASE": "shop",
    "SHOP_MYSQL_ADMIN_USER": "owner",
    "SHOP_MYSQL_ADMIN_PASSWORD": "a&b:reader/:table",
    "SHOP_MYSQL_USER": "reader",
    "SHOP_MYSQL_PASSWORD": "c$d:database",
}


def said_by_the_container(tmp_path: Path) -> list[str]:
    """What init.sh sends to MySQL, comments removed and each statement on a line."""
    client = tmp_path / "mysql"
    client.write_text("#!/bin/bash\nexec cat\n")
    client.chmod(0o755)
    script = INIT.read_text().replace("/opt/shoplake", str(SQL))
    environment = {**SETTINGS, "MYSQL_ROOT_PASSWORD": "x", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = ["bash", "-c", script]
    sent = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    lines = [line for line in sent.splitlines() if not line.startswith("--")]
    statements = "\n".join([*lines, ""]).split(";\n")
    return [f"{' '.join(each.split())};" for each in statements if each.strip()]


def test_both_ways_of_starting_send_the_same_statements(tmp_path: Path) -> None:
    in_container = said_by_the_container(tmp_path)
    assert set(in_container) == set(statements(SETTINGS))
    assert in_container[0] == next(statements(SETTINGS))


def test_the_reader_may_select_the_tables_of_the_contracts_and_nothing_else() -> None:
    rights = {each for each in statements(SETTINGS) if each.startswith("GRANT") and "'reader'@" in each}
    tables = {f"GRANT SELECT ON `shop`.`{table.name}` TO 'reader'@'%';" for table in tables_of(Layer.SHOP)}
    assert tables <= rights
    assert rights - tables == {
        "GRANT /*M! RELOAD */ /*!80023 FLUSH_TABLES */ ON *.* TO 'reader'@'%';",
    }


def test_a_password_may_hold_what_looks_like_a_blank() -> None:
    assert "ALTER USER 'owner'@'%' IDENTIFIED BY 'a&b:reader/:table';" in list(statements(SETTINGS))


@pytest.mark.parametrize("character", ["'", "`", "\\", "\n"])
def test_what_would_end_a_text_in_sql_is_refused(character: str) -> None:
    with pytest.raises(ValueError, match="cannot be used in the MySQL reader_password"):
        list(statements({**SETTINGS, "SHOP_MYSQL_PASSWORD": f"x{character}"}))
