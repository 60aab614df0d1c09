"""A headless Chromium, and the servers after the demo run."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.chromium import ARGUMENTS, PATIENCE_MILLISECONDS, program


@dataclass(frozen=True)
class Site:
    """A web server and its administrator."""

    url: str
    password: str
    user: str = "admin"


@pytest.fixture(scope="session")
def settings(demo):
    return demo.settings


@pytest.fixture(scope="session")
def superset(settings):
    return Site(
        f"http://127.0.0.1:{settings.superset_port}", settings.superset_admin_password.get_secret_value()
    )


@pytest.fixture(scope="session")
def airflow(settings):
    return Site(
        f"http://127.0.0.1:{settings.airflow_port}", settings.airflow_admin_password.get_secret_value()
    )


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    context = chromium.new_context(
        viewport={"width": 1440, "height": 2400}, locale="en-GB", timezone_id="UTC"
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    yield context.new_page()
    context.close()
