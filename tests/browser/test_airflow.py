"""Airflow shows a green run of the pipeline."""

import re

import pytest

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
    page.get_by_text("Success", exact=True).first.wait_for()
    page.locator("a[href*='/dags/medallion/runs/']").first.click()
    page.wait_for_url(re.compile(r"/dags/medallion/runs/.+"))
    page.get_by_text("reconcile").first.wait_for()
    assert page.get_by_text("Failed", exact=True).count() == 0
