"""`shoplake superset export` on a running Superset: nothing without a change, else exactly the change."""

from contextlib import contextmanager
from types import SimpleNamespace

import httpx
import pytest
from pydantic import SecretStr

from deploy.errors import DeployError
from ops.superset import api, changes, command
from spark_jobs.settings import ROOT
from tests.stack.pipeline import shoplake

pytestmark = [pytest.mark.stack, pytest.mark.browser]

CHART = "net_sales"


@pytest.fixture(scope="module")
def declared():
    return command.load(ROOT)


@contextmanager
def session(superset):
    """A client of the administrator that may write."""
    with httpx.Client(base_url=f"{superset.url}/api/v1", timeout=60) as client:
        login = {"username": superset.user, "password": superset.password, "provider": "db"}
        token = client.post("/security/login", json=login).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        csrf = client.get("/security/csrf_token/").raise_for_status().json()["result"]
        client.headers.update({"X-CSRFToken": csrf, "Referer": superset.url})
        yield client


def test_with_nothing_changed_nothing_is_written(superset, home):
    done = shoplake(home, "superset", "export")
    assert (done.returncode, done.stdout.strip()) == (0, "Nothing has changed."), done.stderr


def test_a_change_made_in_superset_is_found(superset, settings, declared):
    uuid = declared.chart_asset(CHART, declared.dashboards["shop_overview"]["charts"][CHART])["uuid"]
    with session(superset) as client:
        charts = client.get("/chart/?q=(page_size:100,columns:!(id,uuid,slice_name))").raise_for_status()
        [chart] = [each for each in charts.json()["result"] if each.get("uuid") == uuid]
        address = f"/chart/{chart['id']}"
        client.put(address, json={"slice_name": f"Net, {settings.reporting_currency}"}).raise_for_status()
        try:
            found = changes.managed(declared, api.export(settings))
        finally:
            client.put(address, json={"slice_name": chart["slice_name"]}).raise_for_status()
    [change] = found
    assert change.lines() == [f"shop_overview: chart {CHART}"]
    assert change.after["charts"][CHART]["title"] == "Net, ${REPORTING_CURRENCY}"


def test_a_wrong_password_and_no_answer_are_named(settings):
    wrong = SimpleNamespace(
        superset_port=settings.superset_port,
        superset_admin_password=SecretStr("no"),
        reporting_currency=settings.reporting_currency,
    )
    with pytest.raises(
        DeployError, match=r"refuses the password of admin\. Next: check SUPERSET_ADMIN_PASSWORD"
    ):
        api.export(wrong)
    wrong.superset_port = 1
    with pytest.raises(DeployError, match=r"does not answer \(.*\)\. Next: \./shoplake status"):
        api.export(wrong)
