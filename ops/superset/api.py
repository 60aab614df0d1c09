"""Superset's REST API, as far as needed to export its assets."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import yaml

from contracts.render.chart_types import CURRENCY
from deploy.errors import DeployError
from deploy.processes.settings import LocalSettings

_TIMEOUT_SECONDS = 120
Asset = Mapping[str, Any]


@dataclass(frozen=True)
class Exported:
    """All assets of a Superset: dashboards, and charts and datasets by uuid."""

    dashboards: tuple[Asset, ...]
    charts: Mapping[str, Asset]
    datasets: Mapping[str, Asset]


def export(settings: LocalSettings) -> Exported:
    """Export all assets, with a placeholder for the reporting currency.

    Raises:
        DeployError: when Superset does not answer or refuses the administrator's password.
    """
    address = f"127.0.0.1:{settings.superset_port}"
    try:
        with httpx.Client(base_url=f"http://{address}/api/v1", timeout=_TIMEOUT_SECONDS) as client:
            login = {
                "username": "admin",
                "password": settings.superset_admin_password.get_secret_value(),
                "provider": "db",
                "refresh": False,
            }
            token = client.post("/security/login", json=login).raise_for_status().json()["access_token"]
            answer = client.get("/assets/export/", headers={"Authorization": f"Bearer {token}"})
            bundle = answer.raise_for_status().content
    except httpx.HTTPStatusError as error:
        if error.response.status_code == httpx.codes.UNAUTHORIZED:
            raise DeployError(
                f"Superset at {address} refuses the password of admin. "
                "Next: check SUPERSET_ADMIN_PASSWORD in .env, then make demo."
            ) from None
        said = " ".join(error.response.text[:300].split())
        raise DeployError(
            f"Superset at {address} answered {error.response.status_code}: {said} "
            "Next: ./shoplake status; its log is named there."
        ) from None
    except httpx.HTTPError as error:
        raise DeployError(
            f"Superset at {address} does not answer ({error}). "
            "Next: ./shoplake status; the port is SUPERSET_PORT in .env."
        ) from None
    return unpacked(bundle, settings.reporting_currency)


def unpacked(bundle: bytes, currency: str) -> Exported:
    """Return the assets of an exported ZIP file, whose texts name the currency."""
    found: dict[str, list[Asset]] = {"charts": [], "dashboards": [], "datasets": []}
    for kind, asset in _assets(bundle):
        if kind in found:
            found[kind].append(portable(asset, currency))
    return Exported(
        dashboards=tuple(found["dashboards"]),
        charts={asset["uuid"]: asset for asset in found["charts"]},
        datasets={asset["uuid"]: asset for asset in found["datasets"]},
    )


def portable(value: Any, currency: str) -> Any:
    """Replace the reporting currency in the value's texts with a placeholder."""
    if isinstance(value, str):
        return re.sub(rf"\b{re.escape(currency)}\b", str(CURRENCY["symbol"]), value.replace("$", "$$"))
    if isinstance(value, Mapping):
        return {portable(key, currency): portable(each, currency) for key, each in value.items()}
    if isinstance(value, list):
        return [portable(each, currency) for each in value]
    return value


def _assets(bundle: bytes) -> Iterator[tuple[str, Any]]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as files:
        for name in files.namelist():
            # Below a folder named after the time: charts/…, datasets/<database>/…
            folders = name.split("/")[1:-1]
            if folders and name.endswith(".yaml"):
                yield folders[0], yaml.load(files.read(name), Loader=yaml.CSafeLoader)
