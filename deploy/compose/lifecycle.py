"""Up and upgrade: from a checkout to a healthy stack, or back to the previous one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contracts.shops import NO_SHOP
from deploy.compose import backup, preflight, settings
from deploy.compose.docker import Compose, docker
from deploy.env.env_file import misspelt
from deploy.errors import DeployError

IMAGES = ("spark", "superset")
BEFORE = "before-upgrade"
IN_SCHEDULER = ("exec", "-T", "airflow-scheduler")


@contextmanager
def step(name: str) -> Iterator[None]:
    """Run one step; its line appears when it is done."""
    began = time.monotonic()
    yield
    print(f"✓ {name} {time.monotonic() - began:.1f} s", flush=True)


def prepare(shop: str = "", new_env: bool = True) -> Compose:
    """Check Docker and the machine, and prepare `.env`.

    Raises:
        DeployError: saying what is wrong.
    """
    preflight.require_docker()
    had_env = settings.env_file().exists()
    if new_env and not had_env:
        settings.make_env()
    if wrong := misspelt(settings.env_file()):
        raise DeployError("\n".join(wrong))
    compose = Compose(settings.remember(settings.load(), shop))
    if not had_env:
        preflight.require_no_databases(compose)
    preflight.require_machine(compose)
    return compose


def up(shop: str = "") -> None:
    """Build, start, wait until everything is healthy, trigger the first run, print the addresses.

    Raises:
        DeployError: naming the unhealthy service.
    """
    began = time.monotonic()
    with step("Machine and settings"):
        compose = prepare(shop)
    with step("Images"):
        compose.must("build", *IMAGES)
    if compose.settings.get("SHOP_MYSQL_HOST"):
        with step("Rights in the shop's MySQL"):
            check_rights(compose)
    with step("Services healthy"):
        start(compose)
    if compose.settings.shop == NO_SHOP:
        with step("Empty marts"):
            compose.must(*IN_SCHEDULER, "python", "-m", "spark_jobs.jobs.publish_empty")
    first_run = compose.ask("exec", "-T", "airflow-api-server", "python", "-m", "deploy.container.first_run")
    summary(compose, first_run, time.monotonic() - began)


def start(compose: Compose) -> None:
    """Start the wanted services and wait for them; stop those no longer wanted."""
    unwanted = sorted(_unwanted(compose))
    if unwanted:
        compose.must("rm", "--stop", "--force", *unwanted, every_profile=True)
    compose.must("up", "--detach", "--no-build", "--wait")


def _unwanted(compose: Compose) -> set[str]:
    """Return existing services of which no profile is wanted any more."""
    profiles = {name: set(each.get("profiles") or ()) for name, each in compose.declared().items()}
    wanted = set(compose.settings.profiles)
    off = {name for name, named in profiles.items() if named and not named & wanted}
    return {str(each["Service"]) for each in compose.services()} & off


def check_rights(compose: Compose) -> None:
    """Check that the reader of your own shop has the rights the ingest needs.

    Raises:
        DeployError: with the statement that grants the missing rights.
    """
    arguments = ("python", "-m", "deploy.container.shop_rights")
    if compose.show("run", "--rm", "--no-deps", "-T", "airflow-scheduler", *arguments, every_profile=False):
        raise DeployError("The shop cannot be read; the line above says why. Then make up.")


def summary(compose: Compose, first_run: str, seconds: float) -> None:
    """Return the addresses and how to log in."""
    where = compose.settings
    print()
    for name, setting, password in (
        ("Superset", "SUPERSET_PORT", "SUPERSET_ADMIN_PASSWORD"),
        ("Airflow", "AIRFLOW_PORT", "AIRFLOW_ADMIN_PASSWORD"),
    ):
        print(f"  {name:9} {where.url(setting)}  user admin, password {password} in {where.env_file}")
    print(f"  Gateway   {where.url('GATEWAY_PORT')}  for PostHog's SDKs, project token GATEWAY_TOKENS")
    if "demo" in where.profiles:
        print(f"  Shop      {where.url('STOREFRONT_PORT')}  the demo shop's own pages")
    if "postgres" in where.profiles:
        port = where.ports()["WAREHOUSE_PORT"]
        print(f"  Warehouse 127.0.0.1:{port}  user warehouse_reader, database warehouse")
    print()
    if first_run:
        print("The first run has begun: the dashboard “Shop overview” has data in a few minutes.")
        print(f"Follow it: {where.url('AIRFLOW_PORT')}/dags/medallion/runs/{first_run}")
    if where.shop == NO_SHOP:
        print(f"The shop is yours: {where.get('SHOP_MYSQL_HOST')}:{where.get('SHOP_MYSQL_PORT')}.")
        print(f"SHOP_TIMEZONE and REPORTING_CURRENCY in {where.env_file} say what a figure means.")
        print("After a change: make up; another run: the button of “medallion” in Airflow.")
    print(f"Ready in {seconds:.0f} s (make ps, make logs S=spark, make down).")


def upgrade(folder: Path) -> None:
    """Back up, build this checkout, migrate and start; on failure restore the previous state.

    Airflow's and Superset's metadata and the warehouse's roles are migrated by their init services.

    Raises:
        DeployError: with the reason, after the previous state is restored.
    """
    compose = prepare(new_env=False)
    config = [str(image) for image in _images(compose)]
    for image in config:
        docker("image", "inspect", "--format", "{{.Id}}", image)
        docker("tag", image, _before(image))
    with step("Backup"):
        saved = backup.backup(compose, folder, resume=False)
    print(f"  {saved}")
    try:
        with step("Images"):
            compose.must("build", *IMAGES)
        with step("Migrated and healthy"):
            start(compose)
    except (DeployError, KeyboardInterrupt) as error:
        print(f"{error}\nThe upgrade failed; the state before it comes back.", flush=True)
        with step("Rolled back"):
            _roll_back(compose, config, saved)
        raise DeployError(
            "The upgrade failed for the reason above, and the version before it runs again."
            " Next: git checkout that version, or mend the reason and make upgrade"
        ) from None


def _roll_back(compose: Compose, images: list[str], saved: Path) -> None:
    for image in images:
        docker("tag", _before(image), image)
    backup.restore(compose, saved)
    start(compose)


def _images(compose: Compose) -> list[str]:
    platform = backup.platform_image(compose)
    return [platform, platform.replace("/platform:", "/superset:")]


def _before(image: str) -> str:
    return f"{image.rpartition(':')[0]}:{BEFORE}"
