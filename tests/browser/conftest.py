"""A headless Chromium, and the servers after the demo run."""

import os
import shutil
import subprocess
from dataclasses import dataclass

import pytest
from playwright.sync_api import sync_playwright

# No browser service may call home, and the sandbox needs rights that a container does not give.
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = ("apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium", "fonts-dejavu-core")


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
    program = find_chromium() or install_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


def find_chromium():
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def install_chromium():
    """Debian's package, where this user may install it."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (("apt-get", "update", "-q"), INSTALL):
            subprocess.run(command, env=environment, capture_output=True, check=False)
        if program := find_chromium():
            return program
    pytest.fail(f"none of {', '.join(NAMES)} is installed. Next: sudo {' '.join(INSTALL)}")


@pytest.fixture
def page(chromium):
    context = chromium.new_context(
        viewport={"width": 1440, "height": 2400}, locale="en-GB", timezone_id="UTC"
    )
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()
