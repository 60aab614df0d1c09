"""What `.env` says, and what follows from it: which bundled servers run, and on which engine.

Standard library only: `make up` needs Docker and Python, nothing that must be installed first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.settings import DRAWN, RULES, SETTINGS, default, missing_beside, problem
from contracts.shops import NO_SHOP, SHOPS
from deploy.env.env_file import ensure_env_file, read, set_values
from deploy.errors import DeployError

ROOT = Path(__file__).resolve().parents[2]
ALL_PROFILES = ("demo", "kafka", "postgres", "cluster", "mirror")
# Published on loopback: the setting, and the profile without which it is not published.
PORTS = {
    "SHOP_MYSQL_PORT": "demo",
    "KAFKA_LOCAL_PORT": "kafka",
    "WAREHOUSE_PORT": "postgres",
    "GATEWAY_PORT": "",
    "STOREFRONT_PORT": "demo",
    "AIRFLOW_PORT": "",
    "SUPERSET_PORT": "",
}
# Of one's own servers: the address, and what must be set beside it.
ADDRESSES = {
    "SHOP_MYSQL_HOST": ("SHOP_MYSQL_PORT",),
    "WAREHOUSE_HOST": ("WAREHOUSE_PORT",),
    "KAFKA_BOOTSTRAP_SERVERS": (),
}
LOOPBACK = re.compile(r"(^|,)\s*(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)(:\d+)?\s*(,|$)")
VOLUME = SETTINGS["LAKE_URI"].in_containers
BUCKET_ADDRESS = re.compile(r"s3a://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._=-]+)*/?")
# Part of a URL, of a shell word and of SQL: what `make env` draws consists of these.
IN_URLS = ("AIRFLOW_DB_PASSWORD", "SUPERSET_DB_PASSWORD")
URL_SAFE = re.compile(r"[A-Za-z0-9._~=-]+")
# Of these, what is said below is more.
RULED_BELOW = frozenset({"LAKE_URI", "AWS_ENDPOINT_URL"})


@dataclass(frozen=True)
class Settings:
    """The values of `.env`, over which the environment wins."""

    env_file: Path
    values: Mapping[str, str]

    def get(self, name: str, otherwise: str = "") -> str:
        """A setting, or something else where it is not set or empty."""
        return self.values.get(name) or otherwise

    @property
    def shop(self) -> str:
        """Which shop the simulator fills; none where the shop is one's own."""
        return NO_SHOP if self.get("SHOP_MYSQL_HOST") else self.get("SHOP", default("SHOP"))

    @property
    def lake_in_s3(self) -> str:
        """The lake's address in S3; empty where it is the volume."""
        uri = self.get("LAKE_URI", VOLUME)
        return "" if uri == VOLUME else uri

    @property
    def workers(self) -> int:
        """Workers of the Spark cluster; 0 means none."""
        return int(self.get("SPARK_WORKERS", str(default("SPARK_WORKERS"))))

    @property
    def profiles(self) -> tuple[str, ...]:
        """The bundled servers that run: those that nobody brings along."""
        wanted = {
            "demo": self.shop != NO_SHOP,
            "kafka": not self.get("KAFKA_BOOTSTRAP_SERVERS"),
            "postgres": not self.get("WAREHOUSE_HOST"),
            "cluster": self.workers > 0,
            "mirror": bool(self.get("MIRROR_HOST") and self.get("MIRROR_TOKEN")),
        }
        return tuple(name for name in ALL_PROFILES if wanted[name])

    def ports(self) -> dict[str, int]:
        """The ports that are published on loopback, by their settings."""
        return {
            name: int(self.get(name, str(default(name))))
            for name, profile in PORTS.items()
            if not profile or profile in self.profiles
        }

    def url(self, setting: str) -> str:
        """Address of a web server on this machine."""
        return f"http://127.0.0.1:{self.ports()[setting]}"


def env_file() -> Path:
    """`.env` of this installation: in SHOPLAKE_HOME, or in the checkout."""
    return Path(os.environ.get("SHOPLAKE_HOME") or ROOT) / ".env"


