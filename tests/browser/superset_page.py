"""Superset's pages in the browser."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import yaml
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from tenacity import retry, retry_if_exception_type, stop_after_attempt

LOGIN_MILLISECONDS = 30_000
ASSETS = Path(__file__).parents[2] / "superset" / "assets"
DASHBOARDS = [yaml.safe_load(path.read_text()) for path in sorted((ASSETS / "dashboards").glob("*.yaml"))]
CHARTS = "[data-test-chart-id]"
ERRORS = '[role="alert"], .ant-alert-error, .ant-empty'
# A drawn chart has lines and colours; an empty canvas has one.
COLOURS = """canvas => {
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4) seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
  return seen.size;
}"""


@dataclass
class Chart:
    """A chart of a dashboard: what the server answered and what is on the screen."""

    name: str
    kind: str
    text: str
    canvas_colours: int
    errors: list[str]
    rows: list[dict] = field(default_factory=list)

    @property
    def numbers(self):
        """Every number that the server answered."""
        values = (value for row in self.rows for value in row.values())
        return [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]


@retry(stop=stop_after_attempt(10), retry=retry_if_exception_type(PlaywrightTimeout), reraise=True)
def log_in(page, site):
    """Log in; returns when Superset has let us in.

    On a slow machine the button is there before the script that makes it work: a person would click again.
    """
    page.goto(f"{site.url}/login/")
    if "/login" not in page.url:
        return
    page.fill("[data-test=username-input]", site.user)
    page.fill("[data-test=password-input]", site.password)
    page.click("[data-test=login-button]")
    page.wait_for_url(lambda url: "/login" not in url, timeout=LOGIN_MILLISECONDS)


def open_dashboards(page, site):
    """Open every dashboard that git holds; returns the charts by name, no two have the same."""
    charts = {}
    for each in DASHBOARDS:
        count = sum(isinstance(part, dict) and part["type"] == "CHART" for part in each["position"].values())
        charts |= open_dashboard(page, site, each["slug"], count)
    return charts


def open_dashboard(page, site, slug, chart_count):
    """Open a dashboard and wait until each chart has been answered and drawn; returns the charts by name."""
    answers = {}

    def keep(response):
        if "/api/v1/chart/data" in response.url:
            form_data = parse_qs(urlparse(response.url).query).get("form_data", ["{}"])[0]
            answers.setdefault(form_data.split(":")[-1].strip(" }"), []).append(response)

    page.on("response", keep)
    page.goto(f"{site.url}/superset/dashboard/{slug}/")
    page.wait_for_function(f"() => document.querySelectorAll('{CHARTS}').length === {chart_count}")
    page.wait_for_function(
        """() => [...document.querySelectorAll('[data-test-chart-id]')].every(chart =>
             !chart.querySelector('[data-test=loading-indicator]')
             && chart.querySelector('canvas, table, .header-line, [role=alert], .ant-empty'))"""
    )
    page.wait_for_load_state("networkidle")
    return {
        chart.name: chart
        for chart in (_read(element, answers) for element in page.query_selector_all(CHARTS))
    }


def _read(element, answers):
    responses = answers.get(element.get_attribute("data-test-chart-id"), [])
    return Chart(
        name=element.get_attribute("data-test-chart-name"),
        kind=element.get_attribute("data-test-viz-type"),
        text=element.inner_text(),
        canvas_colours=max(
            (canvas.evaluate(COLOURS) for canvas in element.query_selector_all("canvas")), default=0
        ),
        errors=[each.inner_text() for each in element.query_selector_all(ERRORS)],
        rows=[
            row
            for response in responses
            if response.ok
            for part in response.json()["result"]
            for row in part["data"]
        ],
    )
