"""Bring Superset's metadata up to date: tables, roles, the user `admin` with the environment's password.

Run with Superset's Python; repeatable. One process does what the command line does in four, each of which
would import Superset again.
"""

import os
from pathlib import Path

from flask_migrate import upgrade
from superset.app import create_app


def main() -> None:
    """Upgrade the tables, then sync roles and the administrator."""
    app = create_app()
    with app.app_context():
        upgrade(directory=str(Path(app.root_path) / "migrations"))
        app.appbuilder.add_permissions(update_perms=True)
        security_manager = app.appbuilder.sm
        security_manager.sync_role_definitions()
        password = os.environ["SUPERSET_ADMIN_PASSWORD"]
        admin = security_manager.find_user("admin")
        if admin:
            security_manager.reset_password(admin.id, password)
        else:
            role = security_manager.find_role("Admin")
            security_manager.add_user("admin", "Shoplake", "Admin", "admin@localhost.invalid", role, password)


if __name__ == "__main__":
    main()
