from __future__ import annotations

import configparser
import json
from pathlib import Path

import pytest
from supervisor.datatypes import dict_of_key_value_pairs

from deploy.env.env_file import ensure_env_file
from deploy.errors import DeployError
from deploy.processes import airflow, jars, mariadb, spark, superset
from deploy.processes.server import Home, Server
from deploy.processes.settings import load_settings
from deploy.processes.supervisor import Supervisor


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_of(tmp_path, {"AIRFLOW_PORT": "28080"})


def home_of(tmp_path: Path, changed: dict[str, str]) -> Home:
    ensure_env_file(tmp_path / ".env")
    overrides = {"SHOPLAKE_CACHE": str(tmp_path / "cache"), **changed}
    home = Home(tmp_path / "state", load_settings(tmp_path / ".env", overrides), Path("/usr/bin/java"))
    home.create()
    return home


def rendered(home: Home, server: Server) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(Supervisor(home)._render([server]))
    return parser[f"program:{server.name}"]


def test_the_supervisor_reads_back_the_environment_it_was_given(home: Home) -> None:
    server = airflow.servers(home)[0]
    text = rendered(home, server)["environment"].replace("%%", "%")
    assert dict_of_key_value_pairs(text) == server.environment
    connection = '{"conn_type": "spark", "host": "embedded"}'
    assert server.environment["AIRFLOW_CONN_SPARK_DEFAULT"] == connection


def test_apache_spark_is_a_setting(tmp_path: Path) -> None:
    overrides = {"SPARK_ENGINE": "spark", "SPARK_REMOTE": "sc://127.0.0.1:25002"}
    home = home_of(tmp_path, overrides)
    connection = json.loads(airflow.airflow_environment(home)["AIRFLOW_CONN_SPARK_DEFAULT"])
    assert connection == {"conn_type": "spark_connect", "host": "127.0.0.1", "port": 25002}
    assert "spark-connect" in home.settings.ports()


def test_airflow_binds_loopback_and_its_tasks_hold_no_owners_password(home: Home) -> None:
    environment = airflow.airflow_environment(home)
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:28080/execution/"
    assert not {"SPARK_REMOTE", "POSTGRES_PASSWORD", "SHOP_MYSQL_ADMIN_PASSWORD"} & set(environment)


def test_superset_gets_the_warehouses_reader_only(home: Home) -> None:
    environment = superset.superset_environment(home)
    assert environment["WAREHOUSE_READER_PASSWORD"]
    assert not {"WAREHOUSE_LOADER_PASSWORD", "POSTGRES_PASSWORD", "PSEUDONYM_KEY"} & set(environment)


def test_spark_is_given_no_secret_and_no_remote(home: Home) -> None:
    server = spark.connect_server(home)
    assert set(server.environment) == {"SPARK_HOME", "SPARK_LOCAL_IP"}
    assert "spark.connect.grpc.binding.address=127.0.0.1" in server.command
    assert str(jars.folder(home, "spark") / "*") in server.command


def test_a_quote_in_a_mysql_password_is_refused_before_it_reaches_sql(home: Home, tmp_path: Path) -> None:
    settings = load_settings(tmp_path / ".env", {"SHOP_MYSQL_PASSWORD": "x'; DROP DATABASE shop; --"})
    with pytest.raises(DeployError, match="MySQL reader_password"):
        mariadb._statements(Home(home.state, settings, home.java))


def test_sockets_lie_where_their_paths_are_short_enough(home: Home, tmp_path: Path) -> None:
    deep = Home(tmp_path / ("x" * 100), home.settings, home.java)
    assert len(str(deep.sockets / "supervisor.sock")) < 100
    assert deep.sockets != Home(tmp_path / ("y" * 100), home.settings, home.java).sockets