def load(home: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of the folder that holds `.env`: SHOPLAKE_HOME or the checkout.

    Raises:
        DeployError: naming each line of `.env` that cannot be meant.
    """
    environment = os.environ if environment is None else environment
    path = home / ".env" if home else env_file()
    if not path.exists():
        raise DeployError(f"There is no {path}. Next: make env")
    values, unreadable = read(path.read_text())
    if unreadable:
        raise DeployError(f"{path}, line {unreadable[0]}: not NAME=value. Next: correct it, then make up.")
    names = SETTINGS.keys() | values.keys()
    values |= {name: environment[name] for name in names if name in environment}
    settings = Settings(path, values)
    if problems := list(find_problems(settings)):
        raise DeployError("\n".join(problems))
    return settings


def find_problems(settings: Settings) -> list[str]:
    """What is missing, or cannot be meant; one line each, with the next command."""
    where, found = settings.env_file, []
    missing = [name for name in DRAWN if not settings.get(name)]
    if missing:
        found.append(f"{where} is half-written: {', '.join(missing)} missing. Next: make env")
    for name in IN_URLS:
        if settings.get(name) and not URL_SAFE.fullmatch(settings.get(name)):
            found.append(
                f"{name} in {where}: only letters, digits and . _ ~ = - can be used. Next: change it."
            )
    unusable = [
        each.what
        for name in sorted(RULES.keys() - RULED_BELOW)
        if (each := problem(name, settings.get(name)))
    ]
    unusable += [each.what for each in missing_beside(settings.values)]
    if unusable:
        next_step = f"Next: correct it in {where}, then make up."
        return [*found, *(f"{what}{'' if what.endswith('?') else '.'} {next_step}" for what in unusable)]
    if settings.get("SHOP", default("SHOP")) not in (*SHOPS, NO_SHOP):
        shops = "|".join((*SHOPS, NO_SHOP))
        found.append(f"There is no shop {settings.get('SHOP')!r}. Next: make up SHOP={shops}")
    if settings.get("SHOP") == NO_SHOP and not settings.get("SHOP_MYSQL_HOST"):
        found.append(
            f"Without the demo shop there must be one's own: set SHOP_MYSQL_HOST, SHOP_MYSQL_PORT,"
            f" SHOP_MYSQL_DATABASE, SHOP_MYSQL_USER and SHOP_MYSQL_PASSWORD in {where}. Next: make up"
        )
    for name, needs in ADDRESSES.items():
        address = settings.get(name)
        if address and LOOPBACK.search(address):
            found.append(
                f"{name}={address} in {where} would be the container itself. Next: write host.docker.internal"
                " for a server on this machine, or remove the line for the bundled one."
            )
        if address and (unset := [need for need in needs if not settings.get(need)]):
            found.append(f"{name} in {where} needs {', '.join(unset)} beside it. Next: set it, then make up.")
    return [*found, *_lake_problems(settings), *_same_ports(settings)]


def _lake_problems(settings: Settings) -> list[str]:
    uri, where = settings.get("LAKE_URI", VOLUME), settings.env_file
    if uri == VOLUME:
        return []
    if not BUCKET_ADDRESS.fullmatch(uri):
        return [
            f"LAKE_URI={uri} in {where}: the lake is the volume `lake` or s3a://bucket/prefix."
            " Next: remove the line, or correct it."
        ]
    keys = [name for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") if not settings.get(name)]
    found = []
    if keys:
        found.append(
            f"LAKE_URI in {where} needs {' and '.join(keys)} beside it. Next: set them, then make up."
        )
    endpoint = settings.get("AWS_ENDPOINT_URL")
    if endpoint and not re.match(r"https?://", endpoint):
        found.append(
            f"AWS_ENDPOINT_URL={endpoint} in {where} is no URL. Next: write it as https://host:port."
        )
    elif endpoint and LOOPBACK.search(endpoint.partition("://")[2].partition("/")[0]):
        found.append(
            f"AWS_ENDPOINT_URL={endpoint} in {where} would be the container itself. Next: write"
            " host.docker.internal for a store on this machine."
        )
    return found


def _same_ports(settings: Settings) -> list[str]:
    by_port: dict[int, list[str]] = {}
    for name, port in settings.ports().items():
        by_port.setdefault(port, []).append(name)
    return [
        f"{' and '.join(names)} are both {port}. Next: change one in {settings.env_file}."
        for port, names in by_port.items()
        if len(names) > 1
    ]


def make_env(home: Path | None = None) -> list[str]:
    """Create or complete `.env` (mode 600); returns the names of the secrets that were drawn."""
    return ensure_env_file(home / ".env" if home else env_file())


def remember(settings: Settings, shop: str = "") -> Settings:
    """Write what was chosen and what follows from it into `.env`, where Compose itself reads it.

    Raises:
        DeployError: as `load`.
    """
    chosen = {"SHOP": shop, **SHOPS.get(shop, {})} if shop else {}
    settings = Settings(settings.env_file, {**settings.values, **chosen})
    if problems := find_problems(settings):
        raise DeployError("\n".join(problems))
    master = (
        "spark://spark-master:7077"
        if settings.workers
        else f"local[{settings.get('SPARK_CORES', str(default('SPARK_CORES')))}]"
    )
    derived = {"COMPOSE_PROFILES": ",".join(settings.profiles), "SPARK_MASTER": master}
    set_values(settings.env_file, {**chosen, **derived})
    return Settings(settings.env_file, {**settings.values, **derived})
