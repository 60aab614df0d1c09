"""The real compose file, from scratch: up, first run, figures, browser, down and up, a crash, a backup.

The tests are one story: each starts where the previous one ended.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.compose.settings import ALL_PROFILES
from ops import sql
from tests.browser import superset_page
from tests.browser.chromium import PATIENCE_MILLISECONDS
from tests.browser.conftest import Site, chromium  # noqa: F401 - a fixture
from tests.browser.test_superset import CHARTS, FIGURES, number_shown
from tests.deploy.compose.installation import DEADLINE, Installation, docker, installed
from tests.integration.servers import ROOT
from tests.stack.ledger import assert_marts_equal_the_ledger
from tests.stack.pipeline import Rows, query, served_rows

pytestmark = [pytest.mark.compose, pytest.mark.timeout(2 * DEADLINE)]
RELEASES = "SELECT count(*) FROM mart_meta.releases"
LASTING = {
    *("mysql", "kafka", "postgres", "spark", "stream", "superset", "gateway", "storefront"),
    *("airflow-api-server", "airflow-scheduler", "airflow-dag-processor"),
}
Took = Callable[[str, float], None]


@dataclass(frozen=True)
class Saved:
    """A backup and what was there when it was taken."""

    backup: Path
    served: dict[str, Rows]
    releases: Rows
    record: bytes


@pytest.fixture(scope="module")
def shoplake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("compose")) as installation:
        yield installation


@pytest.fixture(scope="module")
def said(shoplake: Installation, took: Took) -> str:
    """What `make up` says on a machine that has nothing of it yet."""
    began = time.monotonic()
    output = shoplake.must_make("up")
    took("make up, images included", time.monotonic() - began)
    return output


@pytest.fixture(scope="module")
def first_run(shoplake: Installation, said: str, took: Took) -> str:
    run_id = said.rpartition("/runs/")[2].split()[0]
    began = time.monotonic()
    shoplake.follow(run_id)
    took("the first run", time.monotonic() - began)
    return run_id


def test_the_compose_files_are_valid(shoplake: Installation) -> None:
    everything = [argument for name in ALL_PROFILES for argument in ("--profile", name)]
    shoplake.compose(*everything, "config", "--quiet")
    files = ("docker-compose.yml", "docker-compose.override.example.yml")
    shoplake.compose(*(part for name in files for part in ("-f", name)), *everything, "config", "--quiet")


def test_a_missing_secret_stops_compose_itself(shoplake: Installation, tmp_path: Path) -> None:
    text = shoplake.env_file.read_text()
    lines = [line for line in text.splitlines() if not line.startswith("AIRFLOW_JWT_SECRET=")]
    (tmp_path / ".env").write_text("\n".join(lines))
    command = ["docker", "compose", "--env-file", str(tmp_path / ".env"), "config", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "AIRFLOW_JWT_SECRET" in done.stderr
    assert "run make env" in done.stderr


def test_make_up_ends_with_everything_healthy(shoplake: Installation, said: str) -> None:
    assert set(shoplake.containers()) == LASTING
    shoplake.wait_until_healthy()
    assert f"http://127.0.0.1:{shoplake.settings.superset_port}" in said
    assert f"http://127.0.0.1:{shoplake.settings.airflow_port}" in said
    assert "SUPERSET_ADMIN_PASSWORD" in said
    assert not any(secret in said for secret in shoplake.secrets().values())


def test_nothing_runs_as_root(shoplake: Installation, said: str) -> None:
    for service in LASTING:
        assert shoplake.compose("exec", "-T", service, "id", "-u").strip() != "0", service
    for image in own_images(shoplake):
        assert docker("inspect", "--format", "{{.Config.User}}", image).decode().strip() not in (
            "",
            "0",
            "root",
        )


def test_images_hold_no_secret(shoplake: Installation, said: str) -> None:
    for image in own_images(shoplake):
        layers = docker("history", "--no-trunc", image) + docker("inspect", image)
        assert found_in(layers.decode(), shoplake) == []


def test_the_first_run_ends_well_and_figures_equal_the_ledger(
    shoplake: Installation, first_run: str, tmp_path: Path
) -> None:
    assert_marts_equal_the_ledger(shoplake.stack(tmp_path))  # type: ignore[arg-type]


def test_the_dashboards_show_the_figures(shoplake: Installation, first_run: str, chromium: Any) -> None:  # noqa: F811
    settings = shoplake.settings
    site = Site(
        f"http://127.0.0.1:{settings.superset_port}", settings.superset_admin_password.get_secret_value()
    )
    context = chromium.new_context(
        viewport={"width": 1440, "height": 2400}, locale="en-GB", timezone_id="UTC"
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()
    superset_page.log_in(page, site)
    charts = superset_page.open_dashboards(page, site)
    assert sorted(charts) == CHARTS
    assert {name: chart.errors for name, chart in charts.items() if chart.errors} == {}
    with closing(sql.connect(settings)) as connection:
        for name, (statement, unit) in FIGURES.items():
            expected = Decimal(sql.ask(connection, statement).rows[0][0])
            assert abs(number_shown(charts[name]) - expected) <= unit / 2, name
    context.close()


def test_a_reader_of_the_shop_may_only_read(shoplake: Installation, first_run: str) -> None:
    ask = 'MYSQL_PWD=$SHOP_MYSQL_PASSWORD mysql -h 127.0.0.1 -P $SHOP_MYSQL_PORT -u $SHOP_MYSQL_USER -Ne "$1"'
    grants = shoplake.compose("exec", "-T", "mysql", "sh", "-c", ask, "sh", "SHOW GRANTS")
    rights = {line.split(" TO ")[0] for line in grants.splitlines()}
    assert {"GRANT USAGE ON *.*", "GRANT FLUSH_TABLES ON *.*", "GRANT SELECT ON `shop`.`orders`"} <= rights
    assert all(
        line.startswith(("GRANT SELECT ON `shop`.`", "GRANT USAGE", "GRANT FLUSH_TABLES")) for line in rights
    )


def test_a_reader_without_rights_is_told_with_the_statement_that_grants_them(
    shoplake: Installation, first_run: str
) -> None:
    ask = 'MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql --socket /var/run/mysqld/mysqld.sock -u root -e "$1"'
    make = "CREATE USER weak@'%' IDENTIFIED BY 'weak'; GRANT SELECT ON shop.orders TO weak@'%'"
    shoplake.compose("exec", "-T", "mysql", "sh", "-c", ask, "sh", make)
    as_weak = ("-e", "SHOP_MYSQL_USER=weak", "-e", "SHOP_MYSQL_PASSWORD=weak")
    command = ("sh", "-c", "python -m deploy.container.shop_rights || true")
    said = shoplake.compose("run", "--rm", "--no-deps", "-T", *as_weak, "airflow-scheduler", *command)
    (line,) = said.splitlines()
    assert "'weak'@'%' cannot read customers, addresses, " in line
    assert " orders," not in line
    assert line.endswith("GRANT SELECT ON `shop`.* TO 'weak'@'%';")


def test_the_gateway_takes_events_with_the_token_only(shoplake: Installation, said: str) -> None:
    url = f"http://127.0.0.1:{shoplake.settings.gateway_port}"
    assert url in said
    event = {"event": "hello", "distinct_id": "someone", "uuid": str(uuid.uuid4())}
    answer = httpx.post(f"{url}/e/", json={"api_key": "phc_of_somebody_else", **event})
    assert answer.status_code == 401


@pytest.fixture(scope="module")
def saved(
    shoplake: Installation, first_run: str, took: Took, tmp_path_factory: pytest.TempPathFactory
) -> Saved:
    """A backup of the stack that `make down` has stopped, and what was served then."""
    served, releases = served_rows(shoplake.settings), query(shoplake.settings, RELEASES)
    record = shoplake.file_of_volume("ledger", "shop.sqlite")
    shoplake.must_make("down")
    assert shoplake.containers() == []
    folder = tmp_path_factory.mktemp("backups")
    began = time.monotonic()
    shoplake.must_make("backup", f"TO={folder}")
    took("a backup of a stack that is down", time.monotonic() - began)
    assert shoplake.containers() == []
    (backup,) = folder.iterdir()
    return Saved(backup, served, releases, record)


def test_down_and_up_again_keep_the_data(shoplake: Installation, saved: Saved, took: Took) -> None:
    began = time.monotonic()
    said = shoplake.must_make("up")
    took("make up, again", time.monotonic() - began)
    assert "first run" not in said
    assert "data are kept" in shoplake.compose("logs", "--no-log-prefix", "simulator")
    assert served_rows(shoplake.settings) == saved.served
    assert query(shoplake.settings, RELEASES) == saved.releases


def test_a_run_in_which_a_server_is_killed_is_repaired(
    shoplake: Installation, saved: Saved, tmp_path: Path, took: Took
) -> None:
    victim = random.choice(sorted(LASTING - {"superset", "airflow-dag-processor"}))
    print(f"killed: {victim}")
    shoplake.live()
    began = time.monotonic()
    shoplake.airflow.has_run("medallion")
    run_id = shoplake.airflow.trigger("medallion")
    shoplake.wait_for_task(run_id, "build_silver", "running")
    shoplake.crash(victim)
    shoplake.follow(run_id)
    took(f"a run in which {victim} is killed", time.monotonic() - began)
    shoplake.wait_until_healthy()
    assert_marts_equal_the_ledger(shoplake.stack(tmp_path))  # type: ignore[arg-type]


def test_a_backup_brings_everything_back(shoplake: Installation, saved: Saved, took: Took) -> None:
    assert saved.backup.stat().st_mode & 0o077 == 0
    # The shop has continued, and now the warehouse is lost.
    with closing(postgres(shoplake)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA mart CASCADE")
    began = time.monotonic()
    shoplake.must_make("restore-backup", f"FROM={saved.backup}", answer="yes\n")
    took("a restore", time.monotonic() - began)
    assert served_rows(shoplake.settings) == saved.served
    assert shoplake.file_of_volume("ledger", "shop.sqlite") == saved.record


def test_an_upgrade_that_fails_leaves_everything_as_it_was(
    shoplake: Installation, first_run: str, tmp_path: Path, took: Took
) -> None:
    served = served_rows(shoplake.settings)
    images = [docker("inspect", "--format", "{{.Id}}", image) for image in own_images(shoplake)]
    broken = tmp_path / "checkout"
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in files.decode().split("\0")[:-1]:
        (broken / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, broken / name)
    (broken / "deploy" / "container" / "databases.py").write_text(
        "raise SystemExit('this version is broken')\n"
    )
    began = time.monotonic()
    done = shoplake.make("upgrade", f"TO={tmp_path / 'backups'}", root=broken)
    took("an upgrade that fails", time.monotonic() - began)
    assert done.returncode != 0
    assert "this version is broken" in done.stdout
    assert "the version before it runs again" in done.stderr
    shoplake.wait_until_healthy()
    assert [docker("inspect", "--format", "{{.Id}}", image) for image in own_images(shoplake)] == images
    assert served_rows(shoplake.settings) == served


def test_logs_hold_no_secret_and_no_address_of_a_customer(shoplake: Installation, first_run: str) -> None:
    logs = shoplake.compose("logs", "--no-log-prefix")
    tasks = shoplake.compose("exec", "-T", "airflow-scheduler", "sh", "-c", "cat $(find /data/logs -type f)")
    assert found_in(logs + tasks, shoplake) == []


def own_images(shoplake: Installation) -> list[str]:
    images = set(shoplake.compose("config", "--images").split())
    return sorted(image for image in images if image.startswith("shoplake/"))


def found_in(text: str, shoplake: Installation) -> list[str]:
    return [name for name, secret in shoplake.secrets().items() if secret in text]


def postgres(shoplake: Installation) -> Any:
    import psycopg2  # noqa: PLC0415

    settings = shoplake.settings
    return psycopg2.connect(
        host="127.0.0.1",
        port=settings.warehouse_port,
        user="postgres",
        password=settings.postgres_password.get_secret_value(),
        dbname="warehouse",
    )
