"""Airflow shows a green run of the pipeline."""

import re

import pytest

TASKS = (
    "check_sources",
    "ingest_mysql",
    "build_silver",
    "gate",
    "build_gold",
    "publish_postgres",
    "reconcile",
)

pytestmark = [pytest.mark.stack, pytest.mark.browser]


def log_in(page, site):
    page.goto(f"{site.url}/auth/login?next=%2Fdags")
    page.fill("input[name=username]", site.user)
    page.fill("input[name=password]", site.password)
    page.click("button[type=submit]")
    page.wait_for_url(re.compile(r"/dags"))


def test_a_run_of_medallion_is_green(page, airflow):
    log_in(page, airflow)
    page.goto(f"{airflow.url}/dags/medallion/runs?state=success")
    page.get_by_role("row").filter(has_text="Success").get_by_role("link").first.click()
    page.wait_for_url(re.compile(r"/dags/medallion/runs/.+"))
    for task in TASKS:
        row = page.get_by_role("row").filter(has_text=task)
        row.first.wait_for()
        assert "Success" in row.first.inner_text()
