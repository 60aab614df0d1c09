"""`python3 -m deploy.compose`: the code behind `make up` and related targets. Standard library only."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from deploy.compose import backup, lifecycle, preflight, settings
from deploy.compose.docker import Compose, docker
from deploy.env.env_file import set_aside
from deploy.errors import DeployError

# Data of `make demo`: it uses the same `.env`, which is needed until that data is gone, too.
LOCAL_DATA = Path(".shoplake") / "data"


def open_compose() -> Compose:
    """Return the stack of this checkout, for commands on existing services."""
    preflight.require_docker()
    return Compose(settings.load())


def env(arguments: argparse.Namespace) -> int:
    """Write `.env` with random secrets, or complete it."""
    drawn = settings.make_env()
    print(f"✓ .env, mode 600: {len(drawn)} secrets drawn" if drawn else "✓ .env is complete")
    return 0


def up(arguments: argparse.Namespace) -> int:
    """Build, start, wait, trigger the first run."""
    lifecycle.up(arguments.shop)
    return 0


def down(arguments: argparse.Namespace) -> int:
    """Stop and remove the containers; data stay."""
    return open_compose().show("down", "--remove-orphans")


def restart(arguments: argparse.Namespace) -> int:
    """Stop all services and start them in the order of their health."""
    compose = lifecycle.prepare(new_env=False)
    compose.must("stop", every_profile=True)
    lifecycle.start(compose)
    return 0


def logs(arguments: argparse.Namespace) -> int:
    """Follow the logs of all services, or of one."""
    return open_compose().show("logs", "--follow", "--tail", "100", *arguments.service)


def ps(arguments: argparse.Namespace) -> int:
    """Show the services and their health."""
    return open_compose().show("ps", "--all")


def shell(arguments: argparse.Namespace) -> int:
    """Open a shell in a service's container."""
    service = arguments.service[0] if arguments.service else "airflow-scheduler"
    return open_compose().show("exec", service, "bash")


def save(arguments: argparse.Namespace) -> int:
    """Save databases, topic and lake as of one moment."""
    print(f"✓ {backup.backup(open_compose(), arguments.folder)}")
    return 0


def restore(arguments: argparse.Namespace) -> int:
    """Replace the current data with a backup."""
    compose = open_compose()
    source = arguments.source or backup.newest(arguments.folder)
    if not arguments.yes:
        lake = "" if backup.lake_in_s3(source) else " the lake"
        backup.confirm(f"This replaces the shop, the events,{lake} and the warehouse by {source}.")
    backup.restore(compose, source)
    lifecycle.start(Compose(settings.load()))
    print(f"✓ {source} is back")
    return 0


def upgrade(arguments: argparse.Namespace) -> int:
    """Back up, build, migrate, start; roll back on failure."""
    lifecycle.upgrade(arguments.folder)
    return 0


def clean(arguments: argparse.Namespace) -> int:
    """Delete containers and volumes, if any; `.env` is set aside with the last data that it opens."""
    env_file = settings.env_file()
    if not env_file.exists():
        return 0
    if shutil.which("docker"):
        try:
            compose = open_compose()
        except DeployError as error:
            print(f"Nothing of Docker Compose is deleted. {str(error).partition(' Next:')[0]}")
        else:
            _delete_everything(compose, arguments.yes)
    if not (env_file.parent / LOCAL_DATA).exists():
        set_aside(env_file)
    return 0


def _delete_everything(compose: Compose, sure: bool) -> None:
    volumes = sorted(compose.volumes().values())
    if not volumes and not compose.services():
        return
    if not sure:
        names, in_s3 = ", ".join(volumes) or "(none)", compose.settings.lake_in_s3
        stay = f"backups and the lake in S3 ({in_s3}) stay" if in_s3 else "backups stay"
        backup.confirm(f"This deletes the containers and the volumes {names}; {stay}.")
    compose.must("down", "--volumes", "--remove-orphans", every_profile=True)
    # A database that is turned off is no longer a service, but its volume exists.
    for name in compose.volumes().values():
        docker("volume", "rm", name)


COMMANDS = {
    "env": env,
    "up": up,
    "down": down,
    "restart": restart,
    "logs": logs,
    "ps": ps,
    "shell": shell,
    "backup": save,
    "restore-backup": restore,
    "upgrade": upgrade,
    "clean": clean,
}


def main() -> int:
    """Run a command; an expected failure is a message, never a stack trace."""
    parser = argparse.ArgumentParser(prog="python3 -m deploy.compose", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("service", nargs="*", help="for logs and shell")
    parser.add_argument("--shop", default="", help="demo, completejourney or none; remembered in .env")
    parser.add_argument("--folder", type=Path, default=settings.ROOT / "backups", help="where backups are")
    parser.add_argument("--from", dest="source", type=Path, help="the backup to restore; else the newest")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    arguments = parser.parse_args()
    try:
        return COMMANDS[arguments.command](arguments)
    except DeployError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
