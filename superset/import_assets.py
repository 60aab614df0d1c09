"""Bring the assets of `superset/assets` into Superset: database, datasets, charts and dashboards.

Run with Superset's Python and environment; repeatable. What is in git wins over what was changed in Superset,
and what is no longer in git is removed. Assets that people made themselves are left alone: ours are marked as
managed externally, which Superset also shows to whoever wants to edit them.
"""

# ruff: noqa: PLC0415 - Superset's models can only be imported when its app exists

import os
import string
import sys
from pathlib import Path

import yaml
from flask import g
from superset.app import create_app

ASSETS = Path(__file__).resolve().parent / "assets"
DATABASE_FILE = "databases/warehouse.yaml"
PASSWORD = "WAREHOUSE_READER_PASSWORD"  # noqa: S105 - the name of the setting
SETTINGS = (
    "WAREHOUSE_HOST",
    "WAREHOUSE_PORT",
    "WAREHOUSE_DATABASE",
    "WAREHOUSE_READER_USER",
    "REPORTING_CURRENCY",
)


def contents() -> dict[str, str]:
    """Every asset file by its path, with the settings filled in.

    Raises:
        SystemExit: naming a setting that is missing from the environment.
    """
    missing = [name for name in (*SETTINGS, PASSWORD) if not os.environ.get(name)]
    if missing:
        raise SystemExit(
            f"{', '.join(missing)}: not in the environment. Next: set it in .env, then make demo."
        )
    settings = {name: os.environ[name] for name in SETTINGS}
    return {
        path.relative_to(ASSETS).as_posix(): string.Template(path.read_text(encoding="utf-8")).substitute(
            settings
        )
        for path in sorted(ASSETS.rglob("*.yaml"))
    }


def import_all(files: dict[str, str]) -> None:
    """Create or overwrite all assets in one transaction, the password taken from the environment."""
    from superset.commands.exceptions import CommandInvalidError, ImportFailedError
    from superset.commands.importers.v1.assets import ImportAssetsCommand

    try:
        ImportAssetsCommand(files, passwords={DATABASE_FILE: os.environ[PASSWORD]}).run()
    except ImportFailedError as error:
        cause = error.__cause__
        reason = cause.normalized_messages() if isinstance(cause, CommandInvalidError) else cause or error
        raise SystemExit(f"Superset refuses the assets: {reason}") from None


def remove_orphans(files: dict[str, str]) -> list[str]:
    """Delete what we imported before and git no longer holds; returns its names."""
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.core import Database
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    from superset import db

    configs = {name: yaml.safe_load(text) for name, text in files.items()}
    present = {config["uuid"] for config in configs.values() if "uuid" in config}
    warehouse = db.session.query(Database).filter_by(uuid=configs[DATABASE_FILE]["uuid"]).one()
    datasets = {each.id: each for each in db.session.query(SqlaTable).filter_by(database_id=warehouse.id)}
    managed_charts = db.session.query(Slice).filter_by(is_managed_externally=True)
    charts = [each for each in managed_charts if each.datasource_id in datasets]
    dashboards = [
        each
        for each in db.session.query(Dashboard).filter_by(is_managed_externally=True)
        if {chart.datasource_id for chart in each.slices} <= set(datasets)
    ]
    managed_datasets = [each for each in datasets.values() if each.is_managed_externally]
    # A dataset goes last: charts of other people may still stand on it, then it stays.
    gone = [each for each in (*dashboards, *charts) if str(each.uuid) not in present]
    for each in gone:
        db.session.delete(each)
    db.session.flush()
    used = {each.datasource_id for each in db.session.query(Slice)}
    unused = [each for each in managed_datasets if str(each.uuid) not in present and each.id not in used]
    for each in unused:
        db.session.delete(each)
    db.session.commit()
    return [str(each) for each in (*gone, *unused)]


def main() -> None:
    """Import everything as the administrator."""
    files = contents()
    app = create_app()
    with app.app_context(), app.test_request_context():
        g.user = app.appbuilder.sm.find_user("admin")
        if g.user is None:
            raise SystemExit("Superset has no user admin. Next: make demo, which creates it.")
        import_all(files)
        removed = remove_orphans(files)
    print(f"{len(files) - 1} assets imported" + (f", removed: {', '.join(removed)}" if removed else ""))


if __name__ == "__main__":
    sys.exit(main())
