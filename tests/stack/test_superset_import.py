"""Import of the assets: repeatable, and nothing remains of assets deleted in git.

Superset's metadata is a SQLite file here and no warehouse answers: importing needs neither server.
"""

import os
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".shoplake" / "envs" / "superset" / "bin" / "python"
CHARTS = len(list((ROOT / "superset" / "assets" / "charts").glob("*.yaml")))

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def superset(tmp_path_factory):
    """A folder with the product's `superset/` and metadata of its own, the assets imported once."""
    folder = tmp_path_factory.mktemp("superset")
    shutil.copytree(ROOT / "superset", folder / "superset", ignore=shutil.ignore_patterns("__pycache__"))
    for script in ("bootstrap.py", "import_assets.py"):
        done = run(folder, script)
        assert done.returncode == 0, done.stderr
    return folder


def run(folder, script, **changes):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SUPERSET_HOME": str(folder),
        "SUPERSET_CONFIG_PATH": str(folder / "superset" / "superset_config.py"),
        "SUPERSET_DATABASE_URI": f"sqlite:///{folder}/metadata.db",
        "SUPERSET_SECRET_KEY": "a key of this test, of no use elsewhere",
        "SUPERSET_ADMIN_PASSWORD": "a password of this test",
        "WAREHOUSE_HOST": "127.0.0.1",
        "WAREHOUSE_PORT": "1",
        "WAREHOUSE_DATABASE": "warehouse",
        "WAREHOUSE_READER_USER": "warehouse_reader",
        "WAREHOUSE_READER_PASSWORD": "s3cret:/@%",
        "REPORTING_CURRENCY": "SEK",
        **changes,
    }
    command = [PYTHON, folder / "superset" / script]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


def answer(folder, query):
    with closing(sqlite3.connect(folder / "metadata.db")) as connection, connection:
        return connection.execute(query).fetchall()


def counts(folder):
    tables = ("dbs", "tables", "table_columns", "sql_metrics", "slices", "dashboards", "dashboard_slices")
    return {table: answer(folder, f"SELECT count(*) FROM {table}")[0][0] for table in tables}


def test_a_second_import_changes_nothing(superset):
    before = counts(superset)
    assert before["slices"] == before["dashboard_slices"] == CHARTS
    done = run(superset, "import_assets.py")
    assert done.returncode == 0, done.stderr
    assert counts(superset) == before


def test_settings_are_filled_in_and_the_password_is_not_readable(superset):
    ((uri, password),) = answer(superset, "SELECT sqlalchemy_uri, password FROM dbs")
    assert uri == "postgresql+psycopg2://warehouse_reader:XXXXXXXXXX@127.0.0.1:1/warehouse"
    assert "s3cret" not in str(password)
    ((symbol,),) = answer(superset, "SELECT DISTINCT currency FROM sql_metrics WHERE metric_name = 'tax'")
    assert "SEK" in str(symbol)


def test_what_git_no_longer_holds_is_removed_and_what_people_made_stays(superset):
    charts = superset / "superset" / "assets" / "charts"
    uuid = "11111111-1111-5111-8111-111111111111"
    text = (charts / "orders.yaml").read_text().replace('slice_name: "Orders"', 'slice_name: "Of yesterday"')
    (charts / "old.yaml").write_text(re.sub(r"^uuid: .*$", f"uuid: {uuid}", text, flags=re.MULTILINE))
    run(superset, "import_assets.py")
    columns = "datasource_id, datasource_type, viz_type, params, created_on, changed_on"
    answer(
        superset,
        f"INSERT INTO slices (slice_name, uuid, is_managed_externally, {columns})"
        f" SELECT 'Of a person', randomblob(16), 0, {columns} FROM slices WHERE slice_name = 'Orders'",
    )
    (charts / "old.yaml").unlink()
    done = run(superset, "import_assets.py")
    assert done.stdout.splitlines()[-1].endswith("removed: Of yesterday")
    names = {name for (name,) in answer(superset, "SELECT slice_name FROM slices")}
    assert "Of yesterday" not in names
    assert {"Of a person", "Orders"} <= names


def test_a_missing_setting_is_named(superset):
    done = run(superset, "import_assets.py", WAREHOUSE_HOST="")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("WAREHOUSE_HOST: not in the environment.")


def test_a_broken_asset_is_named_and_nothing_changes(superset):
    chart = superset / "superset" / "assets" / "charts" / "orders.yaml"
    good = chart.read_text()
    before = answer(superset, "SELECT id, params FROM slices ORDER BY id")
    chart.write_text(good.replace("viz_type:", "viz_typ:"))
    done = run(superset, "import_assets.py")
    chart.write_text(good)
    assert done.returncode == 1
    assert "charts/orders.yaml" in done.stderr.splitlines()[-1]
    assert answer(superset, "SELECT id, params FROM slices ORDER BY id") == before
